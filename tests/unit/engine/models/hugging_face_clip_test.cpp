// A CLIPModel directory gives the model that the same weights give in OpenCLIP's layout.
#include "engine/models/hugging_face_clip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>

#include "engine/models/convert.h"
#include "engine/models/fingerprint.h"
#include "engine/models/model_weights.h"
#include "engine/models/model_writer.h"
#include "engine/models/synthesize.h"
#include "tests/unit/engine/models/model_fixture.h"

namespace mobileclip {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;
using testing::load_error_of;
using testing::TemporaryDirectory;

/// Small, and unlike any default.
ModelConfig small_model() {
  ModelConfig model = *find_model("ViT-B-32-quickgelu");
  model.image = VitConfig{.width = 64, .layers = 2, .heads = 4, .mlp_width = 96, .patch_size = 16, .quick_gelu = true};
  model.text = {.width = 32,
                .heads = 2,
                .layers = 2,
                .mlp_width = 64,
                .causal = true,
                .quick_gelu = true,
                .context_length = 16,
                .vocab_size = 600};
  model.embed_dim = 48;
  model.preprocess.image_size = 48;
  return model;
}

constexpr const char* kConfig = R"({"model_type": "clip", "projection_dim": 48,
  "text_config": {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64,
                  "max_position_embeddings": 16, "vocab_size": 600, "hidden_act": "quick_gelu"},
  "vision_config": {"hidden_size": 64, "num_hidden_layers": 2, "num_attention_heads": 4, "intermediate_size": 96,
                    "patch_size": 16, "image_size": 48}})";
constexpr const char* kProcessor = R"({"size": {"shortest_edge": 48}, "crop_size": {"height": 48, "width": 48},
  "do_resize": true, "do_center_crop": true, "do_normalize": true, "resample": 3,
  "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711]})";

/// transformers' modeling_clip.py, written down a second time on purpose.
struct Renamed {
  std::string name;
  bool is_transposed = false;
};

Renamed hugging_face_name(std::string name) {
  const bool is_image = name.starts_with("visual.");
  if (is_image) name = name.substr(7);
  const std::string model = is_image ? "vision_model." : "text_model.";
  if (name == "logit_scale") return {name};
  if (name == "proj") return {"visual_projection.weight", true};
  if (name == "text_projection") return {"text_projection.weight", true};
  if (name == "class_embedding") return {model + "embeddings.class_embedding"};
  if (name == "positional_embedding") return {model + "embeddings.position_embedding.weight"};
  if (name == "conv1.weight") return {model + "embeddings.patch_embedding.weight"};
  if (name == "token_embedding.weight") return {model + "embeddings.token_embedding.weight"};
  const auto replace = [&](const std::string& from, const std::string& to) {
    if (const auto at = name.find(from); at != name.npos) name.replace(at, from.size(), to);
  };
  replace("transformer.resblocks.", "encoder.layers.");
  replace("ln_pre.", "pre_layrnorm.");
  replace("ln_post.", "post_layernorm.");
  replace("ln_final.", "final_layer_norm.");
  replace("ln_1.", "layer_norm1.");
  replace("ln_2.", "layer_norm2.");
  replace("attn.out_proj.", "self_attn.out_proj.");
  replace("mlp.c_fc.", "mlp.fc1.");
  replace("mlp.c_proj.", "mlp.fc2.");
  return {model + name};
}

