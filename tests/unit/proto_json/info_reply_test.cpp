#include "proto_json/info_reply.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace mobileclip::proto {
namespace {

EngineInfo some_engine(bool synthetic) {
  EngineInfo info{};
  info.model = "MobileCLIP2-S0";
  info.synthetic = synthetic;
  info.fingerprint = "abc";
  info.embed_dim = 512;
  info.image_input = ImageInput{.preprocess = {.image_size = 256}, .mean = {0, 0, 0}, .std = {1, 1, 1}};
  info.logit_scale = 100;
  return info;
}

nlohmann::json info_json(const EngineInfo& engine, const EngineOptions& options = {}) {
  EngineInfo text_encoder{};
  text_encoder.model = "e5";
  text_encoder.embed_dim = 384;
  text_encoder.prompts = {"passage", "query"};
  const std::vector<InfoModel> models{{.id = "s0", .engine = engine}, {.id = "small-e5", .engine = text_encoder}};
  return nlohmann::json::parse(info_reply({.version = "1.2.3",
                                           .revision = "0123abcd",
                                           .models = models,
                                           .options = options,
                                           .max_body_bytes = 1000,
                                           .max_items_per_request = 7,
                                           .request_timeout_ms = 30'000}));
}

TEST(InfoReply, SaysNothingOfPixelsWhereTheModelTakesTextsOnly) {
  EngineInfo engine = some_engine(false);
  EXPECT_EQ(info_json(engine)["preprocessing"]["image_size"], 256);
  engine.image_input.reset();
  EXPECT_FALSE(info_json(engine).contains("preprocessing"));
}

TEST(InfoReply, ListsEveryModel) {
  const auto models = info_json(some_engine(false))["models"];
  ASSERT_EQ(models.size(), 2u);
  EXPECT_EQ(models[0]["id"], "s0");
  EXPECT_EQ(models[0]["images"], true);
  EXPECT_EQ(models[1]["id"], "small-e5");
  EXPECT_EQ(models[1]["model"], "e5");
  EXPECT_EQ(models[1]["dimensions"], 384);
  EXPECT_EQ(models[1]["images"], false);
  EXPECT_EQ(models[0]["prompts"], nlohmann::json::array());
  EXPECT_EQ(models[1]["prompts"], nlohmann::json({"passage", "query"}));
}

TEST(InfoReply, SaysWhatIsServedAndItsLimits) {
  const auto info = info_json(some_engine(false));
  EXPECT_EQ(info["model"], "MobileCLIP2-S0");
  EXPECT_EQ(info["version"], "1.2.3");
  EXPECT_EQ(info["fingerprint"], "abc");
  EXPECT_EQ(info["dimensions"], 512);
  EXPECT_EQ(info["preprocessing"]["exif_orientation"], "ignore");
  EXPECT_EQ(info["preprocessing"]["decode"], "exact");
  EXPECT_EQ(info["preprocessing"]["interpolation"], "bilinear");
  EXPECT_EQ(info["limits"]["max_body_bytes"], 1000);
  EXPECT_EQ(info["limits"]["max_items_per_request"], 7);
  EXPECT_EQ(info["limits"]["request_timeout_ms"], 30'000);
  EXPECT_EQ(info["synthetic"], false);
  EXPECT_FALSE(info.contains("notice"));
}

TEST(InfoReply, HasTextEmbeddingsInferencesFields) {
  const auto info = info_json(some_engine(false));
  for (const char* key : {"model_id", "model_sha", "model_dtype", "model_type", "max_concurrent_requests",
                          "max_input_length", "max_batch_tokens", "max_batch_requests", "max_client_batch_size",
                          "auto_truncate", "tokenization_workers", "version", "sha"}) {
    EXPECT_TRUE(info.contains(key)) << key;
  }
  EXPECT_EQ(info["model_sha"], "abc");
  EXPECT_EQ(info["max_client_batch_size"], 7);
}

TEST(InfoReply, SaysThatSyntheticEmbeddingsMeanNothing) {
  const auto info = info_json(some_engine(true));
  EXPECT_EQ(info["synthetic"], true);
  EXPECT_NE(info["notice"].get<std::string>().find("mean nothing"), std::string::npos);
}

}  // namespace
}  // namespace mobileclip::proto
