#include "engine/models/fingerprint.h"

#include <gtest/gtest.h>

#include <set>

namespace mobileclip {
namespace {

class Fingerprint : public ::testing::Test {
 protected:
  Fingerprint() {
    image_.emplace("a", owned_tensor({2}, {1.0F, 2.5F}));
    image_.emplace("b", owned_tensor({1, 1}, {-3.0F}));
    text_.emplace("a", owned_tensor({}, {0.1F}));
  }
  [[nodiscard]] std::string now() const { return fingerprint(config_, image_, text_); }

  ModelConfig config_ = *find_model("MobileCLIP2-S0");
  TowerWeights image_;
  TowerWeights text_;
};

// By Python's hashlib over the document that the header describes:
//   image 256 bilinear 0 0 0 1 1 1\ntext 8 bidirectional 77\nimage.a [2] <sha256>\nimage.b [1, 1] <sha256>\ntext.a []
//   <sha256>\n
TEST_F(Fingerprint, IsTheDocumentedHash) {
  EXPECT_EQ(now(), "7ed1a9977f5c6069cc69ad1d62468d1b64db0e9b56686cc822c3ef36fb74e4fb");
}

TEST_F(Fingerprint, FollowsEverythingThatChangesEmbeddings) {
  std::set<std::string> seen{now()};
  const auto expect_new = [&](const char* what) { EXPECT_TRUE(seen.insert(now()).second) << what; };
  config_.preprocess.image_size = 224;
  expect_new("image size");
  config_.preprocess.interpolation = Interpolation::kBicubic;
  expect_new("interpolation");
  config_.mean[2] = 0.40821073F;
  expect_new("mean");
  config_.std[0] = 0.5F;
  expect_new("std");
  config_.text.causal = true;
  expect_new("causal");
  config_.text.heads = 16;
  expect_new("heads");
  image_.at("a") = owned_tensor({2}, {1.0F, 2.5000002F});
  expect_new("a value");
  image_.at("a") = owned_tensor({1, 2}, {1.0F, 2.5000002F});
  expect_new("a shape");
  text_.emplace("b", image_.at("b"));
  expect_new("a tensor");
  text_ = {};
  text_.emplace("a", owned_tensor({}, {0.1F}));
  text_.emplace("c", image_.at("b"));
  expect_new("a name");
  AffineMatrix matrix = quantize_affine(std::vector<float>(64, 0.5F), 1, {.bits = 4, .group_size = 64});
  const auto expect_new_with = [&](const char* what) {
    text_ = {};
    text_.emplace("q", matrix);
    expect_new(what);
  };
  expect_new_with("a quantised tensor");
  matrix.words[3] ^= 1;
  expect_new_with("a word");
  matrix.scales[0] *= 2;
  expect_new_with("a scale");
  matrix.biases[0] += 1;
  expect_new_with("a bias");
}

TEST_F(Fingerprint, IgnoresTheModelsName) {
  const std::string before = now();
  config_.name = "renamed";
  EXPECT_EQ(now(), before);
}

}  // namespace
}  // namespace mobileclip
