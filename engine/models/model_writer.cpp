#include "engine/models/model_writer.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <utility>

#include "engine/base/error.h"
#include "engine/models/quantized_module.h"
#include "engine/weights/printable.h"

namespace mobileclip {
namespace {

void check_values(std::span<const float> written, std::span<const float> found, DType dtype, const std::string& where) {
  for (std::size_t i = 0; i < written.size(); ++i) {
    const float expected = as_stored(written[i], dtype);
    if (std::bit_cast<std::uint32_t>(found[i]) == std::bit_cast<std::uint32_t>(expected)) continue;
    throw LoadError(where + " read back: expected " + std::to_string(expected) + " at element " + std::to_string(i) +
                    ", found " + std::to_string(found[i]));
  }
}

}  // namespace

std::vector<TensorToWrite> tensors_to_write(const TensorTable& table, std::string_view prefix, DType dtype,
                                            const TensorFill& fill) {
  constexpr std::string_view kVariance = "running_var";
  std::vector<TensorToWrite> tensors;
  for (const auto& [name, shape] : table) {
    tensors.push_back({.name = std::string(prefix) + name,
                       .dtype = dtype,
                       .shape = shape,
                       .fill = [fill, name = name, shape = shape](std::span<float> out) { fill(name, shape, out); }});
    if (!name.ends_with(kVariance)) continue;
    const std::string owner = name.substr(0, name.size() - kVariance.size());
    tensors.push_back(
        {.name = std::string(prefix) + owner + "num_batches_tracked", .dtype = DType::kI64, .shape = {}, .fill = {}});
  }
  return tensors;
}

std::vector<TensorToWrite> quantized_to_write(const std::string& module, const AffineMatrix& matrix, DType dtype) {
  const Shape groups{matrix.rows, matrix.groups_per_row()};
  const auto copy_of = [](const std::vector<float>& values) {
    return [&values](std::span<float> out) { std::ranges::copy(values, out.begin()); };
  };
  return {{.name = module + ".weight",
           .dtype = DType::kU32,
           .shape = {matrix.rows, matrix.words_per_row()},
           .fill = {},
           .fill_words = [&matrix](std::span<std::uint32_t> out) { std::ranges::copy(matrix.words, out.begin()); }},
          {.name = module + ".scales", .dtype = dtype, .shape = groups, .fill = copy_of(matrix.scales)},
          {.name = module + ".biases", .dtype = dtype, .shape = groups, .fill = copy_of(matrix.biases)}};
}

std::vector<TensorToWrite> tower_to_write(const TowerWeights& tower, const TensorTable& table, DType dtype) {
  TensorTable unquantized = table;
  std::vector<TensorToWrite> tensors;
  for (const auto& [name, matrix] : tower.quantized()) {
    unquantized.erase(name);
    std::ranges::move(quantized_to_write(module_of_weight(name).value(), matrix, dtype), std::back_inserter(tensors));
  }
  const auto fill = [&tower](std::string_view name, const Shape&, std::span<float> out) {
    std::ranges::copy(tower.at(name).values, out.begin());
  };
  std::ranges::move(tensors_to_write(unquantized, "", dtype, fill), std::back_inserter(tensors));
  return tensors;
}

void write_tower(const std::filesystem::path& file, const TowerWeights& tower, const TensorTable& table, DType dtype,
                 const std::map<std::string, std::string>& metadata, const Progress& progress) {
  write_safetensors(file, tower_to_write(tower, table, dtype), metadata, progress);
}

void check_read_back(const TowerWeights& tower, const TowerWeights& read_back, DType dtype,
                     const std::filesystem::path& directory) {
  const auto where = [&](const std::string& name) { return directory.string() + ": tensor " + printable(name); };
  for (const auto& [name, tensor] : tower.floats()) {
    check_values(tensor.values, read_back.at(name).values, dtype, where(name));
  }
  for (const auto& [name, matrix] : tower.quantized()) {
    const AffineMatrix* const found = read_back.quantized(name);
    if (!found || found->format != matrix.format || found->words != matrix.words) {
      throw LoadError(where(name) + " read back: expected the words that were written, found others");
    }
    check_values(matrix.scales, found->scales, dtype, where(name) + "'s scales");
    check_values(matrix.biases, found->biases, dtype, where(name) + "'s biases");
  }
}

}  // namespace mobileclip
