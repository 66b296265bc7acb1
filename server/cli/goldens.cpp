#include "server/cli/goldens.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "server/embedded_file.h"

// MOBILECLIP_GOLDEN_DIR and the dependency on the files come from CMakeLists.txt.
MOBILECLIP_EMBED(golden_mobileclip_s1, MOBILECLIP_GOLDEN_DIR "/MobileCLIP-S1.json");
MOBILECLIP_EMBED(golden_mobileclip2_b, MOBILECLIP_GOLDEN_DIR "/MobileCLIP2-B.json");
MOBILECLIP_EMBED(golden_mobileclip2_l_14, MOBILECLIP_GOLDEN_DIR "/MobileCLIP2-L-14.json");
MOBILECLIP_EMBED(golden_mobileclip2_s0, MOBILECLIP_GOLDEN_DIR "/MobileCLIP2-S0.json");
MOBILECLIP_EMBED(golden_mobileclip2_s2, MOBILECLIP_GOLDEN_DIR "/MobileCLIP2-S2.json");
MOBILECLIP_EMBED(golden_mobileclip2_s3, MOBILECLIP_GOLDEN_DIR "/MobileCLIP2-S3.json");
MOBILECLIP_EMBED(golden_mobileclip2_s4, MOBILECLIP_GOLDEN_DIR "/MobileCLIP2-S4.json");
MOBILECLIP_EMBED(golden_vit_b_16, MOBILECLIP_GOLDEN_DIR "/ViT-B-16.json");
MOBILECLIP_EMBED(golden_vit_b_32_quickgelu, MOBILECLIP_GOLDEN_DIR "/ViT-B-32-quickgelu.json");
MOBILECLIP_EMBED(golden_real_mobileclip2_s0, MOBILECLIP_GOLDEN_DIR "/real_MobileCLIP2-S0.json");

namespace mobileclip::server {
namespace {

struct EmbeddedFile {
  std::string_view model;
  const char* begin;
  const char* end;
};

constexpr std::array kSynthetic{
    EmbeddedFile{"MobileCLIP-S1", golden_mobileclip_s1_begin, golden_mobileclip_s1_end},
    EmbeddedFile{"MobileCLIP2-B", golden_mobileclip2_b_begin, golden_mobileclip2_b_end},
    EmbeddedFile{"MobileCLIP2-L-14", golden_mobileclip2_l_14_begin, golden_mobileclip2_l_14_end},
    EmbeddedFile{"MobileCLIP2-S0", golden_mobileclip2_s0_begin, golden_mobileclip2_s0_end},
    EmbeddedFile{"MobileCLIP2-S2", golden_mobileclip2_s2_begin, golden_mobileclip2_s2_end},
    EmbeddedFile{"MobileCLIP2-S3", golden_mobileclip2_s3_begin, golden_mobileclip2_s3_end},
    EmbeddedFile{"MobileCLIP2-S4", golden_mobileclip2_s4_begin, golden_mobileclip2_s4_end},
    EmbeddedFile{"ViT-B-16", golden_vit_b_16_begin, golden_vit_b_16_end},
    EmbeddedFile{"ViT-B-32-quickgelu", golden_vit_b_32_quickgelu_begin, golden_vit_b_32_quickgelu_end}};
constexpr std::array kReal{
    EmbeddedFile{"MobileCLIP2-S0", golden_real_mobileclip2_s0_begin, golden_real_mobileclip2_s0_end}};

template <std::size_t N>
std::optional<nlohmann::json> parse(const std::array<EmbeddedFile, N>& files, std::string_view model) {
  const auto file = std::ranges::find(files, model, &EmbeddedFile::model);
  if (file == files.end()) return std::nullopt;
  return nlohmann::json::parse(file->begin, file->end);
}

}  // namespace

std::optional<SyntheticGolden> synthetic_golden(std::string_view model) {
  const auto json = parse(kSynthetic, model);
  if (!json) return std::nullopt;
  SyntheticGolden golden{.seed = json->at("seed"),
                         .text_ids = json->at("text_ids"),
                         .text = json->at("text").at("embeddings"),
                         .image_size = json->at("image_size"),
                         .image = json->at("image").at("embeddings")};
  if (json->contains("image_train_form")) golden.image_train_form = json->at("image_train_form").at("embeddings");
  return golden;
}

std::optional<RealGolden> real_golden(std::string_view model) {
  const auto json = parse(kReal, model);
  if (!json) return std::nullopt;
  return RealGolden{
      .text = json->at("text"), .token_ids = json->at("token_ids"), .text_embedding = json->at("text_embedding")};
}

}  // namespace mobileclip::server
