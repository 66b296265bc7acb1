#include "engine/nn/self_attention.h"

#include <algorithm>
#include <array>
#include <cassert>

namespace mobileclip {
namespace {

// Long enough that packing the keys anew for each tile does not show.
constexpr int kQueriesPerTile = 128;
// Positions' share of the scores costs by the keys, however many queries: few tiles.
constexpr int kBiasedQueriesPerTile = 512;

std::size_t floats(int a, int b) { return static_cast<std::size_t>(a) * static_cast<std::size_t>(b); }

int padded(int columns) { return (columns + kChannelBlock - 1) / kChannelBlock * kChannelBlock; }

int tile_queries(const SelfAttentionShape& shape) { return shape.bias ? kBiasedQueriesPerTile : kQueriesPerTile; }

int tiles(const SelfAttentionShape& shape, std::size_t sequence) {
  const int tokens = shape.row_begins[sequence + 1] - shape.row_begins[sequence];
  return (tokens + tile_queries(shape) - 1) / tile_queries(shape);
}

/// The task's sequence, head and tile: tiles of the first sequence, then of the next, each for every head.
ScoreTile locate(const SelfAttentionShape& shape, int task, Blocked q, Blocked k) {
  int tile = task / shape.heads;
  std::size_t sequence = 0;
  for (; tile >= tiles(shape, sequence); ++sequence) tile -= tiles(shape, sequence);
  const int row_begin = shape.row_begins[sequence];
  const int tokens = shape.row_begins[sequence + 1] - row_begin;
  const int query_begin = tile * tile_queries(shape);
  const int query_end = std::min(tokens, query_begin + tile_queries(shape));
  const int key_begin = query_begin > shape.window ? query_begin - shape.window : 0;
  const int key_end = shape.window < tokens - query_end ? query_end + shape.window : tokens;
  return {.head = task % shape.heads,
          .queries = q,
          .keys = k,
          .row_begin = row_begin,
          .query_begin = query_begin,
          .query_count = query_end - query_begin,
          .key_begin = key_begin,
          .key_count = key_end - key_begin,
          .scores = nullptr};
}

int most_keys(const SelfAttentionShape& shape, int max_tokens) {
  if (shape.window >= max_tokens) return max_tokens;
  return std::min(max_tokens, tile_queries(shape) + 2 * shape.window);
}

}  // namespace

std::size_t self_attention_scratch_per_worker(const SelfAttentionShape& shape, int max_tokens) {
  const int keys = most_keys(shape, max_tokens);
  const int queries = std::min(max_tokens, tile_queries(shape));
  return floats(padded(keys), shape.head_dim + queries) + (shape.bias ? shape.bias->scratch_floats(queries, keys) : 0);
}

void self_attention(const Context& context, const SelfAttentionShape& shape, Blocked q, Blocked k, Blocked v,
                    Blocked y) {
  assert(q.rows == shape.row_begins.back() && k.rows == q.rows && v.rows == q.rows && y.rows == q.rows);
  const int head_blocks = shape.head_dim / kChannelBlock;
  const auto head_dim = static_cast<std::size_t>(shape.head_dim);
  std::array<float, kChannelBlock> scale;
  scale.fill(shape.scale);
  int all_tiles = 0;
  for (std::size_t s = 0; s + 1 < shape.row_begins.size(); ++s) all_tiles += tiles(shape, s);

  context.parallel.run(floats(all_tiles, shape.heads), [&](std::size_t task, int worker) {
    ScoreTile tile = locate(shape, static_cast<int>(task), q, k);
    const int block = tile.head * head_blocks;
    const std::size_t query_row = floats(tile.row_begin + tile.query_begin, kChannelBlock);
    const std::size_t key_row = floats(tile.row_begin + tile.key_begin, kChannelBlock);
    const auto keys = static_cast<std::size_t>(tile.key_count);
    const auto queries = static_cast<std::size_t>(tile.query_count);
    const auto key_blocks = static_cast<std::size_t>(padded(tile.key_count) / kChannelBlock);

    float* packed_keys = context.scratch.of(worker);                             // [keys/16][head_dim][16]
    tile.scores = packed_keys + floats(padded(tile.key_count), shape.head_dim);  // [keys/16][queries][16]
    float* rest = tile.scores + floats(padded(tile.key_count), tile.query_count);
    if (shape.bias) shape.bias->fill(context.kernels, tile, rest);
    context.kernels.pack_transposed(k.block(block) + key_row, k.stride(), keys, head_dim, packed_keys);
    context.kernels.scale_block(packed_keys, scale.data(), key_blocks * head_dim, Activation::kNone);
    context.kernels.gemm({.a = q.block(block) + query_row,
                          .a_stride = q.stride(),
                          .b = packed_keys,
                          .b_stride = head_dim * kChannelBlock,
                          .bias = nullptr,
                          .residual = shape.bias ? tile.scores : nullptr,
                          .c = tile.scores,
                          .c_stride = queries * kChannelBlock,
                          .rows = queries,
                          .n_blocks = key_blocks,
                          .k = head_dim,
                          .activation = Activation::kNone});
    context.kernels.softmax({.x = tile.scores,
                             .stride = queries * kChannelBlock,
                             .rows = queries,
                             .columns = keys,
                             .causal = false,
                             .first_position = static_cast<std::size_t>(tile.query_begin - tile.key_begin),
                             .window = static_cast<std::size_t>(shape.window)});
    // v's own blocks, [head_dim/16][keys][16], are the packed form that gemm takes.
    context.kernels.gemm({.a = tile.scores,
                          .a_stride = queries * kChannelBlock,
                          .b = v.block(block) + key_row,
                          .b_stride = v.stride(),
                          .bias = nullptr,
                          .residual = nullptr,
                          .c = y.block(block) + query_row,
                          .c_stride = y.stride(),
                          .rows = queries,
                          .n_blocks = static_cast<std::size_t>(head_blocks),
                          .k = keys,
                          .activation = Activation::kNone});
  });
}

}  // namespace mobileclip
