// Encoder-only text models against the PyTorch reference in float64, for synthetic weights: every architecture, every
// way of pooling, every instruction set of this CPU, texts alone and together. The goldens in encoders/ come from
// tests/reference/make_encoder_goldens.py.
#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "engine/kernels/dispatch.h"
#include "engine/models/encoders/encoder_config_file.h"
#include "engine/models/encoders/encoder_tensors.h"
#include "engine/models/encoders/pooling.h"
#include "engine/models/encoders/sentence_encoder.h"
#include "engine/models/weights_form.h"
#include "tests/support/backwards.h"
#include "tests/support/shared_data.h"
#include "tests/support/synthetic_model.h"
#include "tests/support/temporary_directory.h"

namespace mobileclip {
namespace {

using testing::Backwards;
using testing::relative_error;
using testing::synthetic_tower;

constexpr double kTolerance = 1e-5;

const std::pair<const char*, Pooling> kPoolings[] = {{"cls", Pooling::kCls},
                                                     {"mean", Pooling::kMean},
                                                     {"mean_sqrt_len_tokens", Pooling::kMeanSqrtLen},
                                                     {"max", Pooling::kMax},
                                                     {"weightedmean", Pooling::kWeightedMean},
                                                     {"lasttoken", Pooling::kLastToken}};

/// Texts one after the other, as an encoder takes them.
struct Texts {
  void add(const std::vector<std::int32_t>& text, const std::vector<std::int32_t>& text_types) {
    ids.insert(ids.end(), text.begin(), text.end());
    types.insert(types.end(), text_types.begin(), text_types.end());
    begins.push_back(static_cast<int>(ids.size()));
  }
  [[nodiscard]] TokenBatch batch() const { return {.ids = ids, .types = types, .row_begins = begins}; }

  std::vector<std::int32_t> ids;
  std::vector<std::int32_t> types;
  std::vector<int> begins{0};
};

/// The token states of a batch, row-major [rows][hidden].
using States = std::vector<std::vector<float>>;

class EncoderGolden : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    std::ifstream file(testing::source_dir() / "tests" / "golden" / "encoders" / (GetParam() + ".json"));
    ASSERT_TRUE(file) << "no golden file for " << GetParam();
    golden_ = nlohmann::json::parse(file);
    const testing::TemporaryDirectory directory;
    std::ofstream(directory.path() / "config.json") << golden_["config"];
    config_ = read_encoder_config(directory.path() / "config.json");
    weights_ = synthetic_tower(encoder_tensors(*config_), golden_["seed"]);
    ASSERT_EQ(weights_.size(), golden_["tensors"]);

    const auto ids = golden_["ids"].get<std::vector<std::vector<std::int32_t>>>();
    const auto types = golden_["type_ids"].get<std::vector<std::vector<std::int32_t>>>();
    const auto masks = golden_["mask"].get<std::vector<std::vector<int>>>();
    for (std::size_t t = 0; t < ids.size(); ++t) {
      const auto length = std::ranges::count(masks[t], 1);
      alone_.emplace_back();
      const std::vector<std::int32_t> text(ids[t].begin(), ids[t].begin() + length);
      const std::vector<std::int32_t> text_types(types[t].begin(), types[t].begin() + length);
      alone_.back().add(text, text_types);
      together_.add(text, text_types);
      longest_ = std::max(longest_, static_cast<int>(length));
    }
  }

  [[nodiscard]] std::unique_ptr<const TokenEncoder> encoder(Arithmetic arithmetic) const {
    return make_token_encoder(*config_, weights_, {.usual = arithmetic}, longest_);
  }

  Blocked forward(const TokenEncoder& encoder, TokenActivations& activations, const kernels::Kernels& kernels,
                  Parallel& parallel, const Texts& texts, const TokenEncoder::StageObserver& observe = {}) {
    scratch_.resize(encoder.scratch_per_worker() * 3);
    std::ranges::fill(scratch_, std::numeric_limits<float>::quiet_NaN());
    const Context context{kernels, parallel, Scratch(scratch_.data(), encoder.scratch_per_worker())};
    return encoder.forward(context, activations, texts.batch(), observe);
  }

  [[nodiscard]] std::vector<float> pooled(Pooling mode, Blocked states, const Texts& texts, std::size_t text) const {
    std::vector<float> out(static_cast<std::size_t>(hidden_size(*config_)));
    pool({.modes = {mode}}, states, {.begin = texts.begins[text], .end = texts.begins[text + 1]}, hidden_size(*config_),
         out);
    return out;
  }

