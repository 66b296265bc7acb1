#include "server/logging/log_writer.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <memory>
#include <new>
#include <string>
#include <thread>
#include <vector>

namespace mobileclip::server {
namespace {

class LogWriterTest : public ::testing::Test {
 protected:
  LogWriterTest() { EXPECT_EQ(::pipe(pipe_.data()), 0); }
  ~LogWriterTest() override {
    ::close(pipe_[0]);
    ::close(pipe_[1]);
  }

  std::string read(std::size_t bytes) {
    std::string text(bytes, '\0');
    std::size_t got = 0;
    while (got < bytes) {
      const ssize_t n = ::read(pipe_[0], text.data() + got, bytes - got);
      if (n <= 0) break;
      got += static_cast<std::size_t>(n);
    }
    text.resize(got);
    return text;
  }

  std::array<int, 2> pipe_{};
};

TEST_F(LogWriterTest, WritesWholeLinesInOrder) {
  std::string expected;
  {
    LogWriter writer(pipe_[1]);
    for (int i = 0; i < 100; ++i) {
      const std::string line = "line " + std::to_string(i) + "\n";
      writer.write(line);
      expected += line;
    }
  }
  EXPECT_EQ(read(expected.size()), expected);
}

TEST_F(LogWriterTest, AReaderThatStallsHoldsUpNobodyAndWhatIsDroppedIsCounted) {
  const std::string line = std::string(999, 'x') + "\n";
  std::uint64_t dropped = 0;
  constexpr int kLines = 1000;  // far more than a pipe and the writer's memory hold
  {
    LogWriter writer(pipe_[1], 100'000);
    for (int i = 0; i < kLines; ++i) writer.write(line);
    dropped = writer.dropped();
    EXPECT_GT(dropped, 0u);
    EXPECT_LT(dropped, kLines) << "what the memory holds is kept";
  }  // gives up on the reader by itself
  ::close(pipe_[1]);
  const std::string text = read(kLines * line.size());
  EXPECT_LE(text.size(), (kLines - dropped) * line.size());
  EXPECT_GE(text.size(), 16'384u);
  pipe_[1] = ::dup(pipe_[0]);
}

TEST_F(LogWriterTest, AReaderThatComesBackGetsTheRest) {
  const std::string line = std::string(999, 'x') + "\n";
  std::thread reader;
  std::string text;
  std::uint64_t dropped = 0;
  {
    LogWriter writer(pipe_[1], 1'000'000);
    for (int i = 0; i < 200; ++i) writer.write(line);
    dropped = writer.dropped();
    reader = std::thread([&] { text = read(200 * line.size()); });
  }
  reader.join();
  EXPECT_EQ(dropped, 0u);
  EXPECT_EQ(text.size(), 200 * line.size());
}

/// While there is one, the process gets no more memory from the system; QEMU's user mode does not keep to it, nor do
/// the allocators of sanitizers.
class NoMoreMemory {
 public:
  NoMoreMemory() {
    ::getrlimit(RLIMIT_AS, &before_);
    const rlimit nothing{.rlim_cur = 0, .rlim_max = before_.rlim_max};
    ::setrlimit(RLIMIT_AS, &nothing);
  }
  ~NoMoreMemory() { ::setrlimit(RLIMIT_AS, &before_); }
  NoMoreMemory(const NoMoreMemory&) = delete;
  NoMoreMemory& operator=(const NoMoreMemory&) = delete;

 private:
  rlimit before_{};
};

TEST_F(LogWriterTest, DropsALineThatFindsNoMemory) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "a sanitizer ends the process where it finds no memory";
#endif
  constexpr std::size_t kMoreThanLiesFree = 1 << 26;
  LogWriter writer(pipe_[1], 2 * kMoreThanLiesFree);
  const std::string line(kMoreThanLiesFree, 'x');
  bool limited = false;
  {
    const NoMoreMemory limit;
    const std::unique_ptr<char[]> probe(new (std::nothrow) char[kMoreThanLiesFree]);
    limited = probe == nullptr;
    if (limited) writer.write(line);
  }
  if (!limited) GTEST_SKIP() << "memory cannot be limited here, as under QEMU";
  EXPECT_EQ(writer.dropped(), 1u);
  writer.write("the next\n");
  EXPECT_EQ(read(9), "the next\n");
}

}  // namespace
}  // namespace mobileclip::server
