// What converting a model would make of it, told from its configuration and its files' headers: no value is read.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/models/weights_form.h"

namespace mobileclip {

struct ConversionOutline {
  /// A weights file that is written anew.
  struct File {
    TensorTable table;
    bool may_be_quantized;  ///< takes a quantised form; else its dtype alone
  };

  std::filesystem::path source;
  std::string model;                        ///< as ConvertReport's
  std::string source_layout;                ///< as ConvertReport's
  bool embeds_images;                       ///< else texts only
  std::optional<std::string> quantized_as;  ///< where some matrix of the source is quantised: which, and how
  std::optional<std::string> synthetic;
  std::vector<File> files;
  std::uint64_t copied_bytes = 0;  ///< of weights that come along as they are
};

/// Throws LoadError as loading does, but for what values and vocabularies may have amiss.
ConversionOutline outline_conversion(const std::filesystem::path& source);

/// How many matrices `format` quantises.
std::size_t quantizable_matrices(const ConversionOutline& outline, const AffineFormat& format);

/// Throws LoadError where the form quantises what already is quantised, or no matrix at all.
void check_can_take(const ConversionOutline& outline, const WeightsForm& form);

/// Exactly the bytes of all weights files in that form.
std::uint64_t converted_bytes(const ConversionOutline& outline, const WeightsForm& form);

}  // namespace mobileclip
