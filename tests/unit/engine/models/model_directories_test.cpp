#include "engine/models/model_directories.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <string>

namespace mobileclip {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;

class ModelDirectoriesTest : public ::testing::Test {
 protected:
  ModelDirectoriesTest() {
    for (const char* file :
         {"models/b/model.safetensors", "models/a/image_encoder_weights.npz", "models/a/readme.md",
          "models/c/model.safetensors.index.json", "models/.cache/model.safetensors", "models/notes/readme.md",
          "models/c/2_Dense/model.safetensors", "old/modules.json", "old/0_Transformer/model.safetensors"}) {
      fs::create_directories((root / file).parent_path());
      std::ofstream(root / file) << "x";
    }
  }
  ~ModelDirectoriesTest() override { fs::remove_all(root); }

  [[nodiscard]] std::vector<fs::path> found(const std::vector<fs::path>& paths) const {
    std::vector<fs::path> relative;
    std::vector<fs::path> absolute;
    for (const fs::path& path : paths) absolute.push_back(root / path);
    for (const fs::path& path : model_directories(absolute)) relative.push_back(path.lexically_relative(root));
    return relative;
  }

  fs::path root = fs::path(::testing::TempDir()) / ("model_directories" + std::to_string(::getpid()));
};

TEST_F(ModelDirectoriesTest, OfACollectionItsModelsByName) {
  EXPECT_THAT(found({"models"}), ElementsAre("models/a", "models/b", "models/c"));
}

TEST_F(ModelDirectoriesTest, AModelIsItselfWhateverLiesInIt) {
  EXPECT_THAT(found({"models/c"}), ElementsAre("models/c"));
}

TEST_F(ModelDirectoriesTest, WeightsMayLieInAFolderOfAModule) {
  EXPECT_THAT(found({"old"}), ElementsAre("old"));
  EXPECT_TRUE(holds_model(root / "old"));
  EXPECT_FALSE(holds_model(root / "models"));
}

TEST_F(ModelDirectoriesTest, EachOnceInTheOrderGiven) {
  EXPECT_THAT(found({"models/b", "models", "models/../models/a"}), ElementsAre("models/b", "models/a", "models/c"));
}

TEST_F(ModelDirectoriesTest, WhatHoldsNothingIsLeftToTheLoader) {
  EXPECT_THAT(found({"models/notes", "absent"}), ElementsAre("models/notes", "absent"));
}

}  // namespace
}  // namespace mobileclip
