#include "engine/weights/replacement_file.h"

#include <gtest/gtest.h>

#include <system_error>

#include "tests/support/temporary_directory.h"

namespace mobileclip {
namespace {

TEST(ReplacementFileTest, TakesTheTargetsPlaceOnCommit) {
  const testing::TemporaryDirectory directory;
  const auto target = directory.write("out", "before");
  {
    ReplacementFile file(target);
    file.write("after");
    EXPECT_EQ(testing::read_file(target), "before");
    file.commit();
  }
  EXPECT_EQ(testing::read_file(target), "after");
}

TEST(ReplacementFileTest, LeavesNothingWithoutCommit) {
  const testing::TemporaryDirectory directory;
  const auto target = directory.write("out", "before");
  { ReplacementFile(target).write("after"); }
  EXPECT_EQ(testing::read_file(target), "before");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(directory.path()), {}), 1);
}

TEST(ReplacementFileTest, NamesWhatCannotBeWritten) {
  try {
    ReplacementFile file("/no/such/folder/out");
    FAIL();
  } catch (const std::system_error& error) {
    EXPECT_NE(std::string(error.what()).find("/no/such/folder/out"), std::string::npos);
  }
}

}  // namespace
}  // namespace mobileclip