/// The tensors of an OpenCLIP file as a CLIPModel saves them.
std::vector<TensorToWrite> as_hugging_face(const TensorStore& store) {
  std::vector<TensorToWrite> tensors;
  for (const StoredTensor& tensor : store.tensors()) {
    const auto values = std::make_shared<FloatTensor>(store.floats(tensor));
    const std::string in_proj = "attn.in_proj_";
    if (const auto at = tensor.name.find(in_proj); at != tensor.name.npos) {
      const std::string layer = hugging_face_name(tensor.name.substr(0, at)).name;
      const std::string leaf = tensor.name.substr(at + in_proj.size());
      Shape shape = tensor.shape;
      shape[0] /= 3;
      const auto count = static_cast<std::size_t>(element_count(shape));
      for (std::size_t i = 0; i < 3; ++i) {
        tensors.push_back({.name = layer + "self_attn." + "qkv"[i] + "_proj." + leaf,
                           .dtype = DType::kF32,
                           .shape = shape,
                           .fill = [=](std::span<float> out) {
                             std::ranges::copy(values->values.subspan(i * count, count), out.begin());
                           }});
      }
      continue;
    }
    const auto [name, is_transposed] = hugging_face_name(tensor.name);
    if (!is_transposed) {
      tensors.push_back({.name = name, .dtype = DType::kF32, .shape = tensor.shape, .fill = [=](std::span<float> out) {
                           std::ranges::copy(values->values, out.begin());
                         }});
      continue;
    }
    const auto in = static_cast<std::size_t>(tensor.shape[0]);
    const auto out_channels = static_cast<std::size_t>(tensor.shape[1]);
    tensors.push_back({.name = name,
                       .dtype = DType::kF32,
                       .shape = {tensor.shape[1], tensor.shape[0]},
                       .fill = [=](std::span<float> out) {
                         for (std::size_t o = 0; o < out_channels; ++o) {
                           for (std::size_t i = 0; i < in; ++i) out[o * in + i] = values->values[i * out_channels + o];
                         }
                       }});
  }
  for (const char* const tower : {"text_model", "vision_model"}) {  // old files have them
    tensors.push_back(
        {.name = std::string(tower) + ".embeddings.position_ids", .dtype = DType::kI64, .shape = {1, 10}, .fill = {}});
  }
  return tensors;
}

using FormatOf = std::function<std::optional<AffineFormat>(const std::string& module)>;

/// The file's tensors as MLX keeps them: what its modules quantise, by default linear layers and embeddings, and the
/// patch embedding in OHWI; or, `restored`, the values that they then stand for.
std::vector<TensorToWrite> as_mlx(const TensorStore& store, const FormatOf& format_of, bool restored) {
  std::vector<TensorToWrite> tensors;
  for (const StoredTensor& tensor : store.tensors()) {
    if (tensor.dtype != DType::kF32) continue;  // position_ids
    const FloatTensor floats = store.floats(tensor);
    const std::string module = tensor.name.substr(0, tensor.name.rfind(".weight"));
    const bool is_module = tensor.shape.size() == 2 && module != tensor.name;
    const std::optional<AffineFormat> format = is_module ? format_of(module) : std::nullopt;
    if (tensor.shape.size() == 4 && !restored) {
      const Shape& s = tensor.shape;
      tensors.push_back({.name = tensor.name, .shape = {s[0], s[2], s[3], s[1]}, .fill = [=](std::span<float> out) {
                           const auto in = static_cast<std::size_t>(s[1]);
                           const auto pixels = static_cast<std::size_t>(s[2] * s[3]);
                           for (std::size_t i = 0; i < out.size(); ++i) {
                             const std::size_t o = i / (pixels * in);
                             out[i] = floats.values[(o * in + i % in) * pixels + i / in % pixels];
                           }
                         }});
    } else if (!format) {
      tensors.push_back({.name = tensor.name, .shape = tensor.shape, .fill = [=](std::span<float> out) {
                           std::ranges::copy(floats.values, out.begin());
                         }});
    } else {
      const auto matrix = std::make_shared<AffineMatrix>(quantize_affine(floats.values, tensor.shape[0], *format));
      if (restored) {
        tensors.push_back({.name = tensor.name, .shape = tensor.shape, .fill = [=](std::span<float> out) {
                             std::ranges::copy(dequantize(*matrix), out.begin());
                           }});
        continue;
      }
      for (TensorToWrite& one : quantized_to_write(module, *matrix, DType::kF32)) {
        const auto fill = one.fill;
        const auto fill_words = one.fill_words;
        if (fill) one.fill = [=, keep = matrix](std::span<float> out) { fill(out); };
        if (fill_words) one.fill_words = [=, keep = matrix](std::span<std::uint32_t> out) { fill_words(out); };
        tensors.push_back(std::move(one));
      }
    }
  }
  return tensors;
}

class HuggingFaceClip : public ::testing::Test {
 protected:
  HuggingFaceClip() {
    synthesize_model(small_model(), open_clip_, {.form = DirectoryForm::kOpenClip, .vocabulary = std::nullopt});
    fs::create_directory(hugging_face_);
    write();
    directory_.write("hugging_face/config.json", kConfig);
    directory_.write("hugging_face/preprocessor_config.json", kProcessor);
  }

