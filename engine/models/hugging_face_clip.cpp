#include "engine/models/hugging_face_clip.h"

#include <algorithm>
#include <array>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "engine/models/hugging_face_names.h"
#include "engine/models/quantized_module.h"
#include "engine/weights/memory_backing.h"
#include "engine/weights/printable.h"

namespace mobileclip {
namespace {

StoredTensor transposed(StoredTensor tensor, MemoryBacking& memory) {
  if (tensor.shape.size() != 2) return tensor;  // to be found misshapen
  const std::size_t size = size_in_bytes(tensor.dtype);
  const auto rows = static_cast<std::size_t>(tensor.shape[0]);
  const auto columns = static_cast<std::size_t>(tensor.shape[1]);
  const std::span<std::byte> to = memory.allocate(tensor.bytes.size());
  for (std::size_t r = 0; r < rows; ++r) {
    for (std::size_t c = 0; c < columns; ++c) {
      std::copy_n(tensor.bytes.data() + (r * columns + c) * size, size, to.data() + (c * rows + r) * size);
    }
  }
  std::swap(tensor.shape[0], tensor.shape[1]);
  tensor.bytes = to;
  return tensor;
}

using Parts = std::array<const StoredTensor*, 3>;

StoredTensor joined(const std::string& name, const Parts& parts, MemoryBacking& memory) {
  const StoredTensor& any = **std::ranges::find_if(parts, [](const StoredTensor* part) { return part != nullptr; });
  for (const StoredTensor* part : parts) {
    if (part && part->dtype == any.dtype && part->shape == any.shape && !part->shape.empty()) continue;
    throw LoadError(any.file + ": expected query, key and value projections of one type and shape for " +
                    printable(name) + ", found " + (part ? printable(part->name) + " unlike " : "one missing beside ") +
                    printable(any.name));
  }
  StoredTensor tensor = any;
  tensor.name = name;
  tensor.shape[0] *= static_cast<std::int64_t>(parts.size());
  const std::span<std::byte> to = memory.allocate(any.bytes.size() * parts.size());
  auto at = to.begin();
  for (const StoredTensor* part : parts) at = std::ranges::copy(part->bytes, at).out;
  tensor.bytes = to;
  return tensor;
}

StoredTensor float_tensor(const StoredTensor& like, Shape shape, std::span<const float> values, MemoryBacking& memory) {
  StoredTensor tensor = like;
  tensor.dtype = DType::kF32;
  tensor.shape = std::move(shape);
  const std::span<std::byte> to = memory.allocate(values.size_bytes());
  std::ranges::copy(std::as_bytes(values), to.begin());
  tensor.bytes = to;
  return tensor;
}

/// What a CLIPModel has for one of OpenCLIP's tensors, or for a part of it.
struct Part {
  const StoredTensor* tensor = nullptr;
  std::optional<QuantizedModule> module;  ///< instead
};

class Renaming {
 public:
  Renaming(const TensorStore& store, const QuantizationConfig& quantization)
      : store_(store), quantization_(quantization), result_{.format = quantization.format, .modules = {}} {}

  OpenClipTensors run() {
    for (const StoredTensor& tensor : store_.tensors()) {
      if (is_position_ids(tensor.name)) continue;
      const auto module = module_of(tensor);
      if (!module) {
        add({.tensor = &tensor, .module = {}}, tensor.name);
      } else if (module->scales == &tensor) {  // once for all three
        add({.tensor = nullptr, .module = module}, module->name + ".weight");
      }
    }
    for (const auto& [name, parts] : to_join_) join(name, parts);
    TensorStore::Backings backings = store_.backing();
    backings.push_back(memory_);
    return {.store = {std::move(tensors_), std::move(backings)}, .quantization = std::move(result_)};
  }

 private:
  using JoinedParts = std::array<Part, std::tuple_size_v<Parts>>;

  /// The quantised module that a tensor belongs to.
  [[nodiscard]] std::optional<QuantizedModule> module_of(const StoredTensor& tensor) const {
    for (const std::string_view leaf : {".weight", ".scales", ".biases"}) {
      if (!tensor.name.ends_with(leaf)) continue;
      std::string path = tensor.name.substr(0, tensor.name.size() - leaf.size());
      const StoredTensor* const scales = store_.find(path + ".scales");
      if (!scales) return std::nullopt;
      const StoredTensor* const words = store_.find(path + ".weight");
      const StoredTensor* const biases = store_.find(path + ".biases");
      return QuantizedModule{.name = std::move(path), .words = words, .scales = scales, .biases = biases};
    }
    return std::nullopt;
  }

