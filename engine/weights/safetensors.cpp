#include "engine/weights/safetensors.h"

#include <memory>
#include <utility>

#include "engine/base/error.h"
#include "engine/weights/mapped_file.h"
#include "engine/weights/safetensors_header.h"

namespace mobileclip {
namespace {

SafetensorsHeader header_of(const MappedFile& mapping, const std::filesystem::path& file) {
  const auto damaged = [&] {
    return LoadError(file.string() + ": expected " + std::to_string(mapping.bytes().size()) +
                     " bytes, found the file truncated while it was read");
  };
  try {
    SafetensorsHeader header = parse_safetensors_header(mapping.bytes(), file.string());
    if (mapping.damaged()) throw damaged();
    return header;
  } catch (const LoadError&) {
    if (mapping.damaged()) throw damaged();  // the cause of whatever the parser found
    throw;
  }
}

}  // namespace

TensorStore read_safetensors(const std::filesystem::path& file) {
  auto mapping = std::make_shared<const MappedFile>(file);
  SafetensorsHeader header = header_of(*mapping, file);
  const auto data = mapping->bytes().subspan(header.data_begin);
  std::vector<StoredTensor> tensors;
  tensors.reserve(header.tensors.size());
  for (SafetensorsHeader::Tensor& tensor : header.tensors) {
    tensors.push_back({.name = std::move(tensor.name),
                       .dtype = tensor.dtype,
                       .shape = std::move(tensor.shape),
                       .bytes = data.subspan(tensor.begin, tensor.end - tensor.begin),
                       .file = file.string()});
  }
  return TensorStore(std::move(tensors), {std::move(mapping)});
}

std::map<std::string, std::string> read_safetensors_metadata(const std::filesystem::path& file) {
  return header_of(MappedFile(file), file).metadata;
}

}  // namespace mobileclip
