#include "server/cache/content_key.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

namespace mobileclip::server {
namespace {

EngineInfo info_of(std::string fingerprint) {
  EngineInfo info{};
  info.model = "model";
  info.fingerprint = std::move(fingerprint);
  info.precision = "fp32";
  info.isa = "avx2";
  return info;
}

std::span<const std::byte> bytes_of(const std::string& text) { return std::as_bytes(std::span(text)); }

TEST(ContentHasher, SameContentAndOptionsGiveTheSameKey) {
  const ContentHasher a(info_of("f"), {});
  const ContentHasher b(info_of("f"), {});
  const EmbedRequest request;
  EmbedRequest later = request;
  later.deadline = Deadline::after(std::chrono::seconds(1));
  later.abandoned = std::make_shared<std::atomic<bool>>(true);
  EXPECT_EQ(a.key(Lane::kText, request, bytes_of("a cat")), a.key(Lane::kText, later, bytes_of("a cat")));
  EXPECT_EQ(a.key(Lane::kText, request, bytes_of("a cat")), b.key(Lane::kText, request, bytes_of("a cat")));
}

TEST(ContentHasher, EveryOptionAndTheLaneCount) {
  const ContentHasher hasher(info_of("f"), {});
  const std::string text = "a cat";
  std::set<ContentKey> keys;
  keys.insert(hasher.key(Lane::kText, {}, bytes_of(text)));
  keys.insert(hasher.key(Lane::kImage, {}, bytes_of(text)));
  keys.insert(hasher.key(Lane::kText, {.normalize = false}, bytes_of(text)));
  keys.insert(hasher.key(Lane::kText, {.dimensions = 1}, bytes_of(text)));
  keys.insert(hasher.key(Lane::kText, {.dimensions = 256}, bytes_of(text)));
  keys.insert(hasher.key(Lane::kText, {.truncate = false}, bytes_of(text)));
  EXPECT_EQ(keys.size(), 6u);
}

TEST(ContentHasher, ModelArithmeticAndPreprocessingCount) {
  EngineInfo other_precision = info_of("f");
  other_precision.precision = "bf16";
  EngineInfo other_isa = info_of("f");
  other_isa.isa = "avx512";
  EngineInfo shifted = info_of("");  // the same letters, divided otherwise among the fields
  shifted.model = "modelf";
  std::set<ContentKey> keys;
  const auto add = [&keys](const EngineInfo& info, const EngineOptions& options) {
    keys.insert(ContentHasher(info, options).key(Lane::kText, {}, bytes_of("a cat")));
  };
  add(info_of("f"), {});
  add(info_of("g"), {});
  add(other_precision, {});
  add(other_isa, {});
  add(shifted, {});
  add(info_of("f"), {.exif = ExifOrientation::kApply});
  add(info_of("f"), {.decode = JpegDecoding::kFast});
  EXPECT_EQ(keys.size(), 7u);
}

TEST(ContentHasher, NearlyIdenticalContentsDiffer) {
  const ContentHasher hasher(info_of("f"), {});
  std::set<ContentKey> keys;
  std::string content(300, 'x');
  const auto add = [&] { keys.insert(hasher.key(Lane::kImage, {}, bytes_of(content))); };
  add();
  for (std::size_t i = 0; i < content.size(); ++i) {
    for (const int bit : {0, 3, 7}) {
      content[i] = static_cast<char>(content[i] ^ (1 << bit));
      add();
      content[i] = static_cast<char>(content[i] ^ (1 << bit));
    }
  }
  for (const char* text : {"", " ", "a cat", "a cat ", " a cat", "A cat", "a  cat", "a\tcat"}) {
    content = text;
    add();
  }
  content = std::string("a cat\0", 6);
  add();
  EXPECT_EQ(keys.size(), 1u + 900u + 9u);
}

}  // namespace
}  // namespace mobileclip::server
