#include "server/bulk/embedding_file.h"

#include <gtest/gtest.h>

#include <cstring>
#include <stdexcept>

#include "engine/weights/npy_header.h"
#include "engine/weights/safetensors.h"
#include "tests/support/temporary_directory.h"

namespace mobileclip::server {
namespace {

/// Row "a" is {1, -1}, "b" {2, -2}, …
EmbeddingRows rows_of(std::vector<std::string> paths) {
  return {.paths = std::move(paths),
          .dimensions = 2,
          .read =
              [](const std::string& path, std::span<float> values) {
                if (path == "broken") throw std::runtime_error("broken");
                values[0] = static_cast<float>(path.front() - 'a' + 1);
                values[1] = -values[0];
              },
          .about = {{"model", "m"}}};
}

TEST(EmbeddingFile, Npy) {
  const testing::TemporaryDirectory directory;
  const auto file = directory.path() / "out.npy";
  write_embeddings(file, rows_of({"a", "c\n"}));
  const std::string bytes = testing::read_file(file);
  const NpyHeader header = parse_npy_header(std::as_bytes(std::span(bytes)).first(128));
  EXPECT_EQ(header.shape, (Shape{2, 2}));
  float values[4];
  ASSERT_EQ(bytes.size(), 128 + sizeof values);
  std::memcpy(values, bytes.data() + 128, sizeof values);
  EXPECT_EQ(std::vector<float>(values, values + 4), (std::vector<float>{1, -1, 3, -3}));
  EXPECT_EQ(testing::read_file(list_of_paths(file)), "\"a\"\n\"c\\u000a\"\n");
}

TEST(EmbeddingFile, Safetensors) {
  const testing::TemporaryDirectory directory;
  const auto file = directory.path() / "out.safetensors";
  write_embeddings(file, rows_of({"a", "b", "c"}));
  EXPECT_EQ(read_safetensors_metadata(file).at("model"), "m");
  const TensorStore store = read_safetensors(file);
  ASSERT_NE(store.find("embeddings"), nullptr);
  EXPECT_EQ(store.find("embeddings")->shape, (Shape{3, 2}));
  const std::string bytes = testing::read_file(file);
  float last = 0;
  std::memcpy(&last, bytes.data() + bytes.size() - sizeof last, sizeof last);
  EXPECT_EQ(last, -3);
  EXPECT_TRUE(std::filesystem::exists(list_of_paths(file)));
}

TEST(EmbeddingFile, Ndjson) {
  const testing::TemporaryDirectory directory;
  const auto file = directory.path() / "out.ndjson";
  write_embeddings(file, rows_of({"a", "b"}));
  EXPECT_EQ(testing::read_file(file),
            "{\"input\":\"a\",\"kind\":\"image\",\"embedding\":[1,-1]}\n"
            "{\"input\":\"b\",\"kind\":\"image\",\"embedding\":[2,-2]}\n");
  EXPECT_FALSE(std::filesystem::exists(list_of_paths(file)));
}

TEST(EmbeddingFile, NoRowsAreAnArrayToo) {
  const testing::TemporaryDirectory directory;
  const auto file = directory.path() / "out.npy";
  write_embeddings(file, rows_of({}));
  EXPECT_EQ(testing::read_file(file), write_npy_header(DType::kF32, {0, 2}));
}

TEST(EmbeddingFile, WhatFailsLeavesWhatWasThere) {
  const testing::TemporaryDirectory directory;
  const auto file = directory.write("out.npy", "before");
  EXPECT_THROW(write_embeddings(file, rows_of({"a", "broken"})), std::runtime_error);
  EXPECT_EQ(testing::read_file(file), "before");
}

TEST(EmbeddingFile, FormatsByEnding) {
  EXPECT_EQ(embedding_format("a/b.npy"), EmbeddingFormat::kNpy);
  EXPECT_EQ(embedding_format("b.jsonl"), EmbeddingFormat::kNdjson);
  EXPECT_EQ(embedding_format("b.ndjson"), EmbeddingFormat::kNdjson);
  EXPECT_EQ(embedding_format("b.safetensors"), EmbeddingFormat::kSafetensors);
  EXPECT_EQ(embedding_format("b.csv"), std::nullopt);
  EXPECT_EQ(embedding_format("npy"), std::nullopt);
}

}  // namespace
}  // namespace mobileclip::server
