#include "server/bulk/journal.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <fstream>
#include <stdexcept>

#include "tests/support/temporary_directory.h"

namespace mobileclip::server {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using Values = std::array<float, 3>;

class JournalTest : public ::testing::Test {
 protected:
  Values read(const Journal& journal, const std::string& path) {
    Values values{};
    journal.read(path, values);
    return values;
  }
  void write_two() {
    Journal journal(file, "work", 3);
    journal.append("a", {10, 20}, Values{1, 2, 3});
    journal.append("odd\n\xFFname", {11, 21}, Values{4, 5, 6});
  }

  testing::TemporaryDirectory directory;
  std::filesystem::path file = directory.path() / "journal";
};

TEST_F(JournalTest, HoldsWhatItWasGiven) {
  write_two();
  const Journal journal(file, "work", 3);
  EXPECT_TRUE(journal.has("a", {10, 20}));
  EXPECT_FALSE(journal.has("a", {11, 20}));
  EXPECT_FALSE(journal.has("a", {10, 21}));
  EXPECT_FALSE(journal.has("b", {10, 20}));
  EXPECT_EQ(read(journal, "a"), (Values{1, 2, 3}));
  EXPECT_EQ(read(journal, "odd\n\xFFname"), (Values{4, 5, 6}));
}

TEST_F(JournalTest, TheLastRecordOfAPathCounts) {
  write_two();
  {
    Journal journal(file, "work", 3);
    journal.append("a", {10, 99}, Values{7, 8, 9});
    EXPECT_EQ(read(journal, "a"), (Values{7, 8, 9}));
  }
  const Journal journal(file, "work", 3);
  EXPECT_FALSE(journal.has("a", {10, 20}));
  EXPECT_EQ(read(journal, "a"), (Values{7, 8, 9}));
}

TEST_F(JournalTest, EveryTruncationLosesOnlyWhatItCut) {
  write_two();
  const std::string whole = testing::read_file(file);
  std::size_t fewest = 2;
  for (std::size_t size = whole.size(); size-- > 0;) {
    directory.write("journal", whole.substr(0, size));
    std::size_t found = 0;
    {
      Journal journal(file, "work", 3);
      found = std::size_t{journal.has("a", {10, 20})} + std::size_t{journal.has("odd\n\xFFname", {11, 21})};
      if (journal.has("a", {10, 20})) {
        EXPECT_EQ(read(journal, "a"), (Values{1, 2, 3}));
      }
      journal.append("c", {1, 1}, Values{0, 0, 1});
    }
    EXPECT_LT(found, 2u) << size;
    EXPECT_LE(found, fewest) << size;
    fewest = found;
    const Journal again(file, "work", 3);
    EXPECT_EQ(read(again, "c"), (Values{0, 0, 1})) << size;
  }
  EXPECT_EQ(fewest, 0u);
}

TEST_F(JournalTest, DamagedRecordsAreNotTrusted) {
  write_two();
  const std::string whole = testing::read_file(file);
  const std::size_t header = whole.find("work\n") + 5;
  for (std::size_t at = header; at < whole.size(); ++at) {
    std::string damaged = whole;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x40);
    directory.write("journal", damaged);
    const Journal journal(file, "work", 3);
    EXPECT_FALSE(journal.has("a", {10, 20}) && journal.has("odd\n\xFFname", {11, 21})) << at;
  }
}

TEST_F(JournalTest, RefusesOtherWorkAndForeignFiles) {
  write_two();
  EXPECT_THAT([&] { Journal(file, "other work", 3); },
              ThrowsMessage<std::runtime_error>(HasSubstr("Expected other work, found work")));
  EXPECT_NO_THROW(Journal(file, "work", 3));
  const auto foreign = directory.write("foreign", "somebody's notes, which must not be lost, however long they are");
  const std::string before = testing::read_file(foreign);
  EXPECT_THAT([&] { Journal(foreign, "work", 3); }, ThrowsMessage<std::runtime_error>(HasSubstr("something else")));
  EXPECT_EQ(testing::read_file(foreign), before);
}

TEST_F(JournalTest, IsOneProcesssAtATime) {
  Journal journal(file, "work", 3);
  EXPECT_THAT([&] { Journal(file, "work", 3); }, ThrowsMessage<std::runtime_error>(HasSubstr("another process")));
  journal.remove();
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST(FileVersion, FollowsTheFile) {
  const testing::TemporaryDirectory directory;
  const auto file = directory.write("a", "x");
  const FileVersion before = file_version(file);
  EXPECT_EQ(before, file_version(file));
  std::filesystem::last_write_time(file, std::filesystem::last_write_time(file) + std::chrono::seconds(1));
  EXPECT_NE(before, file_version(file));
  EXPECT_THROW(file_version(directory.path() / "none"), std::system_error);
}

}  // namespace
}  // namespace mobileclip::server
