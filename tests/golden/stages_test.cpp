// Activations along the way against the reference's (tests/reference/make_stage_goldens.py), so that a wrong layer is
// found where it is wrong: one model with BatchNorm and squeeze-excite, one with LayerNorm and five stages.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "engine/kernels/dispatch.h"
#include "engine/models/clip_text.h"
#include "engine/models/mci.h"
#include "tests/support/shared_data.h"
#include "tests/support/synthetic_model.h"

namespace mobileclip {
namespace {

constexpr double kTolerance = 5e-6;  // of a stage's norm, and of its root mean square a value

class Stages : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    std::ifstream file(testing::source_dir() / "tests" / "golden" / ("stages_" + GetParam() + ".json"));
    ASSERT_TRUE(file) << "no stage goldens for " << GetParam();
    golden_ = nlohmann::json::parse(file);
    model_ = find_model(GetParam());
    ASSERT_NE(model_, nullptr);
  }

  /// `value(i)` is the stage's i-th value in the reference's row-major order.
  template <typename Value>
  void check(const nlohmann::json& expected, std::string_view stage, std::size_t count, const Value& value) {
    seen_.insert(std::string(stage));
    double norm = 0;
    for (std::size_t i = 0; i < count; ++i) norm += double{value(i)} * double{value(i)};
    norm = std::sqrt(norm);
    EXPECT_NEAR(norm, expected["norm"].get<double>(), kTolerance * norm) << stage;
    const double rms = norm / std::sqrt(static_cast<double>(count));
    const auto& values = expected["values"];
    for (std::size_t s = 0; s < values.size(); ++s) {
      const std::size_t at = s * (count - 1) / (values.size() - 1);
      EXPECT_NEAR(value(at), values[s].get<double>(), 4 * kTolerance * rms) << stage << ", value " << at;
    }
  }

  nlohmann::json golden_;
  const ModelConfig* model_ = nullptr;
  Serial serial_;
  std::set<std::string> seen_;
};

INSTANTIATE_TEST_SUITE_P(Models, Stages, ::testing::Values("MobileCLIP2-S0", "MobileCLIP2-S3"), [](const auto& param) {
  std::string name = param.param;
  std::erase(name, '-');
  return name;
});

float channel_value(Blocked x, int channel, int row) {
  return x.block(channel / kChannelBlock)[row * kChannelBlock + channel % kChannelBlock];
}

TEST_P(Stages, Image) {
  const int size = model_->preprocess.image_size;
  const MciEncoder encoder(std::get<MciConfig>(model_->image), model_->embed_dim,
                           {.image_size = size, .mean = model_->mean, .std = model_->std},
                           testing::synthetic_tower(image_tensors(*model_, ImageForm::kFused), golden_["seed"]));
  MciActivations activations = encoder.make_activations();
  AlignedBuffer scratch(encoder.scratch_per_worker());
  const Context context{*kernels::find("auto"), serial_, Scratch(scratch.data(), scratch.size())};
  std::vector<float> embedding(static_cast<std::size_t>(encoder.embed_dim()));
  encoder.forward(context, activations, testing::pattern_image(1, size), embedding,
                  [&](std::string_view stage, FeatureMap map) {
                    const auto pixels = static_cast<std::size_t>(map.pixels());
                    // final_conv's channels come in our order: [the first outputs of all inputs, then the second].
                    const bool multiplied = stage == "final_conv";
                    const int inputs = map.channels / 2;
                    check(golden_["image"][std::string(stage)], stage, map.rows().size(), [&](std::size_t i) {
                      const int theirs = static_cast<int>(i / pixels);
                      const int ours = multiplied ? theirs % 2 * inputs + theirs / 2 : theirs;
                      return channel_value(map.rows(), ours, static_cast<int>(i % pixels));
                    });
                  });
  EXPECT_EQ(seen_.size(), golden_["image"].size());
}

TEST_P(Stages, Text) {
  const ClipTextEncoder encoder(
      model_->text, model_->embed_dim,
      testing::synthetic_tower(text_tensors(model_->text, model_->embed_dim), golden_["seed"]));
  ClipTextActivations activations = encoder.make_activations(1);
  AlignedBuffer scratch(encoder.scratch_per_worker());
  const Context context{*kernels::find("auto"), serial_, Scratch(scratch.data(), scratch.size())};
  const std::vector<std::int32_t> ids{49406, 320, 1125, 539, 320, 2368, 49407};  // make_goldens.py::TEXT_IDS[0]
  const std::span<const std::int32_t> text = ids;
  std::vector<float> embedding(static_cast<std::size_t>(encoder.embed_dim()));
  encoder.forward(context, activations, std::span(&text, 1), embedding, [&](std::string_view stage, Blocked x) {
    const auto width = static_cast<std::size_t>(x.channels);
    check(golden_["text"][std::string(stage)], stage, x.size(),
          [&](std::size_t i) { return channel_value(x, static_cast<int>(i % width), static_cast<int>(i / width)); });
  });
  EXPECT_EQ(seen_.size() + 1, golden_["text"].size()) << "all but the last block, of which only one row is made";
}

}  // namespace
}  // namespace mobileclip