  /// Every pooling of every text against the golden, together and alone, and alone the same bits as together.
  void check_pooled(const TokenEncoder& encoder, const kernels::Kernels& kernels) {
    const auto activations = encoder.make_activations(together_.begins.back());
    const auto activations_alone = encoder.make_activations(together_.begins.back());
    const Blocked states = forward(encoder, *activations, kernels, backwards_, together_);
    for (std::size_t t = 0; t < alone_.size(); ++t) {
      const Blocked own = forward(encoder, *activations_alone, kernels, serial_, alone_[t]);
      for (const auto& [name, mode] : kPoolings) {
        const std::vector<float> row = pooled(mode, states, together_, t);
        EXPECT_EQ(row, pooled(mode, own, alone_[t], 0)) << name << " of text " << t << " alone on " << kernels.isa;
        if (!golden_["pooled"].contains(name)) continue;
        const double error = relative_error(row, golden_["pooled"][name]["embeddings"][t].get<std::vector<double>>());
        EXPECT_LE(error, kTolerance) << name << " of text " << t << " on " << kernels.isa;
        worst_ = std::max(worst_, error);
      }
    }
    RecordProperty(std::string("worst_relative_error_") + kernels.isa, std::to_string(worst_));
  }

  nlohmann::json golden_;
  std::optional<EncoderConfig> config_;
  TowerWeights weights_;
  Texts together_;
  std::vector<Texts> alone_;
  int longest_ = 0;
  std::vector<float> scratch_;
  Serial serial_;
  Backwards backwards_;
  double worst_ = 0;
};

TEST_P(EncoderGolden, EveryPoolingAloneAndTogether) {
  const auto model = encoder(Arithmetic::kFp32);
  for (const kernels::Kernels* kernels : kernels::available()) check_pooled(*model, *kernels);
}

TEST_P(EncoderGolden, EveryLayer) {
  const auto& stages = golden_["first_token"]["embeddings"];
  const auto model = encoder(Arithmetic::kFp32);
  const auto activations = model->make_activations(together_.begins.back());
  std::size_t stage = 0;
  const auto observe = [&](Blocked states) {
    ASSERT_LT(stage, stages.size());
    const auto expected = stages[stage].get<std::vector<double>>();
    EXPECT_LE(relative_error(pooled(Pooling::kCls, states, together_, 0), expected), kTolerance) << "stage " << stage;
    ++stage;
  };
  forward(*model, *activations, *kernels::find("auto"), serial_, together_, observe);
  EXPECT_EQ(stage, stages.size());
}

TEST_P(EncoderGolden, DenseModules) {
  const int hidden = hidden_size(*config_);
  const TowerWeights dense = synthetic_tower({{"linear.weight", {48, hidden}}, {"linear.bias", {48}}}, golden_["seed"]);
  for (const auto& [name, activation] :
       {std::pair{"tanh", Activation::kTanh}, std::pair{"linear", Activation::kNone}}) {
    if (!golden_["dense"].contains(name)) continue;
    std::vector<DenseLayer> layers;
    layers.emplace_back(
        DenseConfig{
            .path = "2_Dense", .in_features = hidden, .out_features = 48, .bias = true, .activation = activation},
        WeightScope(dense, "linear"));
    const SentenceEncoder model(encoder(Arithmetic::kFp32),
                                {.hidden = hidden, .vocab = vocab_size(*config_), .max_tokens = longest_}, {},
                                std::move(layers));
    const auto activations = model.make_activations(static_cast<int>(alone_.size()));
    std::vector<float> embeddings(48 * alone_.size());
    scratch_.resize(model.scratch_per_worker());
    model.embed({*kernels::find("auto"), serial_, Scratch(scratch_.data(), scratch_.size())}, *activations,
                together_.batch(), std::vector<int>(alone_.size()), embeddings);
    for (std::size_t t = 0; t < alone_.size(); ++t) {
      EXPECT_LE(relative_error(std::span(embeddings).subspan(48 * t, 48),
                               golden_["dense"][name]["embeddings"][t].get<std::vector<double>>()),
                kTolerance)
          << name << " of text " << t;
    }
  }
}

