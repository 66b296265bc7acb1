#include <algorithm>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/base/error.h"
#include "engine/weights/float_conversion.h"
#include "engine/weights/printable.h"
#include "engine/weights/replacement_file.h"
#include "engine/weights/safetensors.h"

namespace mobileclip {
namespace {

std::size_t byte_count(const TensorToWrite& tensor) {
  return static_cast<std::size_t>(element_count(tensor.shape)) * size_in_bytes(tensor.dtype);
}

std::uint64_t byte_count(const std::vector<TensorToWrite>& tensors) {
  std::uint64_t total = 0;
  for (const TensorToWrite& tensor : tensors) total += byte_count(tensor);
  return total;
}

std::vector<std::uint16_t> narrowed(std::span<const float> values, const TensorToWrite& tensor) {
  const bool is_f16 = tensor.dtype == DType::kF16;
  std::vector<std::uint16_t> narrow(values.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    narrow[i] = is_f16 ? f32_to_f16(values[i]) : f32_to_bf16(values[i]);
    const std::uint16_t infinity = is_f16 ? 0x7C00 : 0x7F80;
    if ((narrow[i] & infinity) == infinity && std::isfinite(values[i])) {
      throw LoadError("tensor " + printable(tensor.name) + ": expected values that " +
                      std::string(to_string(tensor.dtype)) + " can hold, found " + std::to_string(values[i]) +
                      " at element " + std::to_string(i));
    }
  }
  return narrow;
}

void write_tensor(ReplacementFile& out, const TensorToWrite& tensor) {
  if (tensor.dtype == DType::kI64) {
    const std::vector<std::byte> zeros(byte_count(tensor));
    return out.write(zeros);
  }
  if (tensor.dtype == DType::kU32) {
    std::vector<std::uint32_t> words(static_cast<std::size_t>(element_count(tensor.shape)));
    tensor.fill_words(words);
    return out.write(std::as_bytes(std::span(words)));
  }
  std::vector<float> values(static_cast<std::size_t>(element_count(tensor.shape)));
  tensor.fill(values);
  if (tensor.dtype == DType::kF32) return out.write(std::as_bytes(std::span(values)));
  const auto narrow = narrowed(values, tensor);
  out.write(std::as_bytes(std::span(narrow)));
}

}  // namespace

std::string safetensors_header(const std::vector<TensorToWrite>& tensors,
                               const std::map<std::string, std::string>& metadata) {
  nlohmann::ordered_json header = nlohmann::ordered_json::object();
  if (!metadata.empty()) header["__metadata__"] = metadata;
  std::size_t at = 0;  // members in the order that the reference's Python twin writes
  for (const TensorToWrite& tensor : tensors) {
    const std::size_t end = at + byte_count(tensor);
    header[tensor.name] = {{"dtype", to_string(tensor.dtype)}, {"shape", tensor.shape}, {"data_offsets", {at, end}}};
    at = end;
  }
  std::string json = header.dump();
  json.append((8 - json.size() % 8) % 8, ' ');
  const std::uint64_t length = json.size();
  std::string text(sizeof length, '\0');
  std::memcpy(text.data(), &length, sizeof length);
  return text + json;
}

std::uint64_t safetensors_bytes(std::vector<TensorToWrite> tensors,
                                const std::map<std::string, std::string>& metadata) {
  std::ranges::sort(tensors, {}, &TensorToWrite::name);
  return safetensors_header(tensors, metadata).size() + byte_count(tensors);
}

void write_safetensors(const std::filesystem::path& file, std::vector<TensorToWrite> tensors,
                       const std::map<std::string, std::string>& metadata, const Progress& progress) {
  std::ranges::sort(tensors, {}, &TensorToWrite::name);
  const std::uint64_t total = byte_count(tensors);
  ReplacementFile out(file);
  const std::string header = safetensors_header(tensors, metadata);
  out.write(std::as_bytes(std::span(header)));
  const std::string what = "writing " + file.filename().string();
  std::uint64_t done = 0;
  for (const TensorToWrite& tensor : tensors) {
    write_tensor(out, tensor);
    done += byte_count(tensor);
    if (progress) progress(what, done, total);
  }
  out.commit();
}

}  // namespace mobileclip
