#include "engine/models/fingerprint.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <charconv>
#include <fstream>
#include <iterator>
#include <memory>
#include <span>
#include <stdexcept>
#include <thread>
#include <vector>

#include "engine/base/error.h"

namespace mobileclip {
namespace {

constexpr std::size_t kMaxThreads = 4;  // enough to be bound by memory

std::string hex_sha256(std::span<const std::byte> bytes) {
  constexpr char kHex[] = "0123456789abcdef";
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int length = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &length, EVP_sha256(), nullptr) != 1) {
    throw std::runtime_error("OpenSSL's SHA-256 failed");
  }
  std::string text;
  for (unsigned int i = 0; i < length; ++i) text += {kHex[digest[i] >> 4], kHex[digest[i] & 15]};
  return text;
}

/// The shortest decimal that reads back as the same float.
std::string shortest(float value) {
  std::array<char, 32> text{};
  return {text.data(), std::to_chars(text.data(), text.data() + text.size(), value).ptr};
}

struct Line {
  std::string name;
  std::string form;
  std::vector<std::span<const std::byte>> parts;
  std::string digests;
};

void append_tower(std::vector<Line>& lines, const std::string& prefix, const TowerWeights& tower) {
  const auto begin = static_cast<std::ptrdiff_t>(lines.size());
  for (const auto& [name, tensor] : tower.floats()) {
    lines.push_back({.name = prefix + name,
                     .form = to_string(tensor.shape),
                     .parts = {std::as_bytes(tensor.values)},
                     .digests = {}});
  }
  for (const auto& [name, matrix] : tower.quantized()) {
    lines.push_back({.name = prefix + name,
                     .form = to_string(Shape{matrix.rows, matrix.columns}) + " in " + to_string(matrix.format),
                     .parts = {std::as_bytes(std::span(matrix.words)), std::as_bytes(std::span(matrix.scales)),
                               std::as_bytes(std::span(matrix.biases))},
                     .digests = {}});
  }
  std::ranges::sort(lines.begin() + begin, lines.end(), {}, &Line::name);
}

void hash_all(std::vector<Line>& lines) {
  std::atomic<std::size_t> next{0};
  std::atomic<bool> failed{false};
  const auto work = [&] {
    for (std::size_t i = next++; i < lines.size(); i = next++) {
      try {
        for (const auto& part : lines[i].parts) lines[i].digests += " " + hex_sha256(part);
      } catch (const std::exception&) {
        failed = true;
      }
    }
  };
  std::vector<std::jthread> helpers;
  const std::size_t threads = std::clamp<std::size_t>(std::thread::hardware_concurrency(), 1, kMaxThreads);
  for (std::size_t i = 1; i < threads; ++i) helpers.emplace_back(work);
  work();
  helpers.clear();  // joins
  if (failed) throw std::runtime_error("the fingerprint of the weights could not be computed");
}

std::string preamble(const ModelConfig& config) {
  const bool bilinear = config.preprocess.interpolation == Interpolation::kBilinear;
  std::string text = "image " + std::to_string(config.preprocess.image_size) + (bilinear ? " bilinear" : " bicubic");
  for (const auto& channels : {config.mean, config.std}) {
    for (const float v : channels) text.append(1, ' ').append(shortest(v));
  }
  if (const auto* vit = std::get_if<VitConfig>(&config.image)) {
    text += "\nvit " + std::to_string(vit->heads) + (vit->quick_gelu ? " quick_gelu " : " gelu ") +
            shortest(vit->layer_norm_eps);
  }
  text += "\ntext " + std::to_string(config.text.heads) + (config.text.causal ? " causal " : " bidirectional ") +
          std::to_string(config.text.context_length);
  if (config.text.quick_gelu) text += " quick_gelu";
  if (config.text.layer_norm_eps != TextConfig{}.layer_norm_eps) text += " " + shortest(config.text.layer_norm_eps);
  text += "\n";
  return text;
}

}  // namespace

std::string fingerprint(const ModelConfig& config, const TowerWeights& image, const TowerWeights& text) {
  const std::array<NamedTower, 2> towers{{{"image.", &image}, {"text.", &text}}};
  return fingerprint(preamble(config), towers);
}

std::string fingerprint(const std::string& preamble, std::span<const NamedTower> towers) {
  std::vector<Line> lines;
  for (const NamedTower& tower : towers) append_tower(lines, tower.prefix, *tower.weights);
  hash_all(lines);
  std::string document = preamble;
  for (const Line& line : lines) document += line.name + " " + line.form + line.digests + "\n";
  return hex_sha256(std::as_bytes(std::span(document)));
}

std::string file_digest(const std::filesystem::path& file) {
  std::ifstream stream(file, std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(stream), std::istreambuf_iterator<char>()};
  if (!stream.is_open() || stream.bad()) throw LoadError(file.string() + ": cannot be read");
  return hex_sha256(std::as_bytes(std::span(bytes)));
}

}  // namespace mobileclip
