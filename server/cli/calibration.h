// How near a quantised model comes to the one in full precision, on texts or images that the user gives.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "engine/base/progress.h"

namespace mobileclip::server {

struct CalibrationInputs {
  std::vector<std::string> texts;
  std::vector<std::filesystem::path> images;  ///< instead of texts
  [[nodiscard]] std::size_t size() const { return texts.size() + images.size(); }
};

/// Of a file, its lines, each a text, empty ones left out; of a directory, its files, in the order of their names, each
/// an image. Not more than 2,000. Throws std::runtime_error where there is neither or there are fewer than two.
CalibrationInputs read_calibration_inputs(const std::filesystem::path& path);

struct Agreement {
  double least_cosine;
  double mean_cosine;
  std::size_t same_neighbour;  ///< inputs whose nearest neighbour among the others is the same
};

/// Rows of unit length, two or more, input by input.
Agreement agreement(std::span<const std::vector<float>> full, std::span<const std::vector<float>> quantized);

/// Embeds the inputs with both models, one after the other. Throws LoadError, or std::runtime_error for an input that
/// cannot be embedded.
Agreement calibrate(const CalibrationInputs& inputs, const std::filesystem::path& full,
                    const std::filesystem::path& quantized, const Progress& progress);

}  // namespace mobileclip::server
