#include "engine/models/output_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "engine/base/error.h"
#include "tests/unit/engine/weights/temporary_directory.h"

namespace mobileclip {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::TemporaryDirectory;
using ::testing::ThrowsMessage;
using ::testing::UnorderedElementsAre;

std::set<std::string> files_in(const fs::path& directory) {
  std::set<std::string> names;
  for (const fs::directory_entry& entry : fs::directory_iterator(directory)) names.insert(entry.path().filename());
  return names;
}

TEST(OutputDirectory, AppearsWithItsFiles) {
  const TemporaryDirectory directory;
  const fs::path target = directory.path() / "new" / "model/";
  {
    OutputDirectory output(target);
    std::ofstream(output.staging() / "a") << "x";
    EXPECT_FALSE(fs::exists(target));
    output.commit();
  }
  EXPECT_THAT(files_in(target), UnorderedElementsAre("a"));
  EXPECT_THAT(files_in(directory.path() / "new"), UnorderedElementsAre("model"));
}

TEST(OutputDirectory, FillsAnEmptyOne) {
  const TemporaryDirectory directory;
  {
    OutputDirectory output(directory.path());
    std::ofstream(output.staging() / "a") << "x";
    output.commit();
  }
  EXPECT_THAT(files_in(directory.path()), UnorderedElementsAre("a"));
}

TEST(OutputDirectory, LeavesNothingWithoutCommit) {
  const TemporaryDirectory directory;
  { OutputDirectory output(directory.path() / "model"); }
  { OutputDirectory output(directory.path()); }
  EXPECT_TRUE(fs::is_empty(directory.path()));
}

TEST(OutputDirectory, RefusesToOverwrite) {
  const TemporaryDirectory directory;
  const fs::path file = directory.write("a", "x");
  EXPECT_THAT([&] { OutputDirectory output(directory.path()); }, ThrowsMessage<LoadError>(HasSubstr("files in it")));
  EXPECT_THAT([&] { OutputDirectory output(file); }, ThrowsMessage<LoadError>(HasSubstr("found a file")));
  EXPECT_THAT(files_in(directory.path()), UnorderedElementsAre("a"));
}

}  // namespace
}  // namespace mobileclip
