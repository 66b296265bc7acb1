#include "engine/models/encoders/sentence_config_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/base/error.h"
#include "tests/support/temporary_directory.h"

namespace mobileclip {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class SentenceConfigFile : public ::testing::Test {
 protected:
  void write(const std::string& name, const std::string& json) { directory_.write(name, json); }
  void write_modules(const std::string& more) {
    write("modules.json",
          R"([{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.models.Transformer"},
              {"idx": 1, "name": "1", "path": "1_Pooling", "type": "sentence_transformers.models.Pooling"})" +
              more + "]");
  }
  SentenceConfig read() { return read_sentence_config(directory_.path()); }
  std::string problem() {
    try {
      read();
    } catch (const LoadError& error) {
      return error.what();
    }
    return "";
  }

  testing::TemporaryDirectory directory_;
};

TEST_F(SentenceConfigFile, WithoutModulesTheMeanIsTaken) {
  const SentenceConfig config = read();
  EXPECT_THAT(config.pooling.modes, ElementsAre(Pooling::kMean));
  EXPECT_TRUE(config.dense.empty());
  EXPECT_EQ(config.transformer_path, "");
  EXPECT_EQ(config.max_tokens, std::nullopt);
}

TEST_F(SentenceConfigFile, ReadsWhatAModelPublishes) {
  write_modules(R"(, {"idx": 2, "name": "2", "path": "2_Dense", "type": "sentence_transformers.models.Dense"},
                     {"idx": 3, "name": "3", "path": "3_Normalize", "type": "sentence_transformers.models.Normalize"})");
  write("1_Pooling/config.json", R"({"word_embedding_dimension": 32, "pooling_mode_mean_tokens": true,
                                     "pooling_mode_cls_token": true, "pooling_mode_max_tokens": false})");
  write("2_Dense/config.json", R"({"in_features": 64, "out_features": 24, "bias": false,
                                   "activation_function": "torch.nn.modules.linear.Identity"})");
  write("sentence_bert_config.json", R"({"max_seq_length": 256, "do_lower_case": true})");
  write("tokenizer_config.json", R"({"model_max_length": 512})");
  write(
      "config_sentence_transformers.json",
      R"({"prompts": {"query": "query: ", "passage": ""}, "default_prompt_name": "query", "similarity_fn_name": null})");
  const SentenceConfig config = read();
  EXPECT_THAT(config.pooling.modes, ElementsAre(Pooling::kCls, Pooling::kMean));
  ASSERT_EQ(config.dense.size(), 1);
  EXPECT_EQ(config.dense[0].in_features, 64);
  EXPECT_EQ(config.dense[0].out_features, 24);
  EXPECT_FALSE(config.dense[0].bias);
  EXPECT_EQ(config.dense[0].activation, kernels::Activation::kNone);
  EXPECT_EQ(config.max_tokens, 256);
  EXPECT_TRUE(config.lower_case);
  EXPECT_EQ(config.prompts.texts.at("query"), "query: ");
  EXPECT_EQ(config.prompts.default_name, "query");
}

TEST_F(SentenceConfigFile, ATokenizerWithoutALimitSetsNone) {
  write("tokenizer_config.json", R"({"model_max_length": 1000000000000000019884624838656})");
  EXPECT_EQ(read().tokenizer_max_tokens, std::nullopt);
  write("tokenizer_config.json", R"({"model_max_length": 512})");
  EXPECT_EQ(read().tokenizer_max_tokens, 512);
  write("tokenizer_config.json", R"({"max_len": 384})");
  EXPECT_EQ(read().tokenizer_max_tokens, 384);
}

TEST_F(SentenceConfigFile, RefusesByNameWhatTheEngineDoesNotHave) {
  write("1_Pooling/config.json", R"({"pooling_mode_cls_token": true})");
  write_modules(R"(, {"idx": 2, "name": "2", "path": "2_LSTM", "type": "sentence_transformers.models.LSTM"})");
  EXPECT_THAT(problem(), HasSubstr("module 2: expected Dense, or Normalize as the last, found 'LSTM'"));
  write_modules(R"(, {"idx": 2, "name": "2", "path": "../elsewhere", "type": "sentence_transformers.models.Dense"})");
  EXPECT_THAT(problem(), HasSubstr("path: expected a folder of the model's directory"));
  write_modules(R"(, {"idx": 2, "name": "2", "path": "2_Dense", "type": "sentence_transformers.models.Dense"})");
  write("2_Dense/config.json", R"({"in_features": 64, "out_features": 24, "activation_function": "torch.nn.Mish"})");
  EXPECT_THAT(problem(), HasSubstr("activation_function: expected one of Tanh, Identity"));
  write("1_Pooling/config.json", R"({"pooling_mode_cls_token": false})");
  EXPECT_THAT(problem(), HasSubstr("pooling_mode_"));
  write("modules.json", R"([{"path": "", "type": "sentence_transformers.models.CLIPModel"}])");
  EXPECT_THAT(problem(), HasSubstr("module 0: expected a Transformer, found 'CLIPModel'"));
}

TEST_F(SentenceConfigFile, ADefaultPromptMustBeOneOfThem) {
  write("config_sentence_transformers.json", R"({"prompts": {"query": "q: "}, "default_prompt_name": "document"})");
  EXPECT_THAT(problem(), HasSubstr("default_prompt_name: expected the name of one of the prompts, found 'document'"));
}

}  // namespace
}  // namespace mobileclip