  void write(const std::function<void(std::vector<TensorToWrite>&)>& edit = {}) {
    auto tensors = as_hugging_face(read_safetensors(open_clip_ / "open_clip_model.safetensors"));
    if (edit) edit(tensors);
    write_safetensors(hugging_face_ / "model.safetensors", std::move(tensors), {{"format", "pt"}});
  }
  /// What the directory holds, by MLX: the packed form, or what it stands for.
  void write_mlx(const FormatOf& format_of, bool restored, const std::string& quantization) {
    const TensorStore store = read_safetensors(hugging_face_ / "model.safetensors");
    auto tensors = as_mlx(store, format_of, restored);
    const fs::path made = hugging_face_ / "made.safetensors";
    write_safetensors(made, std::move(tensors), {{"format", "mlx"}});
    fs::rename(made, hugging_face_ / "model.safetensors");
    std::string config = kConfig;
    if (!restored) config.insert(1, "\"quantization\": " + quantization + ", ");
    directory_.write("hugging_face/config.json", config);
  }
  std::string error() const {
    return load_error_of([&] { (void)read_model_weights(hugging_face_); });
  }

  TemporaryDirectory directory_;
  fs::path open_clip_ = directory_.path() / "open_clip";
  fs::path hugging_face_ = directory_.path() / "hugging_face";
};

TEST_F(HuggingFaceClip, IsTheModelThatOpenClipsLayoutHolds) {
  const ModelWeights expected = read_model_weights(open_clip_);
  const ModelWeights found = read_model_weights(hugging_face_);
  EXPECT_EQ(found.layout.name(), "Hugging Face");
  EXPECT_TRUE(found.config.image == expected.config.image);
  EXPECT_TRUE(found.config.text == expected.config.text);
  EXPECT_EQ(found.config.embed_dim, 48);
  EXPECT_EQ(found.logit_scale, expected.logit_scale);
  EXPECT_EQ(fingerprint(found.config, found.image, found.text),
            fingerprint(expected.config, expected.image, expected.text));
}

TEST_F(HuggingFaceClip, SaysWhatIsMissingOrTooMuch) {
  write([](auto& tensors) {
    std::erase_if(tensors, [](const auto& t) { return t.name.ends_with("layers.1.self_attn.k_proj.weight"); });
  });
  EXPECT_THAT(error(), HasSubstr("one missing beside"));
  write([](auto& tensors) { std::erase_if(tensors, [](const auto& t) { return t.name.ends_with("fc1.bias"); }); });
  EXPECT_THAT(error(),
              HasSubstr("in OpenCLIP's names: 2 tensors missing: 'transformer.resblocks.0.mlp.c_fc.bias' [96]"));
  write([](auto& tensors) { tensors.front().name = "vision_model.head.weight"; });
  EXPECT_THAT(error(), HasSubstr("'vision_model.head.weight'"));
}

TEST_F(HuggingFaceClip, ReadsWhatMlxQuantised) {
  const AffineFormat four{.bits = 4, .group_size = 32};
  const AffineFormat eight{.bits = 8, .group_size = 32};
  const auto formats = [&](const std::string& module) -> std::optional<AffineFormat> {
    if (module == "text_model.encoder.layers.1.self_attn.k_proj") return eight;  // unlike the two beside it
    if (module == "vision_model.encoder.layers.0.self_attn.v_proj") return std::nullopt;
    if (module == "vision_model.encoder.layers.0.mlp.fc1" || module == "text_projection") return eight;
    return four;
  };
  const std::string quantization = R"({"bits": 4, "group_size": 32,
    "text_model.encoder.layers.1.self_attn.k_proj": {"bits": 8}, "vision_model.encoder.layers.0.self_attn.v_proj": false,
    "vision_model.encoder.layers.0.mlp.fc1": {"bits": 8, "group_size": 32}, "text_projection": {"bits": 8}})";
  write_mlx(formats, /*restored=*/true, "");
  const ModelWeights expected = read_model_weights(hugging_face_);
  write();
  write_mlx(formats, /*restored=*/false, quantization);
  const ModelWeights found = read_model_weights(hugging_face_);

  EXPECT_EQ(found.conv_layout, ConvLayout::kOhwi);
  for (const auto& [name, tensor] : expected.text.floats()) {
    EXPECT_TRUE(std::ranges::equal(found.text.at(name).values, tensor.values)) << name;
  }
  for (const auto& [name, tensor] : expected.image.floats()) {
    EXPECT_TRUE(std::ranges::equal(found.image.at(name).values, tensor.values)) << name;
  }
  const AffineMatrix* const in_proj = found.text.quantized("transformer.resblocks.0.attn.in_proj_weight");
  ASSERT_TRUE(in_proj) << "three alike stay as they are";
  EXPECT_EQ(in_proj->format, four);
  EXPECT_EQ(in_proj->rows, 96);
  EXPECT_FALSE(found.text.quantized("transformer.resblocks.1.attn.in_proj_weight"));
  EXPECT_FALSE(found.image.quantized("transformer.resblocks.0.attn.in_proj_weight"));
  ASSERT_TRUE(found.image.quantized("transformer.resblocks.0.mlp.c_fc.weight"));
  EXPECT_EQ(found.image.quantized("transformer.resblocks.0.mlp.c_fc.weight")->format, eight);
  EXPECT_TRUE(found.text.quantized("token_embedding.weight"));

  const fs::path full = directory_.path() / "full";
  convert_model(hugging_face_, full, {});
  EXPECT_EQ(fingerprint(expected.config, expected.image, expected.text), [&] {
    const ModelWeights weights = read_model_weights(full);
    return fingerprint(weights.config, weights.image, weights.text);
  }());
}

