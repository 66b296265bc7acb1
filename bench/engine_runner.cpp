// Runs forward passes of our engine on request, for measuring it beside others in one script (bench/peers/,
// bench/models/).
//
//   mobileclip-engine-runner MODEL THREADS ISA PRECISION
//
// Reads lines "image BATCH", "text BATCH" (CLIP's ids of a short text) or "tokens BATCH LENGTH" (texts of so many
// tokens, the specials among them, for any vocabulary), runs one batch of prepared inputs through the engine's own
// scheduling and prints "MILLISECONDS v0 v1 …": the time, and the first input's normalised embedding, so that the
// caller can check that both sides compute the same thing.
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
TokenIds pattern_text(int k) { return {49406, 320, 1125, 539, 320, 2368 + k, 49407}; }

/// `length` tokens with the specials, different for each k.
TokenIds text_of_length(const Engine& engine, int k, int length) {
  TokenIds content;
  for (int i = 2; i < length; ++i) content.push_back(10 + (k * 31 + i * 7) % (engine.info().vocab_size / 2));
  Result<TokenizedText> framed = engine.tokenizer().frame(content, static_cast<std::size_t>(length));
  if (!framed) throw std::runtime_error(framed.error().message);
  return std::move(framed->ids);
}

struct Batch {
  std::vector<RgbImage> images;  ///< or texts
  std::vector<TokenIds> texts;
};

Batch make_batch(const Engine& engine, const std::string& line) {
  std::istringstream words(line);
  std::string kind;
  int size = 0;
  int length = 0;
  words >> kind >> size;
  if (kind == "tokens") words >> length;
  const bool known = kind == "image" || kind == "text" || (kind == "tokens" && length > 2);
  if (!words || !known || size < 1)
    throw std::invalid_argument(R"(expected "image BATCH", "text BATCH" or "tokens BATCH LENGTH", found ")" + line +
                                '"');
  Batch batch;
  for (int k = 0; k < size; ++k) {
    if (kind == "image") {
      batch.images.push_back(pattern_image(k, engine.info().image_input->preprocess.image_size));
    } else {
      batch.texts.push_back(kind == "text" ? pattern_text(k) : text_of_length(engine, k, length));
    }
  }
  return batch;
}

void answer_requests(Engine& engine) {
  for (std::string line; std::getline(std::cin, line);) {
    Batch batch = make_batch(engine, line);
    const auto start = std::chrono::steady_clock::now();
    const auto answers =
        batch.texts.empty() ? engine.run_batch(std::move(batch.images)) : engine.run_batch(std::move(batch.texts));
    const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - start;
    for (const auto& answer : answers) {
      if (!answer) throw std::runtime_error(answer.error().message);
    }
    std::cout << took.count();
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
