#include "server/cli/calibration.h"

#include <algorithm>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <utility>

#include "engine/models/loaded_model.h"
#include "server/cli/engine_answers.h"
#include "server/cli/image_file.h"

namespace mobileclip::server {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostInputs = 2000;  // whose neighbours take a second to find
constexpr std::size_t kAtOnce = 32;        // bounds what is held in memory, and fills batches

double dot(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += double{a[i]} * double{b[i]};
  return sum;
}

std::size_t nearest_to(std::size_t index, std::span<const std::vector<float>> rows) {
  std::size_t nearest = index == 0 ? 1 : 0;
  double greatest = -2;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (i == index) continue;
    const double cosine = dot(rows[index], rows[i]);
    if (cosine <= greatest) continue;
    greatest = cosine;
    nearest = i;
  }
  return nearest;
}

ImageBytes read_image(const fs::path& file) {
  auto encoded = read_image_file(file.string(), ImageLimits{}.max_encoded_bytes);
  if (!encoded) throw std::runtime_error(file.string() + ": " + encoded.error().message);
  auto bytes = std::make_shared<const std::vector<std::byte>>(std::move(*encoded));
  return {.bytes = *bytes, .owner = bytes};
}

Embedded embed_part(Engine& engine, const CalibrationInputs& inputs, std::size_t begin, std::size_t end) {
  if (inputs.images.empty()) {
    std::vector<std::string> texts(inputs.texts.begin() + static_cast<std::ptrdiff_t>(begin),
                                   inputs.texts.begin() + static_cast<std::ptrdiff_t>(end));
    return await([&](EmbedCallback done) { return engine.submit_texts(std::move(texts), {}, std::move(done)); });
  }
  std::vector<ImageBytes> images;
  for (std::size_t i = begin; i < end; ++i) images.push_back(read_image(inputs.images[i]));
  return await([&](EmbedCallback done) { return engine.submit_images(std::move(images), {}, std::move(done)); });
}

std::vector<std::vector<float>> embed(const CalibrationInputs& inputs, const fs::path& model,
                                      const Progress& progress) {
  Engine engine(load_model(model, progress), {});
  std::vector<std::vector<float>> rows;
  for (std::size_t begin = 0; begin < inputs.size(); begin += kAtOnce) {
    for (auto& item : embed_part(engine, inputs, begin, std::min(begin + kAtOnce, inputs.size()))) {
      if (item) {
        rows.push_back(std::move(item->embedding));
        continue;
      }
      const std::string which =
          inputs.images.empty() ? "text " + std::to_string(rows.size() + 1) : inputs.images[rows.size()].string();
      throw std::runtime_error(which + ": " + item.error().message);
    }
    if (progress) progress("calibrating", rows.size(), inputs.size());
  }
  return rows;
}

}  // namespace

CalibrationInputs read_calibration_inputs(const fs::path& path) {
  CalibrationInputs inputs;
  if (fs::is_directory(path)) {
    for (const fs::directory_entry& entry : fs::directory_iterator(path)) {
      if (entry.is_regular_file()) inputs.images.push_back(entry.path());
    }
    std::ranges::sort(inputs.images);
    inputs.images.resize(std::min(inputs.images.size(), kMostInputs));
  } else {
    std::ifstream lines(path, std::ios::binary);
    if (!lines) throw std::runtime_error(path.string() + ": cannot be opened");
    for (std::string line; inputs.texts.size() < kMostInputs && std::getline(lines, line);) {
      if (line.ends_with('\r')) line.pop_back();
      if (!line.empty()) inputs.texts.push_back(std::move(line));
    }
  }
  if (inputs.size() < 2) {
    throw std::runtime_error(path.string() +
                             ": expected a file of two or more texts, one a line, or a directory of two " +
                             "or more images, found " + std::to_string(inputs.size()));
  }
  return inputs;
}

Agreement agreement(std::span<const std::vector<float>> full, std::span<const std::vector<float>> quantized) {
  Agreement result{.least_cosine = 1, .mean_cosine = 0, .same_neighbour = 0};
  for (std::size_t i = 0; i < full.size(); ++i) {
    const double cosine = dot(full[i], quantized[i]);
    result.least_cosine = std::min(result.least_cosine, cosine);
    result.mean_cosine += cosine / static_cast<double>(full.size());
    if (nearest_to(i, full) == nearest_to(i, quantized)) ++result.same_neighbour;
  }
  return result;
}

Agreement calibrate(const CalibrationInputs& inputs, const fs::path& full, const fs::path& quantized,
                    const Progress& progress) {
  return agreement(embed(inputs, full, progress), embed(inputs, quantized, progress));
}

}  // namespace mobileclip::server
