#include "engine/models/encoders/sentence_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "engine/base/error.h"
#include "engine/kernels/dispatch.h"
#include "engine/models/encoders/encoder_config_file.h"
#include "engine/models/encoders/encoder_tensors.h"
#include "engine/models/runnable_model.h"
#include "engine/weights/safetensors.h"
#include "engine/weights/synthetic.h"
#include "tests/support/temporary_directory.h"

namespace mobileclip {
namespace {

using ::testing::HasSubstr;

constexpr const char* kConfig =
    R"({"model_type": "bert", "vocab_size": 12, "hidden_size": 30, "num_hidden_layers": 2, "num_attention_heads": 3,
        "intermediate_size": 50, "max_position_embeddings": 20})";

/// Changes the tensors of a model about to be written.
using Change = std::function<void(std::vector<TensorToWrite>&)>;

/// The directory of a small BERT with synthetic weights.
class SentenceModel : public ::testing::Test {
 protected:
  SentenceModel() {
    directory_.write("config.json", kConfig);
    directory_.write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\ncat\ndog\n##s\n.\n");
    directory_.write("tokenizer_config.json", R"({"tokenizer_class": "BertTokenizer", "do_lower_case": true})");
  }

  static std::vector<TensorToWrite> tensors(const TensorTable& table) {
    std::vector<TensorToWrite> all;
    for (const auto& [name, shape] : table) {
      all.push_back({.name = name, .shape = shape, .fill = [name = name, shape = shape](std::span<float> out) {
                       fill_synthetic(name, shape, 1, out);
                     }});
    }
    return all;
  }

  void write_weights(const Change& change = {}) {
    auto all = tensors(encoder_tensors(read_encoder_config(directory_.path() / "config.json")));
    if (change) change(all);
    write_safetensors(directory_.path() / "model.safetensors", std::move(all));
  }

  std::string problem() {
    try {
      load_sentence_model(directory_.path());
    } catch (const LoadError& error) {
      return error.what();
    }
    return "";
  }

  /// Of a text's ids, by the whole model.
  std::vector<float> embed(const std::string& text) {
    RunnableModel model = make_runnable(load_sentence_model(directory_.path()), {});
    const auto activations = model.text->make_activations(1);
    std::vector<float> scratch(model.text->scratch_per_worker());
    Serial serial;
    const Result<TokenizedText> tokens =
        model.tokenizer->encode(text, static_cast<std::size_t>(model.text->context_length()));
    std::vector<float> embedding(static_cast<std::size_t>(model.embed_dim));
    const PreparedText prepared{.ids = tokens->ids};
    model.text->forward({*kernels::find("auto"), serial, Scratch(scratch.data(), scratch.size())}, *activations,
                        std::span(&prepared, 1), embedding);
    return embedding;
  }

  testing::TemporaryDirectory directory_;
};

TEST_F(SentenceModel, LoadsAndEmbeds) {
  write_weights();
  EXPECT_TRUE(is_sentence_directory(directory_.path()));
  const LoadedSentenceModel model = load_sentence_model(directory_.path());
  EXPECT_EQ(model.name, directory_.path().filename().string());
  EXPECT_EQ(model.weights.embed_dim(), 30);
  EXPECT_EQ(model.weights.max_tokens, 20);
  EXPECT_EQ(model.weights.fingerprint.size(), 64);
  EXPECT_EQ(embed("  A cat.  "), embed("a cat."));
  EXPECT_NE(embed("a cat."), embed("a dog."));
}

TEST_F(SentenceModel, NamesOfOtherWritersGiveTheSameEmbedding) {
  write_weights();
  const std::vector<float> expected = embed("cats");
  write_weights([](std::vector<TensorToWrite>& all) {
    for (TensorToWrite& tensor : all) {
      const bool is_norm = tensor.name.find("LayerNorm.") != std::string::npos;
      if (is_norm && tensor.name.ends_with("weight")) tensor.name.replace(tensor.name.rfind("weight"), 6, "gamma");
      if (is_norm && tensor.name.ends_with("bias")) tensor.name.replace(tensor.name.rfind("bias"), 4, "beta");
      tensor.name = "bert." + tensor.name;
    }
    const auto zeros = [](std::span<float> out) { std::ranges::fill(out, 0.0F); };
    all.push_back({.name = "bert.pooler.dense.weight", .shape = {30, 30}, .fill = zeros});
    all.push_back({.name = "cls.predictions.bias", .shape = {12}, .fill = zeros});
    all.push_back({.name = "bert.embeddings.position_ids", .dtype = DType::kI64, .shape = {1, 20}, .fill = {}});
  });
  EXPECT_EQ(embed("cats"), expected);
}

