#include "engine/models/tensor_table.h"

#include <algorithm>

#include "engine/models/tensor_table_writer.h"

namespace mobileclip {
namespace {

/// timm layers/helpers.py::make_divisible with divisor 8 and no round-down limit that our widths could reach.
int make_divisible(double v) { return std::max(8, static_cast<int>(v + 4) / 8 * 8); }

struct MobileOne {
  int in, out, kernel, stride = 1, groups = 1;
  bool conv_scale = true;
  bool conv_kxk = true;
};

class ImageTable {
 public:
  ImageTable(const MciConfig& config, int embed_dim, ImageForm form)
      : config_(config), embed_dim_(embed_dim), fused_(form == ImageForm::kFused) {}

  TensorTable build() {
    const int d0 = config_.embed_dims[0];
    const bool scale = config_.stem_conv_scale;
    mobileone("trunk.stem.0.", {.in = 3, .out = d0, .kernel = 3, .stride = 2, .conv_scale = scale});
    mobileone("trunk.stem.1.", {.in = d0, .out = d0, .kernel = 3, .stride = 2, .groups = d0, .conv_scale = scale});
    mobileone("trunk.stem.2.", {.in = d0, .out = d0, .kernel = 1, .conv_scale = scale});
    for (std::size_t i = 0; i < config_.layers.size(); ++i) stage(static_cast<int>(i));
    const int last = config_.embed_dims.back();
    const int final_dim = config_.final_dim();
    mobileone("trunk.final_conv.", {.in = last, .out = final_dim, .kernel = 3, .groups = last});
    squeeze_excite("trunk.final_conv.se.", final_dim, static_cast<int>(final_dim / 16.0 + 0.5));
    writer_.weight_bias("trunk.head.fc.", {embed_dim_, final_dim});
    return std::move(table_);
  }

 private:
  void mobileone(const std::string& p, const MobileOne& m) {
    const int in_per_group = m.in / m.groups;
    if (fused_) {
      writer_.weight_bias(p + "reparam_conv.", {m.out, in_per_group, m.kernel, m.kernel});
      return;
    }
    if (m.in == m.out && m.stride == 1) writer_.batch_norm(p + "identity.", m.in);
    if (m.conv_kxk) writer_.conv_bn(p + "conv_kxk.0.", m.out, in_per_group, m.kernel);
    if (m.kernel > 1 && m.conv_scale) writer_.conv_bn(p + "conv_scale.", m.out, in_per_group, 1);
  }

  void squeeze_excite(const std::string& p, int c, int reduced) {
    writer_.weight_bias(p + "fc1.", {reduced, c, 1, 1});
    writer_.weight_bias(p + "fc2.", {c, reduced, 1, 1});
  }

  void conv_mlp(const std::string& p, int dim) {
    const int hidden = dim * config_.mlp_ratio;
    writer_.conv_bn(p + "conv.", dim, 1, 7);
    writer_.weight_bias(p + "fc1.", {hidden, dim, 1, 1});
    writer_.weight_bias(p + "fc2.", {dim, hidden, 1, 1});
  }

  void stage(int i) {
    const std::string p = "trunk.stages." + std::to_string(i) + ".";
    const int dim = config_.embed_dims[static_cast<std::size_t>(i)];
    const bool attention = i >= config_.attention_from;
    if (i > 0) downsample(p + "downsample.", i, dim);
    if (attention) writer_.weight_bias(p + (fused_ ? "pos_emb.reparam_conv." : "pos_emb.pos_enc."), {dim, 1, 7, 7});
    for (int j = 0; j < config_.layers[static_cast<std::size_t>(i)]; ++j) {
      const std::string b = p + "blocks." + std::to_string(j) + ".";
      if (attention) {
        attention_block(b, dim);
      } else {
        rep_mixer_block(b, dim);
      }
    }
  }

  void downsample(const std::string& p, int i, int dim) {
    const std::string q = p + "proj.0.";
    if (fused_) {
      writer_.weight_bias(q + "reparam_conv.", {dim, 1, 7, 7});
    } else {
      writer_.conv_bn(q + "large_conv.", dim, 1, 7);
      writer_.conv_bn(q + "small_conv.", dim, 1, 3);
    }
    if (config_.se_downsamples[static_cast<std::size_t>(i)]) squeeze_excite(q + "se.", dim, make_divisible(dim / 4.0));
    mobileone(p + "proj.1.", {.in = dim, .out = dim, .kernel = 1});
  }

  void attention_block(const std::string& b, int dim) {
    if (config_.layer_norm) {
      writer_.weight_bias(b + "norm.", {dim});
    } else {
      writer_.batch_norm(b + "norm.", dim);
    }
    writer_.add(b + "token_mixer.qkv.weight", {3 * dim, dim});
    writer_.weight_bias(b + "token_mixer.proj.", {dim, dim});
    writer_.add(b + "layer_scale_1.gamma", {dim, 1, 1});
    conv_mlp(b + "mlp.", dim);
    writer_.add(b + "layer_scale_2.gamma", {dim, 1, 1});
  }

  void rep_mixer_block(const std::string& b, int dim) {
    if (fused_) {
      writer_.weight_bias(b + "token_mixer.reparam_conv.", {dim, 1, 3, 3});
    } else {
      mobileone(b + "token_mixer.norm.",
                {.in = dim, .out = dim, .kernel = 3, .groups = dim, .conv_scale = false, .conv_kxk = false});
      mobileone(b + "token_mixer.mixer.", {.in = dim, .out = dim, .kernel = 3, .groups = dim});
      writer_.add(b + "token_mixer.layer_scale.gamma", {dim, 1, 1});
    }
    conv_mlp(b + "mlp.", dim);
    writer_.add(b + "layer_scale.gamma", {dim, 1, 1});
  }

  const MciConfig& config_;
  int embed_dim_;
  bool fused_;
  TensorTable table_;
  TensorTableWriter writer_{table_};
};

}  // namespace

TensorTable image_tensors(const MciConfig& config, int embed_dim, ImageForm form) {
  return ImageTable(config, embed_dim, form).build();
}

TensorTable text_tensors(const TextConfig& config, int embed_dim) {
  TensorTable table;
  TensorTableWriter writer(table);
  const int width = config.width;
  writer.add("token_embedding.weight", {config.vocab_size, width});
  writer.add("positional_embedding", {config.context_length, width});
  for (int i = 0; i < config.layers; ++i) {
    writer.block("transformer.resblocks." + std::to_string(i) + ".", kOpenClipBlock, width, config.mlp_width);
  }
  writer.weight_bias("ln_final.", {width});
  writer.add("text_projection", {width, embed_dim});
  return table;
}

TensorTable image_tensors(const ModelConfig& model, ImageForm form) {
  if (const auto* mci = std::get_if<MciConfig>(&model.image)) return image_tensors(*mci, model.embed_dim, form);
  return image_tensors(std::get<VitConfig>(model.image), model.embed_dim, model.preprocess.image_size);
}

bool is_batch_counter(std::string_view name) { return name.ends_with(".num_batches_tracked"); }

}  // namespace mobileclip
