#include "engine/nn/attention.h"

#include <cassert>

namespace mobileclip {
namespace {

std::size_t floats(int a, int b) { return static_cast<std::size_t>(a) * static_cast<std::size_t>(b); }

int key_blocks(const AttentionShape& shape) { return (shape.tokens + kChannelBlock - 1) / kChannelBlock; }

}  // namespace

std::size_t attention_scratch_per_worker(const AttentionShape& shape) {
  return floats(key_blocks(shape) * kChannelBlock, shape.head_dim + shape.queries);
}

void attention(const Context& context, const AttentionShape& shape, Blocked q, Blocked k, Blocked v, Blocked y) {
  assert(q.rows == shape.sequences * shape.queries && k.rows == shape.sequences * shape.tokens && v.rows == k.rows);
  const int head_blocks = shape.head_dim / kChannelBlock;
  const auto tokens = static_cast<std::size_t>(shape.tokens);
  const auto queries = static_cast<std::size_t>(shape.queries);
  const auto head_dim = static_cast<std::size_t>(shape.head_dim);
  context.parallel.run(floats(shape.sequences, shape.heads), [&](std::size_t task, int worker) {
    const int sequence = static_cast<int>(task) / shape.heads;
    const int block = static_cast<int>(task) % shape.heads * head_blocks;
    const std::size_t query_row = floats(sequence * shape.queries, kChannelBlock);
    const std::size_t key_row = floats(sequence * shape.tokens, kChannelBlock);

    const std::size_t first_position =
        shape.first_positions.empty()
            ? 0
            : static_cast<std::size_t>(shape.first_positions[static_cast<std::size_t>(sequence)]);

    float* keys = context.scratch.of(worker);                                          // [tokens/16][head_dim][16]
    float* scores = keys + floats(key_blocks(shape) * kChannelBlock, shape.head_dim);  // [tokens/16][queries][16]
    context.kernels.pack_transposed(k.block(block) + key_row, k.stride(), tokens, head_dim, keys);
    context.kernels.gemm({.a = q.block(block) + query_row,
                          .a_stride = q.stride(),
                          .b = keys,
                          .b_stride = head_dim * kChannelBlock,
                          .bias = nullptr,
                          .residual = nullptr,
                          .c = scores,
                          .c_stride = queries * kChannelBlock,
                          .rows = queries,
                          .n_blocks = static_cast<std::size_t>(key_blocks(shape)),
                          .k = head_dim,
                          .activation = Activation::kNone});
    context.kernels.softmax({.x = scores,
                             .stride = queries * kChannelBlock,
                             .rows = queries,
                             .columns = tokens,
                             .causal = shape.causal,
                             .first_position = first_position});
    // v's own blocks, [head_dim/16][tokens][16], are the packed form that gemm takes.
    context.kernels.gemm({.a = scores,
                          .a_stride = queries * kChannelBlock,
                          .b = v.block(block) + key_row,
                          .b_stride = v.stride(),
                          .bias = nullptr,
                          .residual = nullptr,
                          .c = y.block(block) + query_row,
                          .c_stride = y.stride(),
                          .rows = queries,
                          .n_blocks = static_cast<std::size_t>(head_blocks),
                          .k = tokens,
                          .activation = Activation::kNone});
  });
}

}  // namespace mobileclip
