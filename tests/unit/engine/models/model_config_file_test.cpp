#include "engine/models/model_config_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/models/model_config_writer.h"
#include "tests/unit/engine/models/model_fixture.h"

namespace mobileclip {
namespace {

using ::testing::HasSubstr;
using testing::load_error_of;
using testing::read_file;
using testing::TemporaryDirectory;

class ModelConfigFile : public ::testing::Test {
 protected:
  ConfigHints read(const std::string& json) const {
    ConfigHints hints;
    read_config_file(directory_.write("config.json", json), hints);
    return hints;
  }
  std::string error_of(const std::string& json) const {
    return load_error_of([&] { (void)read(json); });
  }
  static ModelConfig resolve(const ConfigHints& hints) {
    return resolve_config(hints, *find_model("MobileCLIP2-S0"), "c.json");
  }

  TemporaryDirectory directory_;
};

void expect_same(const ModelConfig& a, const ModelConfig& b) {
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(tower_name(a.image), tower_name(b.image));
  EXPECT_TRUE(a.image == b.image);
  EXPECT_EQ(a.embed_dim, b.embed_dim);
  EXPECT_EQ(a.mean, b.mean);
  EXPECT_EQ(a.std, b.std);
  EXPECT_EQ(a.preprocess.image_size, b.preprocess.image_size);
  EXPECT_EQ(a.preprocess.interpolation, b.preprocess.interpolation);
  EXPECT_TRUE(a.text == b.text);
}

TEST_F(ModelConfigFile, ReadsWhatItWrites) {
  for (const ModelConfig& model : known_models()) {
    write_split_configs(directory_.path(), model, {.logit_scale = 4.6051702F, .synthetic = "seed 3"});
    ConfigHints split;
    read_config_file(directory_.path() / "image_encoder_config.json", split);
    read_config_file(directory_.path() / "text_encoder_config.json", split);
    expect_same(resolve(split), model);
    EXPECT_EQ(split.logit_scale, 4.6051702F);
    EXPECT_EQ(split.synthetic, "seed 3");

    write_open_clip_config(directory_.path(), model);
    ConfigHints open_clip;
    read_config_file(directory_.path() / "open_clip_config.json", open_clip);
    expect_same(resolve(open_clip), model);
    EXPECT_FALSE(open_clip.synthetic);
  }
}

TEST_F(ModelConfigFile, WritesOpenClipsOwnDocument) {
  write_open_clip_config(directory_.path(), *find_model("MobileCLIP2-S3"));
  const std::string text = read_file(directory_.path() / "open_clip_config.json");
  EXPECT_THAT(text, HasSubstr("\"timm_model_name\": \"fastvit_mci3\""));
  EXPECT_THAT(text, HasSubstr("\"timm_proj\": null"));
  EXPECT_THAT(text, HasSubstr("0.48145466,"));
  EXPECT_THAT(text, HasSubstr("\"no_causal_mask\": true"));
  EXPECT_THAT(text, HasSubstr("\"custom_text\": true"));
}

TEST_F(ModelConfigFile, TakesOpenClipsDefaults) {
  const ConfigHints hints = read(R"({"model_cfg":{"embed_dim":512,"text_cfg":{}}})");
  EXPECT_EQ(hints.causal, true);
  EXPECT_EQ(hints.width, 512);
  EXPECT_EQ(hints.heads, 8);
}

TEST_F(ModelConfigFile, TakesOpenClipsBareModelConfiguration) {
  const ConfigHints hints = read(
      R"({"embed_dim":512,"vision_cfg":{"timm_model_name":"fastvit_mci2","image_size":[256,256]},"custom_text":true})");
  EXPECT_EQ(tower_name(hints.image.value()), "fastvit_mci2");
  EXPECT_EQ(resolve(hints).name, "MobileCLIP2-S2");
}

TEST_F(ModelConfigFile, TakesTheOtherSpellings) {
  EXPECT_EQ(tower_name(read(R"({"architecture":"fastvit_mci0.apple_mclip2_dfndr2b"})").image.value()), "fastvit_mci0");
  EXPECT_EQ(read(R"({"model_name":"MobileCLIP-S1"})").model_name, "MobileCLIP-S1");
  EXPECT_EQ(read(R"({"causal":true})").causal, true);
  EXPECT_EQ(read(R"({"no_causal_mask":true})").causal, false);
  EXPECT_EQ(read(R"({"interpolation":"bicubic"})").interpolation, Interpolation::kBicubic);
  EXPECT_EQ(read(R"({"whatever":{"other":"tools write"},"embed_dim":null})").embed_dim, std::nullopt);
}

TEST_F(ModelConfigFile, NamesFileAndMember) {
  const std::string error = error_of(R"({"model_cfg":{"text_cfg":{"width":"512"}}})");
  EXPECT_THAT(error, HasSubstr("config.json: model_cfg.text_cfg.width: expected a positive integer, found string"));
}

TEST_F(ModelConfigFile, RefusesWrongTypesAndRanges) {
  for (const char* const json : {R"({"embed_dim":0})",
                                 R"({"embed_dim":-1})",
                                 R"({"embed_dim":512.0})",
                                 R"({"embed_dim":1e9})",
                                 R"({"width":2000000})",
                                 R"({"embed_dim":99999999999999999999})",
                                 R"({"image_size":[256,224]})",
                                 R"({"image_size":[]})",
                                 R"({"mean":0.5})",
                                 R"({"mean":[0,0]})",
                                 R"({"mean":[0,0,"0"]})",
                                 R"({"std":[1,1,0]})",
                                 R"({"std":[1,1,-1]})",
                                 R"({"mean":[0,0,1e39]})",
                                 R"({"interpolation":"random"})",
                                 R"({"interpolation":1})",
                                 R"({"resize_mode":"squash"})",
                                 R"({"model_cfg":[]})",
                                 R"({"model_cfg":{"vision_cfg":1}})",
                                 R"({"causal":"no"})",
                                 R"({"model_name":""})",
                                 R"({"model_name":1})",
                                 R"({"logit_scale":"4.6"})",
                                 R"({"logit_scale":100})",
                                 R"({"synthetic":1})",
                                 "[]",
                                 "",
                                 "{",
                                 "1"}) {
    EXPECT_THAT(error_of(json), HasSubstr("config.json")) << json;
  }
}

TEST_F(ModelConfigFile, RefusesWhatTheEngineDoesNotDo) {
  for (const char* const member :
       {R"("quick_gelu":true)", R"("pool_type":"last")", R"("embed_cls":true)", R"("hf_model_name":"bert")",
        R"("proj_bias":true)", R"("ls_init_value":0.1)", R"("tokenizer_kwargs":{"clean":"canonicalize"})"}) {
    EXPECT_NE(error_of("{\"model_cfg\":{\"text_cfg\":{" + std::string(member) + "}}}"), "") << member;
  }
  for (const char* const member : {R"("attentional_pool":true)", R"("layers":[3,4,6,3])", R"("pool_type":"avg")",
                                   R"("ls_init_value":0.1)", R"("width":768,"head_width":100)"}) {
    EXPECT_NE(error_of("{\"model_cfg\":{\"vision_cfg\":{" + std::string(member) + "}}}"), "") << member;
  }
  EXPECT_THAT(error_of(R"({"model_cfg":{"multimodal_cfg":{}}})"), HasSubstr("CoCa"));
  EXPECT_THAT(error_of(R"({"model_cfg":{"vision_cfg":{"timm_model_name":"vit_base_mci_224","timm_pool":"avg"}}})"),
              HasSubstr("token"));
  EXPECT_EQ(error_of(R"({"model_cfg":{"quick_gelu":false,"text_cfg":{"pool_type":"argmax","mlp_ratio":4}}})"), "");
}

TEST_F(ModelConfigFile, RefusesUnknownVariantsAndContradictions) {
  EXPECT_THAT(error_of(R"({"timm_model_name":"vit_so400m_patch14_siglip_224"})"), HasSubstr("fastvit_mci0"));
  EXPECT_THAT(error_of(R"({"causal":true,"no_causal_mask":true})"), HasSubstr("elsewhere"));
  ConfigHints hints = read(R"({"embed_dim":512})");
  EXPECT_THAT(load_error_of([&] { read_config_file(directory_.write("other.json", R"({"embed_dim":768})"), hints); }),
              HasSubstr("embed_dim"));
  EXPECT_THAT(load_error_of(
                  [&] { (void)resolve(read(R"({"model_name":"MobileCLIP2-S0","timm_model_name":"fastvit_mci2"})")); }),
              HasSubstr("fastvit_mci2"));
  EXPECT_THAT(load_error_of([&] { (void)resolve(read(R"({"width":512,"heads":7})")); }), HasSubstr("multiple"));
}

TEST_F(ModelConfigFile, FillsInFromTheClosestModel) {
  const ModelConfig config = resolve(read(R"({"model_name":"my own","width":768})"));
  EXPECT_EQ(config.name, "my own");
  EXPECT_EQ(tower_name(config.image), "fastvit_mci0");
  EXPECT_EQ(config.text.heads, 12);
}

TEST_F(ModelConfigFile, TakesAnyVitOfOpenClips) {
  const ModelConfig config = resolve(read(R"({"model_cfg":{"embed_dim":64,"quick_gelu":true,
      "vision_cfg":{"image_size":96,"layers":3,"width":192,"head_width":32,"mlp_ratio":3.0,"patch_size":8,
                    "norm_kwargs":{"eps":1e-6}},
      "text_cfg":{"width":128,"heads":4,"layers":2,"mlp_ratio":2,"context_length":32}},
      "preprocess_cfg":{"mean":[0.5,0.5,0.5],"std":[0.5,0.5,0.5],"interpolation":"bilinear"}})"));
  const auto& vit = std::get<VitConfig>(config.image);
  EXPECT_TRUE(vit == (VitConfig{.width = 192,
                                .layers = 3,
                                .heads = 6,
                                .mlp_width = 576,
                                .patch_size = 8,
                                .quick_gelu = true,
                                .layer_norm_eps = 1e-6F}));
  EXPECT_TRUE(config.text == (TextConfig{.width = 128,
                                         .heads = 4,
                                         .layers = 2,
                                         .mlp_width = 256,
                                         .causal = true,
                                         .quick_gelu = true,
                                         .context_length = 32}));
  EXPECT_EQ(config.preprocess.image_size, 96);
  EXPECT_EQ(config.preprocess.interpolation, Interpolation::kBilinear);
  EXPECT_EQ(config.mean[0], 0.5F);

