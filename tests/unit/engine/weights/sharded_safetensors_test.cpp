#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "engine/weights/safetensors.h"
#include "tests/support/temporary_directory.h"

namespace mobileclip {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::TemporaryDirectory;
using ::testing::ThrowsMessage;

class ShardedSafetensors : public ::testing::Test {
 protected:
  ShardedSafetensors() {
    write_shard("s1.safetensors", {"a", "c"}, 1.0F);
    write_shard("s2.safetensors", {"b"}, 2.0F);
  }

  void write_shard(const std::string& file, const std::vector<std::string>& names, float value) const {
    std::vector<TensorToWrite> tensors;
    for (const std::string& name : names) {
      tensors.push_back({.name = name, .dtype = DType::kF32, .shape = {1}, .fill = [value](std::span<float> out) {
                           out[0] = value;
                         }});
    }
    write_safetensors(directory_.path() / file, std::move(tensors));
  }

  std::string error_of(const std::string& index) const {
    try {
      (void)read_sharded_safetensors(directory_.write("i.json", index));
      return "";
    } catch (const LoadError& error) {
      return error.what();
    }
  }

  TemporaryDirectory directory_;
};

TEST_F(ShardedSafetensors, ReadsEveryShard) {
  const fs::path index = directory_.write(
      "i.json",
      R"({"metadata":{"total_size":12},"weight_map":{"a":"s1.safetensors","b":"s2.safetensors","c":"s1.safetensors"}})");
  const TensorStore store = read_sharded_safetensors(index);
  ASSERT_EQ(store.tensors().size(), 3u);
  EXPECT_THAT(store.floats("b", {1}).values, ElementsAre(2.0F));
  EXPECT_THAT(store.floats("c", {1}).values, ElementsAre(1.0F));
  EXPECT_FALSE(store.damaged());
  fs::resize_file(directory_.path() / "s2.safetensors", 10);
  EXPECT_TRUE(store.damaged());
}

TEST_F(ShardedSafetensors, RefusesAnIndexThatDisagreesWithItsShards) {
  EXPECT_THAT(error_of(R"({"weight_map":{"a":"s1.safetensors"}})"),
              HasSubstr("'c' of s1.safetensors is not in the index"));
  EXPECT_THAT(error_of(R"({"weight_map":{"a":"s1.safetensors","c":"s1.safetensors","d":"s1.safetensors"}})"),
              HasSubstr("'d': expected in s1.safetensors"));
  EXPECT_THAT(error_of(R"({"weight_map":{"b":"s3.safetensors"}})"), HasSubstr("s3.safetensors: cannot be opened"));
}

TEST_F(ShardedSafetensors, RefusesATensorThatTwoShardsHold) {
  write_shard("s3.safetensors", {"a", "b"}, 3.0F);
  EXPECT_THAT(error_of(R"({"weight_map":{"b":"s2.safetensors","a":"s3.safetensors"}})"),
              HasSubstr("'b' of s3.safetensors is not in the index"));
}

TEST_F(ShardedSafetensors, RefusesFilesElsewhere) {
  for (const char* const name : {"../s1.safetensors", "/etc/passwd", "x/y", "x\\\\y", "", ".", "..", "a\\u0000b"}) {
    EXPECT_THAT(error_of(R"({"weight_map":{"a":")" + std::string(name) + "\"}}"), HasSubstr("beside the index"))
        << name;
  }
}

TEST_F(ShardedSafetensors, RefusesWhatIsNoIndex) {
  EXPECT_THAT(error_of("{"), HasSubstr("bad JSON"));
  EXPECT_THAT(error_of("[]"), HasSubstr("weight_map"));
  EXPECT_THAT(error_of("{}"), HasSubstr("weight_map"));
  EXPECT_THAT(error_of(R"({"weight_map":[]})"), HasSubstr("weight_map"));
  EXPECT_THAT(error_of(R"({"weight_map":{"a":1}})"), HasSubstr("'a': expected a file's name, found number"));
  EXPECT_THAT([&] { (void)read_sharded_safetensors(directory_.path() / "none"); },
              ThrowsMessage<LoadError>(HasSubstr("none: cannot be opened")));
}

}  // namespace
}  // namespace mobileclip