/// FNV-1a over words, scales and biases of the quantised matrices in the order of their names.
std::string hash_of(const TowerWeights& weights) {
  std::uint64_t hash = 0xCBF29CE484222325;
  const auto add = [&hash](std::span<const std::byte> bytes) {
    for (const std::byte b : bytes) hash = (hash ^ static_cast<std::uint64_t>(b)) * 0x100000001B3;
  };
  for (const auto& [name, matrix] : weights.quantized()) {
    add(std::as_bytes(std::span(matrix.words)));
    add(std::as_bytes(std::span(matrix.scales)));
    add(std::as_bytes(std::span(matrix.biases)));
  }
  char text[17];
  std::snprintf(text, sizeof(text), "%016llx", static_cast<unsigned long long>(hash));
  return text;
}

TEST_P(EncoderGolden, MatricesInMlxsAffineForm) {
  if (!golden_.contains("quantized")) GTEST_SKIP() << "the golden has none";
  for (const auto& quantized : golden_["quantized"]) {
    const AffineFormat format{.bits = quantized["bits"], .group_size = quantized["group_size"]};
    SCOPED_TRACE(to_string(format));
    const TowerWeights full =
        std::exchange(weights_, in_form(weights_, encoder_tensors(*config_), {.quantized = format}));
    EXPECT_EQ(hash_of(weights_), quantized["fnv1a64"]) << "other bytes than MLX's";
    const auto model = encoder(Arithmetic::kFp32);
    weights_ = full;
    const auto activations = model->make_activations(together_.begins.back());
    for (const kernels::Kernels* kernels : kernels::available()) {
      const Blocked states = forward(*model, *activations, *kernels, backwards_, together_);
      for (std::size_t t = 0; t < alone_.size(); ++t) {
        const double error = relative_error(pooled(Pooling::kMean, states, together_, t),
                                            quantized["embeddings"][t].get<std::vector<double>>());
        EXPECT_LE(error, kTolerance) << "text " << t << " on " << kernels->isa;
        worst_ = std::max(worst_, error);
      }
    }
  }
  RecordProperty("worst_relative_error", std::to_string(worst_));
}

/// A model of real size, so that rounding averages out as it does in those that are published.
class MiniLm : public EncoderGolden {
 protected:
  double worst_cosine(TowerArithmetic arithmetic) {
    const auto model = make_token_encoder(*config_, weights_, arithmetic, longest_);
    const auto activations = model->make_activations(together_.begins.back());
    const Blocked states = forward(*model, *activations, *kernels::find("auto"), serial_, together_);
    double worst = 1;
    for (std::size_t t = 0; t < alone_.size(); ++t) {
      const std::vector<float> row = pooled(Pooling::kMean, states, together_, t);
      const auto exact = golden_["pooled"]["mean"]["embeddings"][t].get<std::vector<double>>();
      double dot = 0;
      double row_norm = 0;
      double exact_norm = 0;
      for (std::size_t i = 0; i < exact.size(); ++i) {
        dot += double{row[i]} * exact[i];
        row_norm += double{row[i]} * double{row[i]};
        exact_norm += exact[i] * exact[i];
      }
      worst = std::min(worst, dot / std::sqrt(row_norm * exact_norm));
    }
    RecordProperty("worst_cosine", std::to_string(worst));
    return worst;
  }
};

TEST_P(MiniLm, InBf16) { EXPECT_GE(worst_cosine(arithmetic_of(Precision::kBf16, *kernels::find("auto"))), 0.9999); }
TEST_P(MiniLm, InInt8) { EXPECT_GE(worst_cosine(arithmetic_of(Precision::kInt8, *kernels::find("auto"))), 0.9995); }

INSTANTIATE_TEST_SUITE_P(Precision, MiniLm, ::testing::Values("minilm-l6"), [](const auto& /*param*/) { return "L6"; });

INSTANTIATE_TEST_SUITE_P(Encoders, EncoderGolden,
                         ::testing::Values("bert", "bert-gelu_new", "bert-relu", "minilm-l6", "distilbert", "roberta",
                                           "xlm-roberta", "mpnet", "deberta", "deberta-v2-conv", "deberta-v2-plain",
                                           "deberta-v3", "modernbert", "modernbert-window128", "mobilebert",
                                           "mobilebert-layer_norm"),
                         [](const auto& param) {
                           std::string name = param.param;
                           std::ranges::replace_if(
                               name, [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
                           return name;
                         });

}  // namespace
}  // namespace mobileclip