  write_split_configs(directory_.path(), config, {.logit_scale = 4.6051702F, .synthetic = std::nullopt});
  ConfigHints split;
  read_config_file(directory_.path() / "text_encoder_config.json", split);
  read_config_file(directory_.path() / "image_encoder_config.json", split);
  expect_same(resolve(split), config);
  write_open_clip_config(directory_.path(), config);
  ConfigHints open_clip;
  read_config_file(directory_.path() / "open_clip_config.json", open_clip);
  expect_same(resolve(open_clip), config);
}

TEST_F(ModelConfigFile, KnowsPublishedVitsByTheirSizes) {
  const char* const published = R"({"model_cfg":{"embed_dim":512,
      "vision_cfg":{"image_size":224,"layers":12,"width":768,"patch_size":32},
      "text_cfg":{"context_length":77,"vocab_size":49408,"width":512,"heads":8,"layers":12}}})";
  expect_same(resolve(read(published)), *find_model("ViT-B-32"));
  expect_same(resolve(read(R"({"model_cfg":{"quick_gelu":true,)" + std::string(published).substr(14))),
              *find_model("ViT-B-32-quickgelu"));
}

// open_clip's ViT-g-14.json and ViT-bigG-14.json.
TEST_F(ModelConfigFile, TakesHeadsOfAnyWidth) {
  const auto image = [&](const std::string& vision) {
    return std::get<VitConfig>(resolve(read("{\"vision_cfg\":" + vision + "}")).image);
  };
  const VitConfig giant =
      image(R"({"image_size":224,"layers":40,"width":1408,"head_width":88,"mlp_ratio":4.3637,"patch_size":14})");
  EXPECT_EQ(giant.heads, 16);
  EXPECT_EQ(giant.mlp_width, 6144);
  const VitConfig gigantic =
      image(R"({"image_size":224,"layers":48,"width":1664,"head_width":104,"mlp_ratio":4.9231,"patch_size":14})");
  EXPECT_EQ(gigantic.heads, 16);
  EXPECT_EQ(gigantic.mlp_width, 8192);
}

TEST_F(ModelConfigFile, RefusesTowersThatLayersCannotBeCutInto) {
  const auto error = [&](const std::string& vision) {
    return load_error_of([&] { (void)resolve(read("{\"vision_cfg\":" + vision + "}")); });
  };
  EXPECT_THAT(error(R"({"width":520,"head_width":104})"), HasSubstr("multiple of 16, found 520"));
  EXPECT_THAT(error(R"({"image_size":16,"patch_size":32})"), HasSubstr("image size of at least a patch"));
  EXPECT_THAT(load_error_of([&] { (void)resolve(read(R"({"embed_dim":500})")); }), HasSubstr("multiple of 16"));
}

}  // namespace
}  // namespace mobileclip
