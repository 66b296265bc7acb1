#include "server/cli/image_file.h"

#include <gtest/gtest.h>

#include <fstream>

#include "server/cli/temporary_directory.h"

namespace mobileclip::server {
namespace {

std::filesystem::path write(const TemporaryDirectory& directory, std::size_t bytes) {
  const std::filesystem::path file = directory.path() / "file";
  std::ofstream(file, std::ios::binary) << std::string(bytes, 'x');
  return file;
}

TEST(ReadImageFile, ReadsAllOfAnySize) {
  const TemporaryDirectory directory;
  for (const std::size_t bytes : {0, 1, (1 << 20) - 1, 1 << 20, (1 << 20) + 1, 3 << 20}) {
    const auto read = read_image_file(write(directory, bytes), 4 << 20);
    ASSERT_TRUE(read) << bytes;
    EXPECT_EQ(read->size(), bytes);
  }
}

TEST(ReadImageFile, KeepsToTheLimit) {
  const TemporaryDirectory directory;
  EXPECT_TRUE(read_image_file(write(directory, 100), 100));
  const auto read = read_image_file(write(directory, 101), 100);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, ErrorCode::kImageTooLarge);
  EXPECT_EQ(read_image_file("/dev/zero", 100).error().code, ErrorCode::kImageTooLarge) << "does not read on for ever";
}

TEST(ReadImageFile, SaysWhyItCannot) {
  EXPECT_EQ(read_image_file("/no/such/file", 100).error().message, "cannot be read: No such file or directory");
  EXPECT_EQ(read_image_file("/", 100).error().message, "cannot be read: Is a directory");
}

TEST(TemporaryDirectory, IsGoneWithItsOwner) {
  std::filesystem::path path;
  {
    const TemporaryDirectory directory;
    path = directory.path();
    write(directory, 1);
    EXPECT_TRUE(std::filesystem::is_directory(path));
  }
  EXPECT_FALSE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace mobileclip::server
