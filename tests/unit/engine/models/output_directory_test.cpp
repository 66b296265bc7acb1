#include "engine/models/output_directory.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include <fstream>
#include <set>

#include "engine/base/error.h"
#include "tests/support/temporary_directory.h"

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

TEST(OutputDirectory, ReplacesWhereAskedTo) {
  const TemporaryDirectory directory;
  const fs::path target = directory.path() / "model";
  fs::create_directories(target / "inner");
  std::ofstream(target / "old") << "x";
  {
    OutputDirectory output(target, OutputDirectory::Existing::kReplace);
    std::ofstream(output.staging() / "a") << "x";
  }
  EXPECT_THAT(files_in(target), UnorderedElementsAre("old", "inner")) << "without commit() as before";
  {
    OutputDirectory output(target, OutputDirectory::Existing::kReplace);
    std::ofstream(output.staging() / "a") << "x";
    EXPECT_THAT(files_in(target), UnorderedElementsAre("old", "inner"));
    output.commit();
  }
  EXPECT_THAT(files_in(target), UnorderedElementsAre("a"));
  EXPECT_THAT(files_in(directory.path()), UnorderedElementsAre("model"));
}

TEST(OutputDirectory, RemovesWhatAKilledProcessLeftButNotWhatOneIsWriting) {
  const TemporaryDirectory directory;
  const fs::path target = directory.path() / "model";
  for (const char* const name : {".model.partial-1", ".model.partial-mine", ".model2.partial-1"}) {
    fs::create_directory(directory.path() / name);
  }
  fs::create_directory(directory.path() / ".model.partial-2");
  const int held = open((directory.path() / ".model.partial-2").c_str(), O_RDONLY | O_DIRECTORY);
  ASSERT_EQ(flock(held, LOCK_EX | LOCK_NB), 0);
  { OutputDirectory output(target); }
  EXPECT_THAT(files_in(directory.path()),
              UnorderedElementsAre(".model.partial-mine", ".model.partial-2", ".model2.partial-1"));
  close(held);

  fs::create_directories(target / ".partial-1");  // of one that wrote into an empty directory
  { OutputDirectory output(target); }
  EXPECT_TRUE(fs::is_empty(target));
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
