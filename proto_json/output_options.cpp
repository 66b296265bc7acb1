#include "proto_json/output_options.h"

#include <string>
#include <utility>

namespace mobileclip::proto {
namespace {

constexpr std::size_t kMaxQuoted = 64;  // of a client's word in a message

template <typename Value, std::size_t n>
std::optional<Error> choose(Value& out, std::string_view name, std::string_view word,
                            const std::pair<std::string_view, Value> (&choices)[n]) {
  std::string known;
  for (const auto& [choice, value] : choices) {
    if (choice == word) {
      out = value;
      return std::nullopt;
    }
    known += (known.empty() ? "\"" : ", \"") + std::string(choice) + "\"";
  }
  return Error{ErrorCode::kInvalidArgument, "\"" + std::string(name) + "\": expected one of " + known + ", found \"" +
                                                std::string(word.substr(0, kMaxQuoted)) + "\""};
}

}  // namespace

std::optional<Error> set_output_option(OutputOptions& options, std::string_view name, std::string_view word) {
  using Float = std::pair<std::string_view, FloatType>;
  using Quantize = std::pair<std::string_view, Quantization>;
  using Flag = std::pair<std::string_view, bool>;
  if (name == "dtype")
    return choose(options.dtype, name, word, {Float{"f32", FloatType::kF32}, {"f16", FloatType::kF16}});
  if (name == "quantize") {
    return choose(
        options.quantize, name, word,
        {Quantize{"none", Quantization::kNone}, {"int8", Quantization::kInt8}, {"binary", Quantization::kBinary}});
  }
  return choose(options.base64, name, word, {Flag{"float", false}, {"base64", true}});
}

std::optional<Error> check_output_options(const OutputOptions& options) {
  if (options.quantize == Quantization::kNone || options.dtype == FloatType::kF32) return std::nullopt;
  return Error{ErrorCode::kInvalidArgument,
               "\"dtype\" is of embeddings that are not quantized: leave it out, or \"quantize\""};
}

}  // namespace mobileclip::proto
