#include "server/http/chunked_decoder.h"

#include <gtest/gtest.h>

namespace mobileclip::server {
namespace {

using Status = ChunkedDecoder::Status;

struct Outcome {
  Status status;
  std::string body;
  std::string rest;  ///< left of the input
};

/// Feeds the input in pieces of `step` bytes.
Outcome decode(std::string_view input, std::size_t step, std::size_t limit = 1000) {
  ChunkedDecoder decoder(limit);
  Outcome outcome{.status = Status::kMore, .body = {}, .rest = {}};
  while (!input.empty() && outcome.status == Status::kMore) {
    std::string_view piece = input.substr(0, step);
    input.remove_prefix(piece.size());
    outcome.status = decoder.decode(piece, outcome.body);
    outcome.rest = std::string(piece) + std::string(input);
  }
  EXPECT_EQ(outcome.status == Status::kMalformed, !decoder.reason().empty());
  return outcome;
}

constexpr std::size_t kSteps[] = {1, 2, 3, 7, 100'000};

TEST(ChunkedDecoder, GivesTheDataAndLeavesTheNextRequest) {
  for (const std::size_t step : kSteps) {
    const Outcome outcome =
        decode("3\r\nabc\r\n0A;x=y ; z=\"q\"\r\n0123456789\r\n0\r\nX-Sum: 1\r\nY:\r\n\r\nGET /", step);
    EXPECT_EQ(outcome.status, Status::kDone) << step;
    EXPECT_EQ(outcome.body, "abc0123456789");
    EXPECT_EQ(outcome.rest, "GET /");
    EXPECT_EQ(decode("0\r\n\r\n", step).status, Status::kDone);
  }
}

TEST(ChunkedDecoder, AsksForMoreUntilTheLastByte) {
  constexpr std::string_view kWhole = "2\r\nab\r\n0\r\nT: v\r\n\r\n";
  for (std::size_t cut = 0; cut < kWhole.size(); ++cut)
    EXPECT_EQ(decode(kWhole.substr(0, cut), 100).status, Status::kMore) << cut;
  EXPECT_EQ(decode(kWhole, 100).status, Status::kDone);
}

TEST(ChunkedDecoder, RefusesWhatHasASecondReading) {
  for (const char* bad : {"\r\n",
                          "x\r\n",
                          "-1\r\n",
                          "+1\r\n",
                          "0x1\r\n",
                          " 1\r\n",
                          "1 1\r\n",
                          "1\na\r\n",
                          "1\r\r\na",
                          "1;a\nb\r\na",
                          "1;a\rb\r\na",
                          "1;\x80\r\n",
                          "1\r\nab\r\n",
                          "1\r\na\n",
                          "1\r\na\rb",
                          "11111111111111111\r\n",
                          "0\r\nno field\r\n",
                          "0\r\n folded: x\r\n",
                          "0\r\n: x\r\n",
                          "0\r\nX: \x01\r\n",
                          "0\r\nX: y\n"}) {
    for (const std::size_t step : kSteps) EXPECT_EQ(decode(bad, step).status, Status::kMalformed) << bad;
  }
}

TEST(ChunkedDecoder, BoundsWhatSurroundsTheData) {
  const std::string padding(kMaxChunkLineBytes, 'x');
  EXPECT_EQ(decode("1;" + padding, 1).status, Status::kMalformed);
  EXPECT_EQ(decode(std::string(kMaxChunkLineBytes, '0') + "1\r\n", 64).status, Status::kMalformed);
  std::string extended;
  for (int i = 0; i < 100; ++i) extended += "1;" + padding.substr(0, 100) + "\r\na\r\n";
  EXPECT_EQ(decode(extended, 100'000).status, Status::kMalformed);
  EXPECT_LT(decode(extended, 100'000).body.size(), 50u);
  std::string trailers = "0\r\n";
  for (int i = 0; i < 100; ++i) trailers += "X: " + padding.substr(0, 100) + "\r\n";
  EXPECT_EQ(decode(trailers, 100'000).status, Status::kMalformed);
  EXPECT_EQ(decode("0\r\nX: " + std::string(kMaxTrailerBytes, 'x'), 100).status, Status::kMalformed);
}

TEST(ChunkedDecoder, BoundsTheData) {
  EXPECT_EQ(decode("5\r\nabcde\r\n0\r\n\r\n", 3, 5).status, Status::kDone);
  EXPECT_EQ(decode("3\r\nabc\r\n3\r\n", 3, 5).status, Status::kTooLarge);
  EXPECT_EQ(decode("ffffffffffffffff\r\n", 3, 5).status, Status::kTooLarge);
}

}  // namespace
}  // namespace mobileclip::server
