#include "server/cli/calibration.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/support/temporary_directory.h"

namespace mobileclip::server {
namespace {

namespace fs = std::filesystem;
using mobileclip::testing::TemporaryDirectory;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Rows = std::vector<std::vector<float>>;

TEST(Agreement, IsPerfectWithItself) {
  const Rows rows{{1, 0}, {0.6F, 0.8F}, {0, 1}};
  const Agreement found = agreement(rows, rows);
  EXPECT_NEAR(found.least_cosine, 1, 1e-6);
  EXPECT_NEAR(found.mean_cosine, 1, 1e-6);
  EXPECT_EQ(found.same_neighbour, 3U);
}

TEST(Agreement, CountsCosinesAndNeighbours) {
  const Rows full{{1, 0}, {0.8F, 0.6F}, {0, 1}};
  const Rows quantized{{1, 0}, {0.6F, 0.8F}, {0, 1}};
  const Agreement found = agreement(full, quantized);
  EXPECT_NEAR(found.least_cosine, 0.96, 1e-6);
  EXPECT_NEAR(found.mean_cosine, (1 + 0.96 + 1) / 3, 1e-6);
  EXPECT_EQ(found.same_neighbour, 2U) << "only the second has another nearest";
}

TEST(CalibrationInputs, AreLinesOrFiles) {
  const TemporaryDirectory directory;
  const fs::path texts = directory.write("texts", "one\r\n\n two \nthree");
  EXPECT_THAT(read_calibration_inputs(texts).texts, ElementsAre("one", " two ", "three"));

  const fs::path images = directory.path() / "images";
  fs::create_directories(images / "below");
  for (const char* name : {"b.jpg", "a.png"}) std::ofstream(images / name) << "x";
  EXPECT_THAT(read_calibration_inputs(images).images, ElementsAre(images / "a.png", images / "b.jpg"));
}

TEST(CalibrationInputs, AreTwoOrMore) {
  const TemporaryDirectory directory;
  const fs::path texts = directory.path() / "texts";
  std::ofstream(texts) << "one\n\n";
  const auto error_of = [](const fs::path& path) -> std::string {
    try {
      read_calibration_inputs(path);
    } catch (const std::runtime_error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(error_of(texts), HasSubstr("expected a file of two or more texts"));
  EXPECT_THAT(error_of(directory.path() / "none"), HasSubstr("cannot be opened"));
}

}  // namespace
}  // namespace mobileclip::server
