#include "engine/models/encoders/relative_positions.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include "engine/kernels/dispatch.h"
#include "engine/models/padded_linear.h"

namespace mobileclip {
namespace {

constexpr int kMpnetFurthest = 128;

std::size_t size(int value) { return static_cast<std::size_t>(value); }

int blocks(int rows) { return (rows + kChannelBlock - 1) / kChannelBlock; }

/// The projection of the table's rows, scaled, packed for each head as gemm's right-hand side.
AlignedBuffer project_positions(const Linear& projection, const DisentangledScores::Sizes& sizes,
                                std::span<const float> table) {
  const Channels in{.size = sizes.heads * sizes.head_dim};
  const Channels out{.groups = sizes.heads, .size = sizes.head_dim};
  const int rows = static_cast<int>(table.size()) / in.count();
  AlignedBuffer x(size(in.padded()) * size(rows));
  AlignedBuffer y(size(out.padded()) * size(rows));
  std::ranges::fill(x.span(), 0.0F);
  const Blocked positions{.data = x.data(), .channels = in.padded(), .rows = rows};
  const Blocked projected{.data = y.data(), .channels = out.padded(), .rows = rows};
  for (int row = 0; row < rows; ++row) {
    for (int c = 0; c < in.count(); ++c) {
      positions.block(c / kChannelBlock)[row * kChannelBlock + c % kChannelBlock] =
          table[size(row) * size(in.count()) + size(c)];
    }
  }
  // In float32 and by this CPU's best kernels, whatever the forward pass uses: once a load.
  const kernels::Kernels& kernels = *kernels::find("auto");
  Serial serial;
  AlignedBuffer scratch(projection.scratch_per_worker());
  projection.forward({.kernels = kernels, .parallel = serial, .scratch = Scratch(scratch.data(), scratch.size())},
                     positions, projected);

  std::array<float, kChannelBlock> scale;
  scale.fill(sizes.scale);
  kernels.scale_block(y.data(), scale.data(), y.size() / kChannelBlock, Activation::kNone);
  const std::size_t a_head = size(blocks(rows) * kChannelBlock) * size(out.padded_size());
  AlignedBuffer packed(a_head * size(sizes.heads));
  for (int head = 0; head < sizes.heads; ++head) {
    kernels.pack_transposed(projected.block(head * out.padded_size() / kChannelBlock), projected.stride(), size(rows),
                            size(out.padded_size()), packed.data() + size(head) * a_head);
  }
  return packed;
}

}  // namespace

int mpnet_bucket(int distance, int buckets) {
  const int half = buckets / 2;
  const int exact = half / 2;
  const int n = std::abs(distance);
  int bucket = n;
  if (n >= exact) {
    const double octaves =
        std::log(static_cast<double>(n) / exact) / std::log(static_cast<double>(kMpnetFurthest) / exact);
    bucket = std::min(half - 1, exact + static_cast<int>(octaves * (half - exact)));
  }
  return bucket + (distance < 0 ? half : 0);
}

int deberta_bucket(int distance, int buckets, int furthest) {
  const int mid = buckets / 2;
  const int n = std::abs(distance);
  if (n <= mid) return distance;
  const double octaves = std::log(static_cast<double>(n) / mid) / std::log(static_cast<double>(furthest - 1) / mid);
  const int far = mid + static_cast<int>(std::ceil(octaves * (mid - 1)));
  return distance < 0 ? -far : far;
}

RelativeBias::RelativeBias(const RelativeBiasAttention& config, int heads, std::span<const float> weight,
                           int max_tokens)
    : max_tokens_(max_tokens), bias_(size(heads) * size(2 * max_tokens - 1)) {
  for (int head = 0; head < heads; ++head) {
    for (int offset = 1 - max_tokens; offset < max_tokens; ++offset) {
      bias_[size(head) * size(2 * max_tokens - 1) + size(offset + max_tokens - 1)] =
          weight[size(mpnet_bucket(-offset, config.buckets)) * size(heads) + size(head)];
    }
  }
}

void RelativeBias::fill(const kernels::Kernels& /*kernels*/, const ScoreTile& tile, float* /*scratch*/) const {
  const float* of_head = bias_.data() + size(tile.head) * size(2 * max_tokens_ - 1);
  for (int block = 0; block < blocks(tile.key_count); ++block) {
    const int key = tile.key_begin + block * kChannelBlock;
    const int count = std::min(kChannelBlock, tile.key_begin + tile.key_count - key);
    for (int i = 0; i < tile.query_count; ++i) {
      float* to = tile.row(block, i);
      std::copy_n(of_head + (key - tile.query_begin - i + max_tokens_ - 1), count, to);
      std::fill(to + count, to + kChannelBlock, 0.0F);
    }
  }
}

DisentangledScores::DisentangledScores(const DisentangledAttention& config, const Sizes& sizes,
                                       std::span<const float> table, const WeightScope& self)
    : head_dim_(Channels{.size = sizes.head_dim}.padded()),
      table_rows_(2 * config.span),
      max_tokens_(sizes.max_tokens),
      row_of_(size(2 * sizes.max_tokens - 1)) {
  for (int offset = 1 - max_tokens_; offset < max_tokens_; ++offset) {
    const int distance = config.buckets > 0 ? deberta_bucket(-offset, config.buckets, config.max_distance) : -offset;
    row_of_[size(offset + max_tokens_ - 1)] = std::clamp(distance + config.span, 0, table_rows_ - 1);
  }
  const Channels in{.size = sizes.heads * sizes.head_dim};
  const Channels out{.groups = sizes.heads, .size = sizes.head_dim};
  const auto projected = [&](const char* v1, const char* shared, const char* own) {
    const char* const name = config.interleaved ? v1 : config.shares_keys ? shared : own;
    return project_positions(read_padded_linear(self / name, out, in, Arithmetic::kFp32), sizes, table);
  };
  if (config.content_to_position) position_keys_ = projected("pos_proj", "key_proj", "pos_key_proj");
  if (config.position_to_content) position_queries_ = projected("pos_q_proj", "query_proj", "pos_query_proj");
}

int DisentangledScores::row_of(int key, int query) const { return row_of_[size(key - query + max_tokens_ - 1)]; }

std::size_t DisentangledScores::scratch_floats(int queries, int keys) const {
  return size(blocks(table_rows_) * kChannelBlock) * size(queries + keys);
}

void DisentangledScores::fill(const kernels::Kernels& kernels, const ScoreTile& tile, float* scratch) const {
  // Of the table only what the tile's distances reach; rows fall with key - query.
  const int query_end = tile.query_begin + tile.query_count;
  const int key_end = tile.key_begin + tile.key_count;
  const int first_block = row_of(key_end - 1, tile.query_begin) / kChannelBlock;
  const int block_count = row_of(tile.key_begin, query_end - 1) / kChannelBlock + 1 - first_block;
  const std::size_t packed_at =
      (size(tile.head * blocks(table_rows_)) + size(first_block)) * size(head_dim_ * kChannelBlock);
  const auto product = [&](Blocked a, int begin, int rows, const AlignedBuffer& positions, float* c) {
    kernels.gemm({.a = a.block(tile.head * head_dim_ / kChannelBlock) + size(tile.row_begin + begin) * kChannelBlock,
                  .a_stride = a.stride(),
                  .b = positions.data() + packed_at,
                  .b_stride = size(head_dim_ * kChannelBlock),
                  .bias = nullptr,
                  .residual = nullptr,
                  .c = c,
                  .c_stride = size(rows) * kChannelBlock,
                  .rows = size(rows),
                  .n_blocks = size(block_count),
                  .k = size(head_dim_),
                  .activation = Activation::kNone});
  };
  const bool c2p = position_keys_.size() > 0;
  const bool p2c = position_queries_.size() > 0;
  float* const by_query = scratch;  // [block_count][queries][16]
  float* const by_key = scratch + size(block_count * kChannelBlock) * size(tile.query_count);
  if (c2p) product(tile.queries, tile.query_begin, tile.query_count, position_keys_, by_query);
  if (p2c) product(tile.keys, tile.key_begin, tile.key_count, position_queries_, by_key);

  const auto at = [&](const float* scores, int rows, int row, int position) {
    const int local = position - first_block * kChannelBlock;
    return scores[(size(local / kChannelBlock) * size(rows) + size(row)) * kChannelBlock + size(local % kChannelBlock)];
  };
  for (int block = 0; block < blocks(tile.key_count); ++block) {
    const int first = block * kChannelBlock;
    const int count = std::min(kChannelBlock, tile.key_count - first);
    for (int i = 0; i < tile.query_count; ++i) {
      float* to = tile.row(block, i);
      for (int j = 0; j < count; ++j) {
        const int position = row_of(tile.key_begin + first + j, tile.query_begin + i);
        to[j] = (c2p ? at(by_query, tile.query_count, i, position) : 0.0F) +
                (p2c ? at(by_key, tile.key_count, first + j, position) : 0.0F);
      }
      std::fill(to + count, to + kChannelBlock, 0.0F);
    }
  }
}

}  // namespace mobileclip
