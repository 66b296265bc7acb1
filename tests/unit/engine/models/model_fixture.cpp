#include "tests/unit/engine/models/model_fixture.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "engine/base/error.h"

namespace mobileclip::testing {

namespace fs = std::filesystem;

const fs::path& synthetic_s0(DirectoryForm form) {
  static const TemporaryDirectory directory;
  static std::map<DirectoryForm, fs::path> made;
  fs::path& path = made[form];
  if (path.empty()) {
    path = directory.path() / (form == DirectoryForm::kSplit ? "split" : "openclip");
    synthesize_model(*find_model("MobileCLIP2-S0"), path, {.form = form, .vocabulary = std::nullopt});
  }
  return path;
}

void link_model(const fs::path& model, const fs::path& directory) {
  fs::create_directories(directory);
  for (const fs::directory_entry& file : fs::directory_iterator(model)) {
    fs::create_symlink(file.path(), directory / file.path().filename());
  }
}

std::vector<TensorToWrite> tensors_of(const TensorStore& store) {
  std::vector<TensorToWrite> tensors;
  for (const StoredTensor& tensor : store.tensors()) {
    const auto fill = [store, &tensor](std::span<float> out) {
      std::ranges::copy(store.floats(tensor).values, out.begin());
    };
    const auto fill_words = [store, &tensor](std::span<std::uint32_t> out) {
      std::memcpy(out.data(), tensor.bytes.data(), tensor.bytes.size());
    };
    tensors.push_back(
        {.name = tensor.name, .dtype = tensor.dtype, .shape = tensor.shape, .fill = fill, .fill_words = fill_words});
  }
  return tensors;
}

void rewrite(const fs::path& file, const std::function<void(std::vector<TensorToWrite>&)>& edit) {
  const TensorStore store = read_safetensors(file);
  std::vector<TensorToWrite> tensors = tensors_of(store);
  edit(tensors);
  write_safetensors(file, std::move(tensors), read_safetensors_metadata(file));
}

TensorToWrite& named(std::vector<TensorToWrite>& tensors, std::string_view name) {
  const auto it = std::ranges::find(tensors, name, &TensorToWrite::name);
  if (it == tensors.end()) throw std::out_of_range(std::string(name));
  return *it;
}

std::string load_error_of(const std::function<void()>& load) {
  try {
    load();
    return "";
  } catch (const LoadError& error) {
    return error.what();
  }
}

}  // namespace mobileclip::testing
