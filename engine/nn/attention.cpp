#include "engine/nn/attention.h"

#include <cassert>

namespace mobileclip {
namespace {

std::size_t floats(int a, int b) { return static_cast<std::size_t>(a) * static_cast<std::size_t>(b); }

int key_blocks(int tokens) { return (tokens + kChannelBlock - 1) / kChannelBlock; }

/// Rows [begin, begin + count) of a blocked activation.
struct Rows {
  int begin;
  int count;

  [[nodiscard]] std::size_t size() const { return static_cast<std::size_t>(count); }
  [[nodiscard]] std::size_t offset() const { return floats(begin, kChannelBlock); }
};

Rows key_rows(const AttentionShape& shape, int sequence) {
  if (shape.row_begins.empty()) return {.begin = sequence * shape.tokens, .count = shape.tokens};
  const auto s = static_cast<std::size_t>(sequence);
  return {.begin = shape.row_begins[s], .count = shape.row_begins[s + 1] - shape.row_begins[s]};
}

Rows query_rows(const AttentionShape& shape, int sequence) {
  if (shape.queries == shape.tokens) return key_rows(shape, sequence);
  return {.begin = sequence * shape.queries, .count = shape.queries};
}

[[maybe_unused]] bool fits(const AttentionShape& shape, Blocked q, Blocked k) {
  const Rows last_keys = key_rows(shape, shape.sequences - 1);
  const Rows last_queries = query_rows(shape, shape.sequences - 1);
  return k.rows == last_keys.begin + last_keys.count && q.rows == last_queries.begin + last_queries.count;
}

}  // namespace

std::size_t attention_scratch_per_worker(const AttentionShape& shape) {
  return floats(key_blocks(shape.tokens) * kChannelBlock, shape.head_dim + shape.queries);
}

void attention(const Context& context, const AttentionShape& shape, Blocked q, Blocked k, Blocked v, Blocked y) {
  assert(fits(shape, q, k) && v.rows == k.rows && y.rows == q.rows);
  const int head_blocks = shape.head_dim / kChannelBlock;
  const auto head_dim = static_cast<std::size_t>(shape.head_dim);
  context.parallel.run(floats(shape.sequences, shape.heads), [&](std::size_t task, int worker) {
    const int sequence = static_cast<int>(task) / shape.heads;
    const int block = static_cast<int>(task) % shape.heads * head_blocks;
    const Rows queries = query_rows(shape, sequence);
    const Rows tokens = key_rows(shape, sequence);
    const int blocks = key_blocks(tokens.count);
    const std::size_t first_position =
        shape.first_positions.empty()
            ? 0
            : static_cast<std::size_t>(shape.first_positions[static_cast<std::size_t>(sequence)]);

    float* keys = context.scratch.of(worker);                               // [tokens/16][head_dim][16]
    float* scores = keys + floats(blocks * kChannelBlock, shape.head_dim);  // [tokens/16][queries][16]
    const std::size_t scores_stride = queries.size() * kChannelBlock;
    context.kernels.pack_transposed(k.block(block) + tokens.offset(), k.stride(), tokens.size(), head_dim, keys);
    context.kernels.gemm({.a = q.block(block) + queries.offset(),
                          .a_stride = q.stride(),
                          .b = keys,
                          .b_stride = head_dim * kChannelBlock,
                          .bias = nullptr,
                          .residual = nullptr,
                          .c = scores,
                          .c_stride = scores_stride,
                          .rows = queries.size(),
                          .n_blocks = static_cast<std::size_t>(blocks),
                          .k = head_dim,
                          .activation = Activation::kNone});
    context.kernels.softmax({.x = scores,
                             .stride = scores_stride,
                             .rows = queries.size(),
                             .columns = tokens.size(),
                             .causal = shape.causal,
                             .first_position = first_position});
    // v's own blocks, [head_dim/16][tokens][16], are the packed form that gemm takes.
    context.kernels.gemm({.a = scores,
                          .a_stride = scores_stride,
                          .b = v.block(block) + tokens.offset(),
                          .b_stride = v.stride(),
                          .bias = nullptr,
                          .residual = nullptr,
                          .c = y.block(block) + queries.offset(),
                          .c_stride = y.stride(),
                          .rows = queries.size(),
                          .n_blocks = static_cast<std::size_t>(head_blocks),
                          .k = tokens.size(),
                          .activation = Activation::kNone});
  });
}

}  // namespace mobileclip