TEST_F(HuggingFaceClip, SaysWhatIsWrongWithWhatMlxQuantised) {
  const auto formats = [](const std::string&) { return AffineFormat{.bits = 8, .group_size = 32}; };
  const std::string quantization = R"({"bits": 8, "group_size": 32})";
  write_mlx(formats, /*restored=*/false, quantization);
  EXPECT_EQ(error(), "");
  directory_.write("hugging_face/config.json", kConfig);
  EXPECT_THAT(error(), HasSubstr("expected a configuration with \"quantization\" for it"));
  directory_.write("hugging_face/config.json",
                   std::string(R"({"quantization": {"bits": 4, "group_size": 32}, )") + (kConfig + 1));
  EXPECT_THAT(error(), HasSubstr(".weight' expected [16, 4] for 4 bits in groups of 32, found [16, 8]"));

  const auto without = [&](const std::string& end) {
    write();
    write_mlx(formats, /*restored=*/false, quantization);
    testing::rewrite(hugging_face_ / "model.safetensors", [&](auto& tensors) {
      std::erase_if(tensors, [&](const auto& t) { return t.name.ends_with(end); });
    });
    return error();
  };
  EXPECT_THAT(without("1.self_attn.k_proj.biases"), HasSubstr("one missing beside"));
  EXPECT_THAT(without("_proj.biases"), HasSubstr("attn.in_proj.biases' expected [96, 1], found none"));
  EXPECT_THAT(without("text_projection.weight"), HasSubstr("'text_projection.weight' expected [48, 8], found none"));
  EXPECT_THAT(without("fc2.scales"), HasSubstr("mlp.c_proj.weight' expected [32, 64], found [32, 16]"));
}

TEST_F(HuggingFaceClip, RefusesWhatTheEngineDoesNotDo) {
  const auto error_with = [&](const char* file, std::string text, const std::string& from, const std::string& to) {
    text.replace(text.find(from), from.size(), to);
    directory_.write(std::string("hugging_face/") + file, text);
    const std::string found = error();
    directory_.write("hugging_face/config.json", kConfig);
    directory_.write("hugging_face/preprocessor_config.json", kProcessor);
    return found;
  };
  EXPECT_THAT(error_with("config.json", kConfig, "\"quick_gelu\"", "\"silu\""),
              HasSubstr("config.json: text_config.hidden_act"));
  EXPECT_THAT(error_with("config.json", kConfig, "\"quick_gelu\"", "\"gelu\""),
              HasSubstr("vision_config.hidden_act: expected the text tower's"));
  EXPECT_THAT(error_with("preprocessor_config.json", kProcessor, "\"resample\": 3", "\"resample\": 1"),
              HasSubstr("preprocessor_config.json: resample"));
  EXPECT_THAT(error_with("preprocessor_config.json", kProcessor, "\"shortest_edge\": 48", "\"shortest_edge\": 64"),
              HasSubstr("size: expected 48"));
  EXPECT_THAT(
      error_with("preprocessor_config.json", kProcessor, "\"do_center_crop\": true", "\"do_center_crop\": false"),
      HasSubstr("do_center_crop"));
  EXPECT_THAT(error_with("config.json", kConfig, "\"clip\"", "\"siglip\""), HasSubstr("model_type \"clip\""));
}

}  // namespace
}  // namespace mobileclip