  void add(Part part, const std::string& name) {
    std::optional<OpenClipName> renamed = open_clip_name(name);
    if (!renamed) renamed = OpenClipName{.name = name, .change = NameChange::kRename};
    switch (renamed->change) {
      case NameChange::kJoin:
        to_join_[renamed->name][renamed->part] = std::move(part);
        break;
      case NameChange::kTranspose:
        push(renamed->name, transposed(part.module ? restored(*part.module, *memory_) : *part.tensor, *memory_));
        break;
      case NameChange::kRename:
        rename(part, renamed->name);
        break;
    }
  }

  void push(const std::string& name, StoredTensor tensor) {
    tensor.name = name;
    tensors_.push_back(std::move(tensor));
  }

  void rename(const Part& part, const std::string& name) {
    if (!part.module) return push(name, *part.tensor);
    const std::optional<std::string> path = module_of_weight(name);
    if (!path) return push(name, restored(*part.module, *memory_));  // no module of OpenCLIP's: positional_embedding
    result_.modules.emplace(*path, quantization_.of(part.module->name));
    if (part.module->words) push(*path + ".weight", *part.module->words);
    if (part.module->biases) push(*path + ".biases", *part.module->biases);
    push(*path + ".scales", *part.module->scales);
  }

  /// Quantised parts stay so where all are, in one format.
  void join(const std::string& name, const JoinedParts& parts) {
    if (std::ranges::none_of(parts, [](const Part& part) { return part.module.has_value(); })) {
      tensors_.push_back(joined(name, each(parts, [](const Part& part) { return part.tensor; }), *memory_));
    } else if (are_alike(parts)) {
      join_modules(module_of_weight(name).value(), parts);
    } else {
      join_restored(name, parts);
    }
  }

  static Parts each(const JoinedParts& parts, const std::function<const StoredTensor*(const Part&)>& tensor_of) {
    Parts found{};
    std::ranges::transform(parts, found.begin(), tensor_of);
    return found;
  }

  void join_modules(const std::string& path, const JoinedParts& parts) {
    for (const auto& [leaf, member] :
         {std::pair{".weight", &QuantizedModule::words}, std::pair{".scales", &QuantizedModule::scales},
          std::pair{".biases", &QuantizedModule::biases}}) {
      const Parts leaves = each(parts, [member](const Part& part) { return (*part.module).*member; });
      const bool is_there = std::ranges::any_of(leaves, [](const StoredTensor* tensor) { return tensor != nullptr; });
      if (is_there) tensors_.push_back(joined(path + leaf, leaves, *memory_));  // else to be found missing
    }
    result_.modules.emplace(path, quantization_.of(parts[0].module->name));
  }

  void join_restored(const std::string& name, const JoinedParts& parts) {
    MemoryBacking passing;
    std::vector<StoredTensor> floats;
    floats.reserve(parts.size());  // they stay where they are
    const Parts found = each(parts, [&](const Part& part) -> const StoredTensor* {
      if (!part.tensor && !part.module) return nullptr;
      if (part.module) return &floats.emplace_back(restored(*part.module, passing));
      const FloatTensor values = store_.floats(*part.tensor);
      return &floats.emplace_back(float_tensor(*part.tensor, values.shape, values.values, passing));
    });
    tensors_.push_back(joined(name, found, *memory_));
  }

  [[nodiscard]] bool are_alike(const JoinedParts& parts) const {
    return std::ranges::all_of(parts, [&](const Part& part) {
      return part.module && parts[0].module &&
             quantization_.of(part.module->name) == quantization_.of(parts[0].module->name);
    });
  }

  /// The module's matrix in float32, of the size that its scales tell.
  [[nodiscard]] StoredTensor restored(const QuantizedModule& module, MemoryBacking& memory) const {
    Shape shape = module.scales->shape;
    const std::optional<AffineFormat> format = quantization_.of(module.name);
    if (format && shape.size() == 2) shape[1] *= format->group_size;
    const std::string problem = problem_of(module, shape, quantization_);
    if (!problem.empty()) throw LoadError(module.scales->file + ": " + problem);
    return float_tensor(*module.scales, shape, dequantize(read_quantized(store_, module, shape, quantization_)),
                        memory);
  }

  const TensorStore& store_;
  const QuantizationConfig& quantization_;
  QuantizationConfig result_;
  std::vector<StoredTensor> tensors_;
  std::map<std::string, JoinedParts> to_join_;
  std::shared_ptr<MemoryBacking> memory_ = std::make_shared<MemoryBacking>();
};

}  // namespace

OpenClipTensors with_open_clip_names(const TensorStore& store, const QuantizationConfig& quantization) {
  return Renaming(store, quantization).run();
}

}  // namespace mobileclip
