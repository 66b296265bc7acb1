#include "engine/preprocess/byte_view.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

namespace mobileclip {
namespace {

constexpr std::array<std::byte, 8> kBytes{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4},
                                          std::byte{5}, std::byte{6}, std::byte{7}, std::byte{0xFF}};

TEST(ByteViewTest, ReadsBothByteOrders) {
  const ByteView view(kBytes);
  EXPECT_EQ(view.u16(0, ByteOrder::kLittle), 0x0201);
  EXPECT_EQ(view.u16(0, ByteOrder::kBig), 0x0102);
  EXPECT_EQ(view.u24(1, ByteOrder::kLittle), 0x040302u);
  EXPECT_EQ(view.u32(4, ByteOrder::kBig), 0x050607FFu);
  EXPECT_EQ(view.u64(0, ByteOrder::kLittle), 0xFF07060504030201u);
}

TEST(ByteViewTest, ContainsDoesNotOverflow) {
  const ByteView view(kBytes);
  EXPECT_TRUE(view.contains(0, 8));
  EXPECT_TRUE(view.contains(8, 0));
  EXPECT_FALSE(view.contains(1, 8));
  EXPECT_FALSE(view.contains(9, 0));
  EXPECT_FALSE(view.contains(4, std::numeric_limits<std::uint64_t>::max() - 1));
  EXPECT_FALSE(view.contains(std::numeric_limits<std::uint64_t>::max(), 2));
}

TEST(ByteViewTest, MatchesEndsWithTheBytes) {
  const ByteView view(kBytes);
  EXPECT_TRUE(view.matches(6, "\x07\xFF"));
  EXPECT_FALSE(view.matches(7, "\xFF\xFF"));
  EXPECT_FALSE(view.matches(0, "\x02"));
}

}  // namespace
}  // namespace mobileclip
