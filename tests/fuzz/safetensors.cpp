// A safetensors file: what parses has its tensors inside the file, one behind the other, of the sizes they declare.
#include "engine/weights/safetensors.h"

#include <cmath>

#include "engine/base/error.h"
#include "engine/weights/safetensors_header.h"
#include "tests/fuzz/check.h"
#include "tests/fuzz/memory_file.h"

namespace mobileclip {
namespace {

void check_header(const SafetensorsHeader& header, std::size_t file_bytes) {
  CHECK(header.data_begin >= 8 && header.data_begin <= file_bytes);
  std::uint64_t at = 0;
  for (const auto& tensor : header.tensors) {
    CHECK(tensor.begin == at && tensor.end >= tensor.begin);
    CHECK(tensor.shape.size() <= kMaxRank);
    for (const std::int64_t extent : tensor.shape) CHECK(extent >= 0);
    CHECK(static_cast<std::uint64_t>(element_count(tensor.shape)) * size_in_bytes(tensor.dtype) ==
          tensor.end - tensor.begin);
    at = tensor.end;
  }
  CHECK(header.data_begin + at == file_bytes);
}

void check_values(const TensorStore& store, const StoredTensor& tensor) {
  CHECK(store.find(tensor.name) == &tensor);
  try {
    const FloatTensor floats = store.floats(tensor);
    CHECK(floats.values.size() == static_cast<std::size_t>(element_count(tensor.shape)));
    for (const float value : floats.values) CHECK(std::isfinite(value));
  } catch (const LoadError& error) {  // integers, values that are not finite
    CHECK(std::string_view(error.what()).size() > 0);
  }
}

void check_file(std::string_view bytes, std::size_t tensors) {
  const fuzz::MemoryFile file(bytes);
  const TensorStore store = read_safetensors(file.path());
  CHECK(store.tensors().size() == tensors && !store.damaged());
  for (const StoredTensor& tensor : store.tensors()) check_values(store, tensor);
}

}  // namespace
}  // namespace mobileclip

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mobileclip;
  try {
    const SafetensorsHeader header = parse_safetensors_header(std::as_bytes(std::span(data, size)), "input");
    check_header(header, size);
    check_file(fuzz::text_of(data, size), header.tensors.size());
  } catch (const LoadError& error) {
    CHECK(std::string_view(error.what()).starts_with("input: "));
  }
  return 0;
}
