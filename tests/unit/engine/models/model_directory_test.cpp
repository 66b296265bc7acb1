#include "engine/models/model_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zip.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <map>

#include "tests/unit/engine/models/model_fixture.h"

namespace mobileclip {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using testing::load_error_of;
using testing::named;
using ::testing::Not;
using testing::synthetic_s0;
using testing::TemporaryDirectory;
using testing::tensors_of;

constexpr const char* kImageFile = "image_encoder_weights.safetensors";
constexpr const char* kTextFile = "text_encoder_weights.safetensors";
constexpr const char* kOpenClipFile = "open_clip_model.safetensors";

const std::string& fingerprint_of(DirectoryForm form) {
  static std::map<DirectoryForm, std::string> known;
  std::string& fingerprint = known[form];
  if (fingerprint.empty()) fingerprint = load_clip_model(synthetic_s0(form)).fingerprint;
  return fingerprint;
}

/// A variation of the synthetic model in directory().
class ModelDirectory : public ::testing::Test {
 protected:
  void link(DirectoryForm form = DirectoryForm::kSplit) { testing::link_model(synthetic_s0(form), model()); }
  [[nodiscard]] fs::path model() const { return directory_.path() / "model"; }
  void rewrite_image(const std::function<void(std::vector<TensorToWrite>&)>& edit) const {
    testing::rewrite(model() / kImageFile, edit);
  }
  void replace(const std::string& name, const std::string& content) const {
    fs::remove(model() / name);
    directory_.write("model/" + name, content);
  }
  [[nodiscard]] std::string error() const {
    return load_error_of([this] { (void)load_clip_model(model()); });
  }

