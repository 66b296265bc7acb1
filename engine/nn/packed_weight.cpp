#include "engine/nn/packed_weight.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <cstdint>

namespace mobileclip {
namespace {

using kernels::Bf16;

std::size_t size(int value) { return static_cast<std::size_t>(value); }

std::size_t round_up(std::size_t value, std::size_t to) { return (value + to - 1) / to * to; }

std::size_t operand_block(Arithmetic arithmetic) {
  switch (arithmetic) {
    case Arithmetic::kFp32:
      return kernels::kOperandBlock<float>;
    case Arithmetic::kSplitBf16:
    case Arithmetic::kBf16:
      return kernels::kOperandBlock<Bf16>;
    case Arithmetic::kInt8:
      return kernels::kOperandBlock<std::uint8_t>;
  }
  return 0;
}

/// Bytes of a value of the packed weight.
std::size_t value_bytes(Arithmetic arithmetic) { return 64 / operand_block(arithmetic); }

/// Restored at a time: as many output blocks as the widest kernel takes at once, which stay in the second-level cache.
constexpr int kRestoredBlocks = 2;

std::size_t padded_rows(int rows) { return round_up(size(rows), kernels::kTileRows); }

}  // namespace

PackedWeight::PackedWeight(int out, int in, std::span<const float> weight, Arithmetic arithmetic)
    : out_(out), in_(in), arithmetic_(arithmetic) {
  assert(out % kChannelBlock == 0 && in % kChannelBlock == 0 && weight.size() == size(out) * size(in));
  const std::size_t values = size(out) * padded_in();
  const std::size_t copies = arithmetic == Arithmetic::kSplitBf16 ? 2 : 1;
  packed_ = AlignedBuffer(copies * values * value_bytes(arithmetic) / sizeof(float));
  if (padded_in() != size(in)) std::ranges::fill(packed_.span(), 0.0F);  // all else is written below
  switch (arithmetic) {
    case Arithmetic::kFp32:
      pack_fp32(weight);
      break;
    case Arithmetic::kSplitBf16:
      pack_bf16(
          weight, [](float v) { return kernels::low_bf16(v); }, values);
      [[fallthrough]];
    case Arithmetic::kBf16:
      pack_bf16(
          weight, [](float v) { return kernels::to_bf16(v); }, 0);
      break;
    case Arithmetic::kInt8:
      pack_int8(weight);
      break;
  }
}

PackedWeight::PackedWeight(int out, int in, const AffineWeight& weight, Arithmetic arithmetic)
    : out_(out),
      in_(in),
      arithmetic_(arithmetic == Arithmetic::kInt8 ? Arithmetic::kBf16 : arithmetic),
      affine_(std::in_place, out, in, weight) {
  assert(padded_in() == size(in));  // groups are as long as operand blocks
}

std::size_t PackedWeight::padded_in() const {
  // Float32 operands lie in the activations themselves, which have no padding.
  return arithmetic_ == Arithmetic::kFp32 ? size(in_) : round_up(size(in_), operand_block(arithmetic_));
}

/// Through 16x16 tiles, so that both sides touch whole cache lines.
void PackedWeight::pack_fp32(std::span<const float> weight) {
  for (std::size_t panel = 0; panel < size(out_); panel += kChannelBlock) {
    const float* from = weight.data() + panel * size(in_);
    float* to = packed_.data() + panel * size(in_);
    for (std::size_t k = 0; k < size(in_); k += kChannelBlock) {
      for (std::size_t n = 0; n < kChannelBlock; ++n) {
        const float* row = from + n * size(in_) + k;
        for (std::size_t i = 0; i < kChannelBlock; ++i) to[(k + i) * kChannelBlock + n] = row[i];
      }
    }
  }
}

void PackedWeight::pack_bf16(std::span<const float> weight, Bf16 (*round)(float), std::size_t at) {
  Bf16* packed = reinterpret_cast<Bf16*>(packed_.data()) + at;
  for (std::size_t panel = 0; panel < size(out_); panel += kChannelBlock) {
    const float* from = weight.data() + panel * size(in_);
    Bf16* to = packed + panel * padded_in();
    for (std::size_t n = 0; n < kChannelBlock; ++n, from += in_) {
      for (std::size_t k = 0; k < size(in_); ++k) to[k / 2 * 2 * kChannelBlock + 2 * n + k % 2] = round(from[k]);
    }
  }
}

void PackedWeight::pack_int8(std::span<const float> weight) {
  column_scale_ = AlignedBuffer(size(out_));
  column_sum_ = AlignedBuffer(size(out_));
  auto* packed = reinterpret_cast<std::int8_t*>(packed_.data());
  for (std::size_t n = 0; n < size(out_); ++n) {
    const std::span<const float> row = weight.subspan(n * size(in_), size(in_));
    float largest = 0;
    for (const float v : row) largest = std::max(largest, std::abs(v));
    const float steps = largest > 1e-30F ? 127.0F / largest : 0.0F;
    std::int8_t* to = packed + n / kChannelBlock * kChannelBlock * padded_in() + n % kChannelBlock * 4;
    int sum = 0;
    for (std::size_t k = 0; k < row.size(); ++k) {
      const auto step = static_cast<std::int8_t>(std::lrint(row[k] * steps));
      to[k / 4 * 4 * kChannelBlock + k % 4] = step;
      sum += step;
    }
    column_scale_.data()[n] = largest / 127.0F;
    column_sum_.data()[n] = static_cast<float>(sum);
  }
}

std::size_t PackedWeight::panel_floats() const {
  return padded_in() * kChannelBlock * value_bytes(arithmetic_) / sizeof(float);
}

std::size_t PackedWeight::operand_floats(int rows) const {
  const std::size_t halves = arithmetic_ == Arithmetic::kSplitBf16 ? 2 : 1;
  return rounded_floats(rows) + (affine_ ? halves * size(kRestoredBlocks) * panel_floats() : 0);
}

std::size_t PackedWeight::rounded_floats(int rows) const {
  const std::size_t bytes = padded_rows(rows) * padded_in() * value_bytes(arithmetic_);
  switch (arithmetic_) {
    case Arithmetic::kFp32:
      return 0;
    case Arithmetic::kSplitBf16:
      return 2 * bytes / sizeof(float);
    case Arithmetic::kBf16:
      return bytes / sizeof(float);
    case Arithmetic::kInt8:
      return bytes / sizeof(float) + 2 * padded_rows(rows);  // and each row's scale and zero
  }
  return 0;
}

template <typename Take>
void PackedWeight::for_each_panels(const kernels::Kernels& kernels, int begin, int end, float* room,
                                   const Take& take) const {
  const bool split = arithmetic_ == Arithmetic::kSplitBf16;
  if (!affine_) {
    const float* packed = packed_.data() + size(begin) * panel_floats();
    return take(
        Panels{.begin = begin, .end = end, .packed = packed, .low = split ? packed + packed_.size() / 2 : nullptr});
  }
  float* low = split ? room + size(kRestoredBlocks) * panel_floats() : nullptr;
  for (int block = begin; block < end; block += kRestoredBlocks) {
    const Panels panels{.begin = block, .end = std::min(block + kRestoredBlocks, end), .packed = room, .low = low};
    for (int i = 0; i < panels.end - block; ++i) restore(kernels, block + i, room, low, size(i) * panel_floats());
    take(panels);
  }
}

void PackedWeight::restore(const kernels::Kernels& kernels, int block, float* packed, float* low,
                           std::size_t at) const {
  const kernels::AffinePanel panel = affine_->panel(block);
  switch (arithmetic_) {
    case Arithmetic::kFp32:
      return kernels.dequantize(panel, packed + at);
    case Arithmetic::kSplitBf16:
      return kernels.dequantize_split(panel, reinterpret_cast<Bf16*>(packed + at), reinterpret_cast<Bf16*>(low + at));
    case Arithmetic::kBf16:
      return kernels.dequantize_bf16(panel, reinterpret_cast<Bf16*>(packed + at));
    case Arithmetic::kInt8:
      break;
  }
  assert(!"an affine weight multiplies no bytes");
}

void PackedWeight::multiply(const kernels::Kernels& kernels, const Tile& tile, Blocked x, const Output& output,
                            float* operand) const {
  assert(x.channels == in_ && output.y.blocks() == tile.end - tile.begin);
  const auto rows = size(tile.count);
  const auto k = size(in_);
  const float* a = x.data + size(tile.row) * kChannelBlock;
  const std::size_t values = padded_rows(tile.count) * padded_in();
  const auto product = [&]<typename A, typename B>(const A* rounded, std::size_t stride, const Panels& panels,
                                                   const B* packed) {
    const std::size_t y_offset = size(tile.y_row) * kChannelBlock + size(panels.begin - tile.begin) * output.y.stride();
    return kernels::BasicGemm<A, B>{.a = rounded,
                                    .a_stride = stride,
                                    .b = packed,
                                    .b_stride = padded_in() * kChannelBlock,
                                    .bias = output.bias + size(panels.begin) * kChannelBlock,
                                    .residual = output.residual ? output.residual + y_offset : nullptr,
                                    .c = output.y.data + y_offset,
                                    .c_stride = output.y.stride(),
                                    .rows = rows,
                                    .n_blocks = size(panels.end - panels.begin),
                                    .k = k,
                                    .activation = output.activation};
  };
  const auto bf16_product = [&](const Bf16* rounded, const Panels& panels) {
    return product(rounded, padded_rows(tile.count) * kernels::kOperandBlock<Bf16>, panels,
                   reinterpret_cast<const Bf16*>(panels.packed));
  };
  const auto for_all_panels = [&](const auto& take) {
    for_each_panels(kernels, tile.begin, tile.end, operand + rounded_floats(tile.count), take);
  };
  auto* bf16 = reinterpret_cast<Bf16*>(operand);
  switch (arithmetic_) {
    case Arithmetic::kFp32:
      return for_all_panels([&](const Panels& panels) { kernels.gemm(product(a, x.stride(), panels, panels.packed)); });
    case Arithmetic::kSplitBf16:
      kernels.split_to_bf16(a, x.stride(), rows, k, bf16, bf16 + values);
      return for_all_panels([&](const Panels& panels) {
        kernels.gemm_split(bf16_product(bf16, panels), bf16 + values, reinterpret_cast<const Bf16*>(panels.low));
      });
    case Arithmetic::kBf16:
      kernels.round_to_bf16(a, x.stride(), rows, k, bf16);
      return for_all_panels([&](const Panels& panels) { kernels.gemm_bf16(bf16_product(bf16, panels)); });
    case Arithmetic::kInt8: {
      auto* bytes = reinterpret_cast<std::uint8_t*>(operand);
      float* row_scale = operand + values / sizeof(float);
      float* row_zero = row_scale + padded_rows(tile.count);
      kernels.quantize_rows(a, x.stride(), rows, k, bytes, row_scale, row_zero);
      return for_all_panels([&](const Panels& panels) {
        const std::size_t first = size(panels.begin) * kChannelBlock;
        kernels.gemm_int8(product(static_cast<const std::uint8_t*>(bytes),
                                  padded_rows(tile.count) * kernels::kOperandBlock<std::uint8_t>, panels,
                                  reinterpret_cast<const std::int8_t*>(panels.packed)),
                          {.row_scale = row_scale,
                           .row_zero = row_zero,
                           .column_scale = column_scale_.data() + first,
                           .column_sum = column_sum_.data() + first});
      });
    }
  }
}

}  // namespace mobileclip
