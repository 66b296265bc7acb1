// Runs a fuzz target without a fuzzer: over its seeds, the shared folder's hostile files, and mutations of the seeds
// that are the same in every run. Linked with one target.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <iterator>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "tests/fuzz/check.h"
#include "tests/support/shared_data.h"

namespace mobileclip::fuzz {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMutations = MOBILECLIP_FUZZ_MUTATIONS;
constexpr std::size_t kMaxInput = 1u << 16;  // of what is mutated
const std::string kCrashFile = fs::temp_directory_path() / ("mobileclip-crash-" MOBILECLIP_FUZZ_TARGET);

struct Input {
  std::string name;
  std::string bytes;
};

/// The input that the target is given: for the signal handler, which must find it without locks or memory.
struct {
  const char* bytes = nullptr;
  std::size_t size = 0;
} running;

/// Keeps what crashed the target: feed it to fuzz_<target>, or add it to the corpus.
void keep_input(int signal) {
  const int file = open(kCrashFile.c_str(), O_CREAT | O_TRUNC | O_WRONLY, 0644);
  if (file >= 0 && write(file, running.bytes, running.size) >= 0) {
    constexpr char kSaid[] = "the input is kept in ";
    (void)!write(STDERR_FILENO, kSaid, sizeof kSaid - 1);
    (void)!write(STDERR_FILENO, kCrashFile.data(), kCrashFile.size());
    (void)!write(STDERR_FILENO, "\n", 1);
  }
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

std::string read_file(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

/// By name, so that every run has the same order.
std::vector<Input> files_of(const fs::path& folder) {
  std::vector<Input> inputs;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) inputs.push_back({entry.path().filename().string(), read_file(entry.path())});
  }
  std::sort(inputs.begin(), inputs.end(), [](const Input& a, const Input& b) { return a.name < b.name; });
  return inputs;
}

std::vector<Input> seeds() { return files_of(testing::source_dir() / "tests/fuzz/corpus" / MOBILECLIP_FUZZ_TARGET); }

void run(const Input& input) {
  running = {input.bytes.data(), input.bytes.size()};
  try {
    LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(input.bytes.data()), input.bytes.size());
  } catch (const std::exception& error) {
    std::ofstream(kCrashFile, std::ios::binary) << input.bytes;
    FAIL() << input.name << ", kept in " << kCrashFile << ", throws: " << error.what();
  }
}

class Mutator {
 public:
  explicit Mutator(const std::vector<Input>& inputs) : inputs_(inputs) {}

  std::string next() {
    std::string bytes = any_input().substr(0, kMaxInput);
    for (std::size_t left = 1 + below(4); left > 0; --left) mutate(bytes);
    return bytes;
  }

 private:
  std::size_t below(std::size_t end) { return random_() % end; }  // the standard's distributions differ by library
  const std::string& any_input() { return inputs_[below(inputs_.size())].bytes; }

  void mutate(std::string& bytes) {
    const std::size_t at = below(bytes.size() + 1);
    const std::size_t count = std::min(1 + below(16), bytes.size() - at);
    switch (below(12)) {
      case 0:
      case 1:
      case 2:
        if (at < bytes.size()) bytes[at] = static_cast<char>(bytes[at] ^ 1 << below(8));
        break;
      case 3:
      case 4:
        if (at < bytes.size()) bytes[at] = static_cast<char>(below(256));
        break;
      case 5:
      case 6:
        bytes.erase(at, count);
        break;
      case 7:
      case 8:
        bytes.insert(at, bytes.substr(at, count));
        break;
      case 9:
        bytes.resize(at);
        break;
      default: {  // a piece of another seed
        const std::string& other = any_input();
        const std::size_t from = below(other.size() + 1);
        bytes.replace(at, count, other.substr(from, 1 + below(64)));
      }
    }
  }

  const std::vector<Input>& inputs_;
  std::mt19937 random_{20260101};
};

class FuzzReplay : public ::testing::Test {
 protected:
  void SetUp() override {
    for (const int signal : {SIGABRT, SIGSEGV, SIGFPE, SIGILL, SIGBUS}) std::signal(signal, keep_input);
  }
};

TEST_F(FuzzReplay, NoInput) { run({"nothing", ""}); }

TEST_F(FuzzReplay, Seeds) {
  const auto inputs = seeds();
  ASSERT_FALSE(inputs.empty());
  for (const Input& input : inputs) run(input);
}

TEST_F(FuzzReplay, MutatedSeeds) {
  const auto inputs = seeds();
  ASSERT_FALSE(inputs.empty());
  Mutator mutator(inputs);
  for (std::size_t i = 0; i < kMutations && !HasFailure(); ++i) run({"mutation " + std::to_string(i), mutator.next()});
}

#ifdef MOBILECLIP_FUZZ_HOSTILE
TEST_F(FuzzReplay, HostileFiles) {
  std::istringstream folders(MOBILECLIP_FUZZ_HOSTILE);
  for (std::string folder; std::getline(folders, folder, ',');) {
    REQUIRE_SHARED(path, "data/hostile/" + folder);
    for (const Input& input : files_of(path)) run(input);
  }
}
#endif

}  // namespace
}  // namespace mobileclip::fuzz
