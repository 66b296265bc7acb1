#include "server/cli/command_line.h"

#include <gmock/gmock.h>

#include <vector>

namespace mobileclip::server {
namespace {

using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

struct Finished {
  int status;
  std::string out;
  std::string err;
};

Finished run(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), "mobileclip-server");
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  const int status = run_command_line(static_cast<int>(arguments.size()), arguments.data());
  return {status, ::testing::internal::GetCapturedStdout(), ::testing::internal::GetCapturedStderr()};
}

constexpr const char* kCommands[] = {"serve",   "embed",    "tokenize",   "preprocess", "inspect",
                                     "convert", "quantize", "synthesize", "test-model", "selftest"};

TEST(CommandLine, ExplainsItself) {
  const Finished help = run({"--help"});
  EXPECT_EQ(help.status, 0);
  for (const char* command : kCommands) EXPECT_THAT(help.out, HasSubstr(command));
  EXPECT_THAT(run({"--version"}).out, StartsWith("mobileclip-server 0."));

  const Finished nothing = run({});
  EXPECT_EQ(nothing.status, 2);
  EXPECT_EQ(nothing.err, help.out);
}

TEST(CommandLine, ExplainsEveryCommand) {
  for (const char* command : kCommands) {
    const Finished help = run({command, "--help"});
    EXPECT_EQ(help.status, 0) << command;
    EXPECT_THAT(help.out, HasSubstr(std::string("Usage: mobileclip-server ") + command));
    EXPECT_EQ(help.err, "") << command;
  }
}

TEST(CommandLine, KeepsToTheWidthOfAPage) {
  for (const char* command : kCommands) {
    const std::string help = run({command, "--help"}).out;
    for (std::size_t begin = 0; begin < help.size();) {
      const std::size_t end = std::min(help.find('\n', begin), help.size());
      EXPECT_LE(end - begin, 130) << command << ": " << help.substr(begin, end - begin);
      begin = end + 1;
    }
  }
}

void expect_usage_error(std::vector<const char*> arguments, const std::string& message) {
  const Finished result = run(std::move(arguments));
  EXPECT_EQ(result.status, 2) << message;
  EXPECT_EQ(result.out, "");
  EXPECT_THAT(result.err, AllOf(StartsWith("mobileclip-server: error: " + message), EndsWith("\n")));
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
}

TEST(CommandLine, SuggestsWhatWasMeant) {
  expect_usage_error({"srve"}, "unknown command 'srve'; did you mean 'serve'? (see: mobileclip-server --help)\n");
  expect_usage_error({"serve", "--prot", "1"},
                     "unknown option '--prot'; did you mean '--port'? (see: mobileclip-server serve --help)\n");
  expect_usage_error({"serve", "--max-bath=1"}, "unknown option '--max-bath'; did you mean '--max-batch'?");
  expect_usage_error({"tokenize", "--vocabulary", "x", "text"}, "unknown option '--vocabulary'");
  expect_usage_error({"preprocess", "a", "b", "-o", "c"}, "unexpected argument 'b'");
  expect_usage_error({"synthesize", "MobileCLIP2-S1", "out"},
                     "unknown model 'MobileCLIP2-S1'; did you mean 'MobileCLIP2-S0'?");
}

TEST(CommandLine, SaysWhatIsMissing) {
  expect_usage_error({"serve"}, "no model given: use --model DIR");
  expect_usage_error({"embed", "text"}, "--model is required");
  expect_usage_error({"inspect"}, "PATH is required");
  expect_usage_error({"tokenize", "text"}, "no vocabulary given: use --model DIR or --vocab FILE");
  expect_usage_error({"preprocess", "x.jpg"}, "--output is required");
  expect_usage_error({"serve", "--port"}, "--port");
}

TEST(CommandLine, NamesTheFlagOfABadValue) {
  expect_usage_error({"serve", "--port", "99999"}, "--port: expected an integer from 0 to 65535, found '99999'\n");
  expect_usage_error({"serve", "--model", "m", "--max-body-bytes", "lots"}, "--max-body-bytes: expected a size");
  expect_usage_error({"synthesize", "MobileCLIP2-S0", "o", "--dtype", "f64"}, "--dtype");
  expect_usage_error({"embed", "--image", "--text", "--model", "m", "x"}, "--image excludes --text");
  expect_usage_error({"tokenize", "--model", "m", "--vocab", "v", "x"}, "--model excludes --vocab");
  expect_usage_error({"preprocess", "x", "-o", "y", "--size", "0"}, "--size: Value 0 not in range 1 to 4096");
}

TEST(CommandLine, FailsWithOneLineWhereTheWorkFails) {
  const Finished result = run({"inspect", "/no/such/model"});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, AllOf(StartsWith("mobileclip-server: error: "), HasSubstr("/no/such/model"), EndsWith("\n")));
  EXPECT_EQ(std::count(result.err.begin(), result.err.end(), '\n'), 1) << result.err;
}

TEST(Serve, PrintsTheConfigurationThatResults) {
  const Finished result =
      run({"serve", "--print-config", "--model", "/m", "--max-batch", "4", "--max-batch", "8", "--access-log"});
  EXPECT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("\nmodel: /m\n"));
  EXPECT_THAT(result.out, HasSubstr("\n  max_batch: 8\n"));
  EXPECT_THAT(result.out, HasSubstr("\n  access: true\n"));
}

}  // namespace
}  // namespace mobileclip::server
