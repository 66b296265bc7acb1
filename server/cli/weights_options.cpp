#include "server/cli/weights_options.h"

#include <CLI/CLI.hpp>
#include <string>

namespace mobileclip::server {

void add_dtype_option(CLI::App& command, DType& dtype) {
  command
      .add_option_function<std::string>(
          "--dtype",
          [&dtype](const std::string& word) {
            dtype = word == "f16" ? DType::kF16 : word == "bf16" ? DType::kBF16 : DType::kF32;
          },
          "Type of the weights written")
      ->type_name("f32|f16|bf16")
      ->default_str("f32")
      ->check(CLI::IsMember({"f32", "f16", "bf16"}).description(""));
}

std::string with_thousands(std::uint64_t value) {
  const std::string digits = std::to_string(value);
  std::string grouped;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    if (i > 0 && (digits.size() - i) % 3 == 0) grouped += ',';
    grouped += digits[i];
  }
  return grouped;
}

}  // namespace mobileclip::server
