// Runs forward passes of our engine on request, for measuring it beside others in one script (bench/peers/).
//
//   mobileclip-engine-runner MODEL THREADS ISA PRECISION
//
// Reads lines "image BATCH" or "text BATCH", runs one batch of prepared inputs through the engine's own scheduling and
// prints "MILLISECONDS v0 v1 …": the time, and the first input's normalised embedding, so that the caller can check
// that both sides compute the same thing.
#include <chrono>
#include <cstdlib>
#include <exception>
#include <iostream>
#include <sstream>
#include <stdexcept>
#include <string>

#include "engine/models/loaded_model.h"
#include "engine/runtime/engine.h"

namespace mobileclip {
namespace {

/// tests/reference/make_goldens.py::pattern_image
RgbImage pattern_image(int k, int size) {
  RgbImage image{.width = size, .height = size, .pixels = {}};
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      for (int c = 0; c < 3; ++c) {
        const int v = ((x * (1 + k)) ^ (y * (1 + 2 * k))) + 37 * c * (k + 1) + ((x * y) >> (4 + k % 3));
        image.pixels.push_back(static_cast<std::uint8_t>(v & 255));
      }
    }
  }
  return image;
}

/// "a photo of a cat", with another last word for each k.
std::vector<std::int32_t> pattern_text(int k) { return {49406, 320, 1125, 539, 320, 2368 + k, 49407}; }

std::vector<Result<EmbeddedItem>> run(Engine& engine, const std::string& tower, int batch, double& milliseconds) {
  std::vector<RgbImage> images;
  std::vector<std::vector<std::int32_t>> texts;
  for (int k = 0; k < batch; ++k) {
    if (tower == "image") {
      images.push_back(pattern_image(k, engine.info().image_input->preprocess.image_size));
    } else {
      texts.push_back(pattern_text(k));
    }
  }
  const auto start = std::chrono::steady_clock::now();
  auto answers = tower == "image" ? engine.run_batch(std::move(images)) : engine.run_batch(std::move(texts));
  milliseconds = std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
  return answers;
}

void answer_requests(Engine& engine) {
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string tower;
    int batch = 0;
    if (!(words >> tower >> batch) || (tower != "image" && tower != "text") || batch < 1) {
      throw std::invalid_argument("expected \"image BATCH\" or \"text BATCH\", found \"" + line + "\"");
    }
    double milliseconds = 0;
    const auto answers = run(engine, tower, batch, milliseconds);
    for (const auto& answer : answers) {
      if (!answer) throw std::runtime_error(answer.error().message);
    }
    std::cout << milliseconds;
    for (const float v : answers.front()->embedding) std::cout << ' ' << v;
    std::cout << std::endl;
  }
}

}  // namespace
}  // namespace mobileclip

int main(int argc, char** argv) {
  if (argc != 5) {
    std::cerr << "usage: mobileclip-engine-runner MODEL THREADS ISA fp32|bf16|int8\n";
    return 2;
  }
  try {
    mobileclip::EngineOptions options;
    options.threads = std::atoi(argv[2]);
    options.isa = argv[3];
    if (std::string(argv[4]) == "bf16") options.precision = mobileclip::Precision::kBf16;
    if (std::string(argv[4]) == "int8") options.precision = mobileclip::Precision::kInt8;
    mobileclip::Engine engine(mobileclip::load_model(argv[1]), options);
    engine.warm_up();
    std::cout << "ready " << engine.info().isa << ' ' << engine.info().precision << std::endl;
    mobileclip::answer_requests(engine);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "mobileclip-engine-runner: error: " << error.what() << '\n';
    return 1;
  }
}
