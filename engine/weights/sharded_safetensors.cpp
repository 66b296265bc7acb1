#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <utility>

#include "engine/base/error.h"
#include "engine/weights/printable.h"
#include "engine/weights/safetensors.h"
#include "engine/weights/safetensors_header.h"

namespace mobileclip {
namespace {

using Json = nlohmann::json;

[[noreturn]] void fail(const std::filesystem::path& file, const std::string& what) {
  throw LoadError(file.string() + ": " + what);
}

/// Shard's file name → names of its tensors.
std::map<std::string, std::set<std::string>> read_weight_map(const std::filesystem::path& index) {
  std::error_code ignored;
  if (std::filesystem::file_size(index, ignored) > kMaxSafetensorsHeader && !ignored) {
    fail(index, "expected an index of at most " + std::to_string(kMaxSafetensorsHeader) + " bytes");
  }
  std::ifstream stream(index);
  if (!stream) fail(index, "cannot be opened");
  Json document;
  try {
    document = Json::parse(stream);
  } catch (const Json::exception& error) {
    fail(index, std::string("bad JSON: ") + error.what());
  }
  if (!document.is_object() || !document.contains("weight_map") || !document["weight_map"].is_object()) {
    fail(index, "expected an object with a member weight_map, an object");
  }
  std::map<std::string, std::set<std::string>> shards;
  for (const auto& [name, shard] : document["weight_map"].items()) {
    if (!shard.is_string()) {
      fail(index, "tensor " + printable(name) + ": expected a file's name, found " + shard.type_name());
    }
    const auto& file = shard.get_ref<const std::string&>();
    // Anything with a folder in it could name a file that has nothing to do with the model.
    if (file.empty() || file == "." || file == ".." || file.find_first_of(std::string("/\\\0", 3)) != file.npos) {
      fail(index,
           "tensor " + printable(name) + ": expected the name of a file beside the index, found " + printable(file));
    }
    shards[file].insert(name);
  }
  return shards;
}

}  // namespace

TensorStore read_sharded_safetensors(const std::filesystem::path& index) {
  std::vector<StoredTensor> tensors;
  TensorStore::Backings backing;
  for (const auto& [file, names] : read_weight_map(index)) {
    const TensorStore shard = read_safetensors(index.parent_path() / file);
    for (const std::string& name : names) {
      if (!shard.find(name)) fail(index, "tensor " + printable(name) + ": expected in " + file + ", which has none");
    }
    for (const StoredTensor& tensor : shard.tensors()) {
      if (!names.contains(tensor.name)) {
        fail(index, "tensor " + printable(tensor.name) + " of " + file + " is not in the index's weight_map for it");
      }
      tensors.push_back(tensor);
    }
    backing.insert(backing.end(), shard.backing().begin(), shard.backing().end());
  }
  return TensorStore(std::move(tensors), std::move(backing));
}

}  // namespace mobileclip
