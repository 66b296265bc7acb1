// How far embeddings are from those they should be.
#pragma once

#include <span>
#include <string>
#include <vector>

namespace mobileclip::server {

/// ‖found - expected‖ / ‖expected‖; infinite for vectors of other lengths.
double relative_error(std::span<const float> found, std::span<const float> expected);
/// -1 for vectors of different lengths.
double cosine(std::span<const float> a, std::span<const float> b);
/// The largest relative error of a row; infinite where one is not a number.
double worst_error(const std::vector<std::vector<float>>& found, const std::vector<std::vector<float>>& expected);

/// With so many significant digits.
std::string with_digits(double value, int digits);

}  // namespace mobileclip::server
