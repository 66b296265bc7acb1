#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <system_error>

#include "engine/base/error.h"
#include "engine/weights/safetensors.h"
#include "tests/support/temporary_directory.h"

namespace mobileclip {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::read_file;
using testing::safetensors_bytes;
using testing::TemporaryDirectory;
using ::testing::ThrowsMessage;

TensorToWrite tensor(std::string name, DType dtype, std::vector<float> values) {
  return {.name = std::move(name),
          .dtype = dtype,
          .shape = {static_cast<std::int64_t>(values.size())},
          .fill = [values](std::span<float> out) { std::ranges::copy(values, out.begin()); }};
}

TEST(SafetensorsWriter, WritesTheReferencesBytes) {
  const TemporaryDirectory directory;
  const fs::path file = directory.path() / "x.safetensors";
  write_safetensors(file,
                    {tensor("b", DType::kF32, {1.0F}),
                     {.name = "a.num_batches_tracked", .dtype = DType::kI64, .shape = {}, .fill = {}}},
                    {{"format", "pt"}});
  std::string header =
      R"({"__metadata__":{"format":"pt"},"a.num_batches_tracked":{"dtype":"I64","shape":[],"data_offsets":[0,8]},)"
      R"("b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}})";
  header.append((8 - header.size() % 8) % 8, ' ');
  EXPECT_EQ(read_file(file), safetensors_bytes(header, std::string("\0\0\0\0\0\0\0\0\0\0\x80\x3F", 12)));
}

TEST(SafetensorsWriter, ReadsBackWhatItWrote) {
  const TemporaryDirectory directory;
  const fs::path file = directory.path() / "x.safetensors";
  write_safetensors(file, {tensor("f32", DType::kF32, {0.1F, -3.0F}), tensor("f16", DType::kF16, {0.1F, 65504.0F}),
                           tensor("bf16", DType::kBF16, {0.1F, 1e38F}), tensor("none", DType::kF32, {})});
  const TensorStore store = read_safetensors(file);
  EXPECT_THAT(store.floats("f32", {2}).values, ElementsAre(0.1F, -3.0F));
  EXPECT_THAT(store.floats("f16", {2}).values, ElementsAre(0x1.998p-4F, 65504.0F));
  EXPECT_THAT(store.floats("bf16", {2}).values, ElementsAre(0x1.9ap-4F, 0x1.2cp+126F));
  EXPECT_THAT(store.floats("none", {0}).values, IsEmpty());
}

TEST(SafetensorsWriter, ReportsProgressInBytes) {
  const TemporaryDirectory directory;
  std::vector<std::uint64_t> done;
  write_safetensors(directory.path() / "x", {tensor("a", DType::kF32, {1, 2}), tensor("b", DType::kF16, {1})}, {},
                    [&](std::string_view what, std::uint64_t at, std::uint64_t total) {
                      EXPECT_EQ(what, "writing x");
                      EXPECT_EQ(total, 10u);
                      done.push_back(at);
                    });
  EXPECT_THAT(done, ElementsAre(8, 10));
}

TEST(SafetensorsWriter, LeavesNothingWhereItFails) {
  const TemporaryDirectory directory;
  const fs::path file = directory.write("x", "as it was");
  EXPECT_THAT(
      [&] {
        write_safetensors(file, {tensor("w", DType::kF16, {1.0F, 70000.0F})});
      },
      ThrowsMessage<LoadError>(AllOf(HasSubstr("'w'"), HasSubstr("F16"), HasSubstr("70000"))));
  EXPECT_THROW(write_safetensors(file, {{.name = "w",
                                         .dtype = DType::kF32,
                                         .shape = {1},
                                         .fill = [](std::span<float>) { throw std::runtime_error("no values"); }}}),
               std::runtime_error);
  EXPECT_EQ(read_file(file), "as it was");
  EXPECT_EQ(std::distance(fs::directory_iterator(directory.path()), fs::directory_iterator()), 1);
}

TEST(SafetensorsWriter, NamesAFileThatCannotBeWritten) {
  const TemporaryDirectory directory;
  const fs::path file = directory.path() / "no such directory" / "x";
  EXPECT_THAT([&] { write_safetensors(file, {}); }, ThrowsMessage<std::system_error>(HasSubstr(file.string())));
}

}  // namespace
}  // namespace mobileclip
