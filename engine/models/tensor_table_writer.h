// Entering tensors into a table, by the parts that networks are made of.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "engine/models/block_names.h"
#include "engine/models/tensor_table.h"

namespace mobileclip {

/// Prefixes end in ".".
class TensorTableWriter {
 public:
  explicit TensorTableWriter(TensorTable& table) : table_(table) {}

  void add(const std::string& name, Shape shape) { table_.emplace(name, std::move(shape)); }

  void weight_bias(const std::string& p, Shape weight) {
    const std::int64_t out = weight[0];
    add(p + "weight", std::move(weight));
    add(p + "bias", {out});
  }

  void batch_norm(const std::string& p, int c) {
    for (const char* leaf : {"weight", "bias", "running_mean", "running_var"}) add(p + leaf, {c});
  }

  void conv_bn(const std::string& p, int out, int in_per_group, int k) {
    add(p + "conv.weight", {out, in_per_group, k, k});
    batch_norm(p + "bn.", out);
  }

  /// A transformer block of `width` channels under the prefix `p`.
  void block(const std::string& p, const BlockNames& names, int width, int mlp_width) {
    const auto part = [&p](std::string_view name) { return p + std::string(name); };
    weight_bias(part(names.ln_1) + ".", {width});
    add(part(names.in_proj_weight), {3 * width, width});
    add(part(names.in_proj_bias), {3 * width});
    weight_bias(part(names.out_proj) + ".", {width, width});
    weight_bias(part(names.ln_2) + ".", {width});
    weight_bias(part(names.c_fc) + ".", {mlp_width, width});
    weight_bias(part(names.c_proj) + ".", {width, mlp_width});
  }

 private:
  TensorTable& table_;
};

}  // namespace mobileclip