  TemporaryDirectory directory_;
};

/// Half the bytes to write, where values do not matter.
void narrow(std::vector<TensorToWrite>& tensors) {
  for (TensorToWrite& tensor : tensors) {
    if (tensor.dtype == DType::kF32) tensor.dtype = DType::kBF16;
  }
}

TEST_F(ModelDirectory, LoadsSplit) {
  const LoadedClipModel loaded = load_clip_model(synthetic_s0(DirectoryForm::kSplit));
  EXPECT_EQ(loaded.config.name, "MobileCLIP2-S0");
  EXPECT_EQ(loaded.image.size(), 288u);
  EXPECT_EQ(loaded.text.size(), 149u);
  EXPECT_EQ(loaded.source_layout, "split");
  EXPECT_TRUE(loaded.synthetic);
  EXPECT_NEAR(loaded.logit_scale, 100, 1e-4);
  EXPECT_EQ(loaded.fingerprint.size(), 64u);
  EXPECT_FALSE(loaded.damaged());
}

TEST_F(ModelDirectory, LoadsOpenClipFused) {
  std::vector<std::string> steps;
  const LoadedClipModel loaded =
      load_clip_model(synthetic_s0(DirectoryForm::kOpenClip), [&](std::string_view what, auto, auto) {
        if (steps.empty() || steps.back() != what) steps.emplace_back(what);
      });
  EXPECT_EQ(loaded.config.name, "MobileCLIP2-S0");
  EXPECT_EQ(loaded.image.size(), 288u);
  EXPECT_TRUE(loaded.image.contains("trunk.stem.0.reparam_conv.weight"));
  EXPECT_EQ(loaded.source_layout, "OpenCLIP");
  EXPECT_TRUE(loaded.synthetic);
  EXPECT_THAT(steps, ::testing::ElementsAre("reading image tower", "reading text tower"));
}

TEST_F(ModelDirectory, NeedsNoConfiguration) {
  link();
  fs::remove(model() / "image_encoder_config.json");
  fs::remove(model() / "text_encoder_config.json");
  const LoadedClipModel loaded = load_clip_model(model());
  EXPECT_EQ(loaded.config.name, "MobileCLIP2-S0");
  EXPECT_EQ(loaded.fingerprint, fingerprint_of(DirectoryForm::kSplit));
  EXPECT_EQ(loaded.logit_scale, std::exp(4.6051702F));
  EXPECT_TRUE(loaded.synthetic);  // by the weights' metadata
}

TEST_F(ModelDirectory, FollowsItsConfiguration) {
  link();
  replace(
      "image_encoder_config.json",
      R"({"model_name":"tuned","timm_model_name":"fastvit_mci0","image_size":224,"mean":[0.5,0.5,0.5],"interpolation":"bicubic"})");
  replace("text_encoder_config.json", R"({"no_causal_mask":false,"logit_scale":1.0})");
  const LoadedClipModel loaded = load_clip_model(model());
  EXPECT_EQ(loaded.config.name, "tuned");
  EXPECT_EQ(loaded.config.preprocess.image_size, 224);
  EXPECT_EQ(loaded.config.preprocess.interpolation, Interpolation::kBicubic);
  EXPECT_EQ(loaded.config.mean[0], 0.5F);
  EXPECT_TRUE(loaded.config.text.causal);
  EXPECT_EQ(loaded.logit_scale, std::exp(1.0F));
  EXPECT_NE(loaded.fingerprint, fingerprint_of(DirectoryForm::kSplit));
}

/// MLX's: (out, height, width, in), layer scales without the two extents of 1.
void to_ohwi(TensorToWrite& tensor) {
  if (tensor.name.ends_with(".gamma")) tensor.shape = {tensor.shape[0]};
  if (tensor.shape.size() != 4) return;
  const auto [out, in, height, width] = std::array{tensor.shape[0], tensor.shape[1], tensor.shape[2], tensor.shape[3]};
  tensor.shape = {out, height, width, in};
  tensor.fill = [oihw = tensor.fill, in = static_cast<std::size_t>(in),
                 pixels = static_cast<std::size_t>(height * width)](std::span<float> values) {
    std::vector<float> source(values.size());
    oihw(source);
    for (std::size_t i = 0; i < source.size(); ++i) {
      const std::size_t o = i / (in * pixels);
      values[(o * pixels + i % pixels) * in + i / pixels % in] = source[i];
    }
  };
}

TEST_F(ModelDirectory, TakesOhwiConvolutions) {
  link();
  rewrite_image([](std::vector<TensorToWrite>& tensors) { std::ranges::for_each(tensors, to_ohwi); });
  EXPECT_EQ(load_clip_model(model()).fingerprint, fingerprint_of(DirectoryForm::kSplit));
}

TEST_F(ModelDirectory, TakesTheTrainFormInTheSplitLayoutAndOhwiConvolutionsThere) {
  link();
  fs::remove(model() / kImageFile);
  const TensorStore store = read_safetensors(synthetic_s0(DirectoryForm::kOpenClip) / kOpenClipFile);
  std::vector<TensorToWrite> image;
  for (TensorToWrite& tensor : tensors_of(store)) {
    if (!tensor.name.starts_with("visual.")) continue;
    tensor.name.erase(0, 7);
    image.push_back(std::move(tensor));
  }
  write_safetensors(model() / kImageFile, std::move(image));
  EXPECT_EQ(load_clip_model(model()).fingerprint, fingerprint_of(DirectoryForm::kOpenClip));
  rewrite_image([](std::vector<TensorToWrite>& tensors) { std::ranges::for_each(tensors, to_ohwi); });
  EXPECT_EQ(load_clip_model(model()).fingerprint, fingerprint_of(DirectoryForm::kOpenClip));
}

TEST_F(ModelDirectory, TakesShards) {
  link(DirectoryForm::kOpenClip);
  const TensorStore store = read_safetensors(model() / kOpenClipFile);
  fs::remove(model() / kOpenClipFile);
  std::vector<TensorToWrite> shards[2];
  std::string index;
  for (TensorToWrite& tensor : tensors_of(store)) {
    const std::size_t shard = tensor.name.starts_with("visual.") ? 0 : 1;
    index += (index.empty() ? "\"" : ",\"") + tensor.name + "\":\"shard" + std::to_string(shard) + ".safetensors\"";
    shards[shard].push_back(std::move(tensor));
  }
  write_safetensors(model() / "shard0.safetensors", std::move(shards[0]));
  write_safetensors(model() / "shard1.safetensors", std::move(shards[1]));
  directory_.write("model/model.safetensors.index.json", "{\"weight_map\":{" + index + "}}");
  EXPECT_EQ(load_clip_model(model()).fingerprint, fingerprint_of(DirectoryForm::kOpenClip));
}

void write_npz(const fs::path& file, const TensorStore& store) {
  zip_t* const archive = zip_open(file.c_str(), ZIP_CREATE | ZIP_TRUNCATE, nullptr);
  std::vector<std::string> arrays;
  arrays.reserve(store.tensors().size());
  for (const StoredTensor& tensor : store.tensors()) {
    std::string shape;
    for (const std::int64_t extent : tensor.shape) shape += std::to_string(extent) + ",";
    std::string dict = "{'descr': '" + std::string(tensor.dtype == DType::kF32 ? "<f4" : "<i8") +
                       "', 'fortran_order': False, 'shape': (" + shape + "), }\n";
    arrays.push_back(std::string("\x93NUMPY\1\0", 8) + static_cast<char>(dict.size()) + '\0' + dict);
    arrays.back().append(reinterpret_cast<const char*>(tensor.bytes.data()), tensor.bytes.size());
    zip_source_t* const source = zip_source_buffer(archive, arrays.back().data(), arrays.back().size(), 0);
    const auto index = zip_file_add(archive, (tensor.name + ".npy").c_str(), source, ZIP_FL_ENC_UTF_8);
    zip_set_file_compression(archive, static_cast<zip_uint64_t>(index), ZIP_CM_STORE, 0);
  }
  ASSERT_EQ(zip_close(archive), 0);
}

TEST_F(ModelDirectory, PrefersSafetensorsToNpz) {
  link();
  directory_.write("model/image_encoder_weights.npz", "not even a zip");
  EXPECT_EQ(load_clip_model(model()).source_layout, "split");
}

TEST_F(ModelDirectory, TakesNpzWhereThereAreNoSafetensors) {
  link();
  const TensorStore store = read_safetensors(model() / kImageFile);
  fs::remove(model() / kImageFile);
  write_npz(model() / "image_encoder_weights.npz", store);
  const LoadedClipModel loaded = load_clip_model(model());
  EXPECT_EQ(loaded.source_layout, "split npz");
  EXPECT_EQ(loaded.fingerprint, fingerprint_of(DirectoryForm::kSplit));
}

TEST_F(ModelDirectory, NamesTheCandidatesWhereThereAreNoWeights) {
  fs::create_directory(model());
  EXPECT_THAT(error(), AllOf(HasSubstr("image_encoder_weights.safetensors"), HasSubstr("image_encoder_weights.npz"),
                             HasSubstr("text_encoder_weights.npz"), HasSubstr("open_clip_model.safetensors")));
  link();
  fs::remove(model() / kTextFile);
  EXPECT_THAT(error(), AllOf(HasSubstr("text_encoder_weights.safetensors or text_encoder_weights.npz"),
                             Not(HasSubstr("image_encoder"))));
  EXPECT_THAT(load_error_of([] { (void)load_clip_model("/nonexistent"); }), HasSubstr("/nonexistent"));
}

TEST_F(ModelDirectory, ListsAllThatIsAmissAtOnce) {
  link();
  rewrite_image([](std::vector<TensorToWrite>& tensors) {
    named(tensors, "trunk.stem.0.reparam_conv.bias").name = "trunk.stem.0.reparam_conv.biases";
    TensorToWrite& head = named(tensors, "trunk.head.fc.weight");
    head.shape = {512, 1023};
    head.fill = [](std::span<float> out) { std::ranges::fill(out, 0.0F); };
  });
  EXPECT_THAT(error(),
              AllOf(HasSubstr(std::string(kImageFile) + ": expected the image tower (fused form) of MobileCLIP2-S0"),
                    HasSubstr("1 tensor missing: 'trunk.stem.0.reparam_conv.bias' [64]"),
                    HasSubstr("'trunk.head.fc.weight' expected [512, 1024], found [512, 1023]"),
                    HasSubstr("1 tensor unused: 'trunk.stem.0.reparam_conv.biases' [64]")));
}

TEST_F(ModelDirectory, NeverLoadsAShallowerModel) {
  link();
  fs::remove(model() / "image_encoder_config.json");
  fs::remove(model() / "text_encoder_config.json");
  testing::rewrite(model() / kTextFile, [](std::vector<TensorToWrite>& tensors) {
    narrow(tensors);
    std::erase_if(tensors, [](const TensorToWrite& t) { return t.name.starts_with("transformer.resblocks.11."); });
  });
  EXPECT_THAT(error(), HasSubstr("12 tensors missing: 'transformer.resblocks.11.attn.in_proj_bias'"));
}

TEST_F(ModelDirectory, RefusesStraysBesideOpenClipsTowers) {
  link(DirectoryForm::kOpenClip);
  testing::rewrite(model() / kOpenClipFile, [](std::vector<TensorToWrite>& tensors) {
    narrow(tensors);
    named(tensors, "logit_scale").name = "logit_bias";
  });
  EXPECT_THAT(error(),
              AllOf(HasSubstr("1 tensor missing: 'logit_scale' []"), HasSubstr("1 tensor unused: 'logit_bias' []")));
}

TEST_F(ModelDirectory, RefusesALogitScaleThatIsNoLogarithm) {
  link(DirectoryForm::kOpenClip);
  testing::rewrite(model() / kOpenClipFile, [](std::vector<TensorToWrite>& tensors) {
    narrow(tensors);
    named(tensors, "logit_scale").fill = [](std::span<float> out) { out[0] = 100.0F; };
  });
  EXPECT_THAT(error(), AllOf(HasSubstr(kOpenClipFile), HasSubstr("'logit_scale': expected a logarithm, found 100")));
}

TEST_F(ModelDirectory, RefusesValuesThatAreNotFinite) {
  link();
  rewrite_image([](std::vector<TensorToWrite>& tensors) {
    TensorToWrite& bias = named(tensors, "trunk.head.fc.bias");
    bias.fill = [](std::span<float> out) {
      std::ranges::fill(out, 0.0F);
      out[17] = std::numeric_limits<float>::quiet_NaN();
    };
  });
  EXPECT_THAT(error(), AllOf(HasSubstr(kImageFile), HasSubstr("'trunk.head.fc.bias'"), HasSubstr("nan at element 17")));
}

TEST_F(ModelDirectory, RefusesWeightsThatAreNoFloats) {
  link();
  rewrite_image([](std::vector<TensorToWrite>& tensors) { named(tensors, "trunk.head.fc.bias").dtype = DType::kI64; });
  EXPECT_THAT(error(), AllOf(HasSubstr("'trunk.head.fc.bias'"), HasSubstr("found I64")));
}

TEST_F(ModelDirectory, RefusesAConfigurationThatTheTensorsContradict) {
  link();
  replace("image_encoder_config.json", R"({"model_name":"MobileCLIP2-S2"})");
  replace("text_encoder_config.json", "{}");
  EXPECT_THAT(error(), AllOf(HasSubstr("MobileCLIP2-S2"), HasSubstr("misshapen")));
  replace("image_encoder_config.json", R"({"embed_dim":"512"})");
  EXPECT_THAT(error(), HasSubstr("image_encoder_config.json: embed_dim: expected a positive integer, found string"));
}

TEST_F(ModelDirectory, RefusesVocabulariesThatAreMissingOrDamaged) {
  link();
  fs::remove(model() / "tokenizer.json");
  EXPECT_THAT(error(), HasSubstr("tokenizer.json"));
  replace("tokenizer.json", "{}");
  EXPECT_NE(error(), "");
}

TEST_F(ModelDirectory, RefusesAVocabularyLargerThanTheEmbeddingTable) {
  link();
  testing::rewrite(model() / kTextFile, [](std::vector<TensorToWrite>& tensors) {
    narrow(tensors);
    TensorToWrite& embedding = named(tensors, "token_embedding.weight");
    embedding.shape = {1000, 512};
    embedding.fill = [](std::span<float> out) { std::ranges::fill(out, 0.5F); };
  });
  replace("text_encoder_config.json", R"({"vocab_size":1000})");
  EXPECT_THAT(error(), HasSubstr("expected a vocabulary of at most 1000 ids"));
}

TEST_F(ModelDirectory, NoticesTruncationAfterLoading) {
  link();
  fs::remove(model() / kImageFile);
  fs::copy_file(synthetic_s0(DirectoryForm::kSplit) / kImageFile, model() / kImageFile);
  const LoadedClipModel loaded = load_clip_model(model());
  EXPECT_FALSE(loaded.damaged());
  fs::resize_file(model() / kImageFile, 1 << 20);
  double sum = 0;
  for (const auto& [name, tensor] : loaded.image.floats()) {
    for (const float v : tensor.values) sum += v;  // must not kill the process
  }
  EXPECT_TRUE(std::isfinite(sum));
  EXPECT_TRUE(loaded.damaged());
}

}  // namespace
}  // namespace mobileclip
