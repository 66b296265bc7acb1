#include "server/cli/weights_options.h"

#include <string>

#include "server/cli/choice_option.h"

namespace mobileclip::server {

void add_dtype_option(CLI::App& command, DType& dtype) {
  add_choice_option(command, "--dtype", "Type of the weights written", dtype,
                    {{"f32", DType::kF32}, {"f16", DType::kF16}, {"bf16", DType::kBF16}});
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
