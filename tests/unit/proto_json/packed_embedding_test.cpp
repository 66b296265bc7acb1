#include "proto_json/packed_embedding.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace mobileclip::proto {
namespace {

std::string packed(std::vector<float> embedding, ElementType type) {
  std::string out;
  append_packed(out, embedding, type);
  EXPECT_EQ(out.size(), packed_size(embedding.size(), type));
  return out;
}

TEST(PackedEmbedding, FloatsAreLittleEndian) {
  EXPECT_EQ(packed({1, -2}, ElementType::kF32), std::string("\x00\x00\x80\x3F\x00\x00\x00\xC0", 8));
  EXPECT_EQ(packed({1, -2}, ElementType::kF16), std::string("\x00\x3C\x00\xC0", 4));
}

TEST(PackedEmbedding, Int8UsesItsWholeRange) {
  std::string out;
  const std::vector<float> embedding{0.5f, -0.25f, 0.001f, -0.5f, 0};
  const float scale = append_packed(out, embedding, ElementType::kInt8);
  EXPECT_FLOAT_EQ(scale, 0.5f / 127);
  EXPECT_EQ(out, std::string("\x7F\xC0\x00\x81\x00", 5)) << "halves round away from zero: -63.5 is -64";
  for (std::size_t i = 0; i < embedding.size(); ++i) {
    EXPECT_NEAR(static_cast<float>(static_cast<signed char>(out[i])) * scale, embedding[i], scale / 2 + 1e-7f);
  }
}

TEST(PackedEmbedding, Int8OfZeros) {
  std::string out;
  EXPECT_EQ(append_packed(out, std::vector<float>{0, 0}, ElementType::kInt8), 0);
  EXPECT_EQ(out, std::string("\0\0", 2));
}

TEST(PackedEmbedding, BinaryPacksAsNumpyDoes) {
  EXPECT_EQ(packed({1, -1, 0, 1, 1, -1, -1, -1, 0.1f}, ElementType::kBinary), "\x98\x80");
  EXPECT_EQ(packed({}, ElementType::kBinary), "");
  EXPECT_EQ(packed({-0.0f, 0.0f, std::ldexp(1.0f, -149)}, ElementType::kBinary), "\x20");
}

}  // namespace
}  // namespace mobileclip::proto