TEST_F(SentenceModel, AModelInShardsIsTheSameModel) {
  write_weights();
  const std::vector<float> expected = embed("dogs");
  auto all = tensors(encoder_tensors(read_encoder_config(directory_.path() / "config.json")));
  std::vector<TensorToWrite> first(all.begin(), all.begin() + 9);
  std::vector<TensorToWrite> second(all.begin() + 9, all.end());
  std::string map;
  for (const TensorToWrite& tensor : first) map += "\"" + tensor.name + "\": \"model-1.safetensors\", ";
  for (const TensorToWrite& tensor : second) map += "\"" + tensor.name + "\": \"model-2.safetensors\", ";
  map.resize(map.size() - 2);
  write_safetensors(directory_.path() / "model-1.safetensors", std::move(first));
  write_safetensors(directory_.path() / "model-2.safetensors", std::move(second));
  directory_.write("model.safetensors.index.json", "{\"weight_map\": {" + map + "}}");
  std::filesystem::remove(directory_.path() / "model.safetensors");
  EXPECT_EQ(embed("dogs"), expected);
}

TEST_F(SentenceModel, ProblemsNameTheirTensors) {
  write_weights([](std::vector<TensorToWrite>& all) {
    std::erase_if(all, [](const TensorToWrite& t) { return t.name == "encoder.layer.1.output.dense.bias"; });
    all.push_back({.name = "encoder.layer.2.output.dense.bias", .shape = {30}, .fill = [](std::span<float> out) {
                     std::ranges::fill(out, 0.0F);
                   }});
    for (TensorToWrite& tensor : all) {
      if (tensor.name != "embeddings.LayerNorm.weight") continue;
      tensor.shape = {31};
      tensor.fill = [](std::span<float> out) { std::ranges::fill(out, 1.0F); };
    }
  });
  const std::string message = problem();
  EXPECT_THAT(message, HasSubstr("1 tensor missing: 'encoder.layer.1.output.dense.bias' [30]"));
  EXPECT_THAT(message, HasSubstr("1 tensor misshapen: 'embeddings.LayerNorm.weight' expected [30], found [31]"));
  EXPECT_THAT(message, HasSubstr("1 tensor unused: 'encoder.layer.2.output.dense.bias' [30]"));
}

TEST_F(SentenceModel, MissingFilesAndTooLargeVocabulariesAreSaidSo) {
  directory_.write("pytorch_model.bin", "");
  EXPECT_THAT(problem(),
              HasSubstr("expected model.safetensors or model.safetensors.index.json; pytorch_model.bin must"));
  write_weights();
  directory_.write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nb\nc\nd\ne\nf\ng\nh\ni\n");
  EXPECT_THAT(problem(), HasSubstr("expected a vocabulary of at most 12 ids, vocab_size of config.json, found 14"));
}

TEST_F(SentenceModel, DenseModulesFollowPooling) {
  write_weights();
  directory_.write("modules.json",
                   R"([{"path": "", "type": "sentence_transformers.models.Transformer"},
                       {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
                       {"path": "2_Dense", "type": "sentence_transformers.models.Dense"}])");
  directory_.write("1_Pooling/config.json", R"({"pooling_mode_cls_token": true, "pooling_mode_mean_tokens": true})");
  directory_.write("2_Dense/config.json", R"({"in_features": 60, "out_features": 7})");
  write_safetensors(directory_.path() / "2_Dense" / "model.safetensors",
                    tensors({{"linear.weight", {7, 60}}, {"linear.bias", {7}}}));
  EXPECT_EQ(embed("a cat").size(), 7);
  directory_.write("2_Dense/config.json", R"({"in_features": 30, "out_features": 7})");
  EXPECT_THAT(problem(), HasSubstr("in_features: expected 60, as many as come in, found 30"));
}

}  // namespace
}  // namespace mobileclip
