#include "engine/models/encoders/encoder_config_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "tests/support/temporary_directory.h"

namespace mobileclip {
namespace {

using ::testing::HasSubstr;
using testing::TemporaryDirectory;

EncoderConfig read(const std::string& json) {
  const TemporaryDirectory directory;
  return read_encoder_config(directory.write("config.json", json));
}

std::string problem_with(const std::string& json) {
  try {
    read(json);
  } catch (const LoadError& error) {
    return error.what();
  }
  return "";
}

/// A config.json with these members beside those that every BERT has.
std::string bert_with(const std::string& members, const std::string& model_type = "bert") {
  return R"({"model_type": ")" + model_type + R"(", "vocab_size": 100, "hidden_size": 48, "num_hidden_layers": 2,)" +
         R"("num_attention_heads": 4, "intermediate_size": 96, "max_position_embeddings": 64)" +
         (members.empty() ? "" : ", " + members) + "}";
}

TEST(EncoderConfigFile, FillsInWhatBertLeavesOut) {
  const auto config = std::get<PostNormConfig>(read(bert_with("")));
  EXPECT_EQ(config.hidden_act, kernels::Activation::kGelu);
  EXPECT_EQ(config.layer_norm_eps, 1e-12F);
  EXPECT_EQ(config.embeddings.token_types, 2);
  EXPECT_EQ(config.embeddings.max_tokens(), 64);
  EXPECT_TRUE(std::holds_alternative<PlainAttention>(config.attention));
}

TEST(EncoderConfigFile, RobertaCountsPositionsFromItsPaddingOn) {
  for (const char* type : {"roberta", "xlm-roberta", "camembert"}) {
    const auto config = std::get<PostNormConfig>(read(bert_with(R"("type_vocab_size": 1)", type)));
    EXPECT_EQ(config.embeddings.padding_id, 1);
    EXPECT_EQ(config.embeddings.max_tokens(), 62);
    EXPECT_EQ(config.embeddings.token_types, 1);
  }
}

TEST(EncoderConfigFile, DebertaTakesItsKindsAsAListOrAsAString) {
  for (const char* kinds : {R"("p2c|c2p")", R"(["c2p", "p2c"])"}) {
    const auto config = std::get<PostNormConfig>(read(
        bert_with(std::string(R"("relative_attention": true, "position_buckets": 16, "position_biased_input": false,
                       "share_att_key": true, "norm_rel_ebd": "layer_norm", "pos_att_type": )") +
                      kinds,
                  "deberta-v2")));
    const auto attention = std::get<DisentangledAttention>(config.attention);
    EXPECT_TRUE(attention.content_to_position && attention.position_to_content && attention.shares_keys);
    EXPECT_EQ(attention.kinds, 2);
    EXPECT_EQ(attention.span, 16);
    EXPECT_EQ(attention.max_distance, 64);
    EXPECT_FALSE(config.embeddings.has_positions);
    EXPECT_EQ(config.embeddings.max_tokens(), std::nullopt);
    EXPECT_EQ(config.embeddings.token_types, 0);
    EXPECT_EQ(config.layer_norm_eps, 1e-7F);
  }
}

constexpr const char* kModernBert =
    R"({"model_type": "modernbert", "vocab_size": 100, "hidden_size": 64, "num_hidden_layers": 4,
        "num_attention_heads": 4, "intermediate_size": 96)";

TEST(EncoderConfigFile, ModernBertOfEitherVersionOfTransformers) {
  const auto before = std::get<ModernBertConfig>(read(std::string(kModernBert) + "}"));
  EXPECT_EQ(before.is_local, (std::vector<bool>{false, true, true, false}));
  EXPECT_EQ(before.window, 64);
  EXPECT_EQ(before.global_theta, 160'000);
  EXPECT_EQ(before.local_theta, 10'000);
  const auto null_theta = std::get<ModernBertConfig>(read(std::string(kModernBert) + R"(, "local_rope_theta": null})"));
  EXPECT_EQ(null_theta.local_theta, 160'000);
  const auto since = std::get<ModernBertConfig>(
      read(std::string(kModernBert) +
           R"(, "layer_types": ["sliding_attention", "full_attention", "full_attention", "sliding_attention"],
          "rope_parameters": {"full_attention": {"rope_type": "default", "rope_theta": 5000.0},
                              "sliding_attention": {"rope_type": "default", "rope_theta": 70.0}}})"));
  EXPECT_EQ(since.is_local, (std::vector<bool>{true, false, false, true}));
  EXPECT_EQ(since.global_theta, 5000);
  EXPECT_EQ(since.local_theta, 70);
}

TEST(EncoderConfigFile, RefusesByNameWhatTheEngineDoesNotDo) {
  EXPECT_THAT(problem_with(bert_with(R"("position_embedding_type": "relative_key_query")")),
              HasSubstr(R"(position_embedding_type: expected "absolute")"));
  EXPECT_THAT(problem_with(bert_with(R"("talking_head": true)", "deberta")), HasSubstr("talking_head"));
  EXPECT_THAT(problem_with(bert_with("", "t5")), HasSubstr("model_type: expected one of bert, "));
  EXPECT_THAT(problem_with(bert_with(R"("hidden_act": "mish")")), HasSubstr("hidden_act: expected one of gelu, "));
  EXPECT_THAT(problem_with("{}"), HasSubstr("model_type: expected one of bert, "));
}

TEST(EncoderConfigFile, NamesMembersThatAreMissingOrMakeNoSense) {
  EXPECT_THAT(problem_with(R"({"model_type": "bert"})"), HasSubstr("config.json: hidden_size: expected a positive"));
  EXPECT_THAT(problem_with(bert_with(R"("layer_norm_eps": -1)")), HasSubstr("layer_norm_eps"));
  EXPECT_THAT(problem_with(R"({"model_type": "bert", "vocab_size": 100, "hidden_size": 50, "num_hidden_layers": 2,
                               "num_attention_heads": 4, "intermediate_size": 9, "max_position_embeddings": 6})"),
              HasSubstr("num_attention_heads: expected a divisor of the width, 50, found 4"));
  EXPECT_THAT(problem_with(bert_with(R"("pad_token_id": 63)", "roberta")), HasSubstr("pad_token_id"));
}

TEST(EncoderConfigFile, TellsTheModelTypeOfAnyFile) {
  const TemporaryDirectory directory;
  EXPECT_EQ(read_model_type(directory.path() / "config.json"), "");
  EXPECT_EQ(read_model_type(directory.write("config.json", bert_with(""))), "bert");
  EXPECT_EQ(read_model_type(directory.write("config.json", R"({"model_type": "t5"})")), "t5");
  EXPECT_EQ(read_model_type(directory.write("config.json", R"({"architecture": "fastvit"})")), "");
}

}  // namespace
}  // namespace mobileclip
