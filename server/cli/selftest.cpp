#include "server/cli/selftest.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <ostream>
#include <span>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/models/make_encoders.h"
#include "engine/nn/context.h"
#include "engine/runtime/engine.h"
#include "engine/tensor/aligned_buffer.h"
#include "engine/weights/synthetic.h"
#include "server/cli/goldens.h"

namespace mobileclip::server {
namespace {

/// Of float32 against the float64 reference; by split bfloat16 (kernels.h), less exact.
double max_relative_error(const kernels::Kernels& kernels) { return kernels.splits_fp32 ? 2e-5 : 5e-6; }
constexpr double kMinCosine = 0.9999;  // against published numbers of six decimals, made by other software

using Ids = std::vector<std::int32_t>;

class Report {
 public:
  explicit Report(std::ostream& out) : out_(out) {}

  /// `measured` says what was found; `expected` is printed where it will not do.
  void check(bool ok, std::string_view name, std::string_view measured, std::string_view expected) {
    out_ << (ok ? "ok    " : "FAIL  ") << name << ": " << measured;
    if (!ok) out_ << " (expected: " << expected << ")";
    out_ << std::endl;
    ++(ok ? result_.passed : result_.failed);
  }
  void skip(std::string_view name, std::string_view why) { out_ << "skip  " << name << ": " << why << std::endl; }

  [[nodiscard]] const SelfTestResult& result() const { return result_; }

 private:
  std::ostream& out_;
  SelfTestResult result_;
};

std::string to_text(const Ids& ids) {
  std::string text = "[";
  for (const std::int32_t id : ids) text.append(text.size() > 1 ? "," : "").append(std::to_string(id));
  return text + "]";
}

std::string to_text(double value) {
  std::ostringstream text;
  text.precision(3);
  text << value;
  return text.str();
}

// --- tokens ---

struct TokenCase {
  std::string_view text;
  Ids ids;
};

/// The demo vocabulary has no merges: every byte is a symbol, the last of a word another. ASCII's visible characters
/// are the first of the 256 symbols (OpenAI's bytes_to_unicode), those that end a word follow 256 later.
Ids byte_ids(std::initializer_list<std::string_view> words) {
  Ids ids{49406};
  for (const std::string_view word : words) {
    for (const char c : word) ids.push_back(c - '!');
    ids.back() += 256;
  }
  ids.push_back(49407);
  return ids;
}

const std::vector<TokenCase>& clip_cases() {  // make_goldens.py::TEXT_IDS and the real checkpoint's text
  static const std::vector<TokenCase> cases{{"a photo of a cat", {49406, 320, 1125, 539, 320, 2368, 49407}},
                                            {"a photo of a dog", {49406, 320, 1125, 539, 320, 1929, 49407}},
                                            {"a diagram", {49406, 320, 22697, 49407}},
                                            {"Hello, World!", {49406, 3306, 267, 1002, 256, 49407}},
                                            {"", {49406, 49407}}};
  return cases;
}

const std::vector<TokenCase>& demo_cases() {
  static const std::vector<TokenCase> cases{{"a photo of a cat", byte_ids({"a", "photo", "of", "a", "cat"})},
                                            {"a diagram", byte_ids({"a", "diagram"})},
                                            {"Hello, World!", byte_ids({"hello", ",", "world", "!"})},
                                            {"", {49406, 49407}}};
  return cases;
}

void check_tokens(const LoadedClipModel& model, Report& report) {
  const TokenCase& first_demo_case = demo_cases().front();
  const auto first = model.tokenizer.encode(first_demo_case.text);
  // Only a model that means nothing may have a vocabulary that means nothing.
  const bool demo = model.synthetic && first && first->ids == first_demo_case.ids;
  for (const auto& [text, ids] : demo ? demo_cases() : clip_cases()) {
    const auto encoded = model.tokenizer.encode(text);
    const std::string found = encoded ? to_text(encoded->ids) : encoded.error().message;
    report.check(encoded && encoded->ids == ids, "tokens of \"" + std::string(text) + "\"", found, to_text(ids));
  }
}

// --- embeddings ---

/// Relative L2 error.
double relative_error(std::span<const float> found, std::span<const float> expected) {
  if (found.size() != expected.size()) return INFINITY;
  double difference = 0;
  double norm = 0;
  for (std::size_t i = 0; i < found.size(); ++i) {
    difference += std::pow(static_cast<double>(found[i]) - expected[i], 2);
    norm += std::pow(static_cast<double>(expected[i]), 2);
  }
  return std::sqrt(difference / norm);
}

double cosine(std::span<const float> a, std::span<const float> b) {
  if (a.size() != b.size()) return -1;
  double dot = 0;
  double norm_a = 0;
  double norm_b = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    dot += static_cast<double>(a[i]) * b[i];
    norm_a += static_cast<double>(a[i]) * a[i];
    norm_b += static_cast<double>(b[i]) * b[i];
  }
  return dot / std::sqrt(norm_a * norm_b);
}

/// tests/reference/make_goldens.py::pattern_image
std::vector<std::uint8_t> pattern_image(int k, int size) {
  std::vector<std::uint8_t> rgb;
  for (int y = 0; y < size; ++y) {
    for (int x = 0; x < size; ++x) {
      for (int c = 0; c < 3; ++c) {
        const int value = ((x * (1 + k)) ^ (y * (1 + 2 * k))) + 37 * c * (k + 1) + ((x * y) >> (4 + k % 3));
        rgb.push_back(static_cast<std::uint8_t>(value & 255));
      }
    }
  }
  return rgb;
}

Embeddings embed_texts(const LoadedClipModel& model, const kernels::Kernels& kernels, const std::vector<Ids>& texts) {
  Serial serial;
  const auto encoder = make_text_encoder(model.config, model.text, arithmetic_of(Precision::kFp32, kernels));
  const auto activations = encoder->make_activations(/*max_texts=*/1);
  AlignedBuffer scratch(encoder->scratch_per_worker());
  const Context context{kernels, serial, Scratch(scratch.data(), scratch.size())};
  Embeddings embeddings;
  for (const Ids& ids : texts) {
    std::vector<float>& embedding = embeddings.emplace_back(static_cast<std::size_t>(encoder->embed_dim()));
    const std::array<PreparedText, 1> batch{PreparedText{.ids = ids}};
    encoder->forward(context, *activations, batch, embedding);
  }
  return embeddings;
}

Embeddings embed_patterns(const LoadedClipModel& model, const kernels::Kernels& kernels, std::size_t count) {
  Serial serial;
  const int size = model.config.preprocess.image_size;
  const auto encoder = make_image_encoder(model.config, model.image, arithmetic_of(Precision::kFp32, kernels));
  const auto activations = encoder->make_activations();
  AlignedBuffer scratch(encoder->scratch_per_worker());
  const Context context{kernels, serial, Scratch(scratch.data(), scratch.size())};
  Embeddings embeddings;
  for (std::size_t k = 0; k < count; ++k) {
    std::vector<float>& embedding = embeddings.emplace_back(static_cast<std::size_t>(encoder->embed_dim()));
    encoder->forward(context, *activations, pattern_image(static_cast<int>(k), size), embedding);
  }
  return embeddings;
}

/// The largest relative error of a row; infinite where one is not a number.
double worst_error(const Embeddings& found, const Embeddings& expected) {
  double worst = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double error = relative_error(found[i], expected[i]);
    worst = std::max(worst, std::isnan(error) ? INFINITY : error);
  }
  return worst;
}

void check_error(double error, double most, std::size_t embeddings, std::string_view name, Report& report) {
  report.check(error <= most, name, std::to_string(embeddings) + " embeddings, relative error " + to_text(error),
               "at most " + to_text(most));
}

/// True for the very weights the goldens were made from: another seed, or weights rounded to F16 or quantised, give
/// other numbers.
bool has_weights_of_seed(const LoadedClipModel& model, std::uint64_t seed) {
  constexpr std::string_view kName = "ln_final.bias";  // small, and the same in every form
  if (!model.text.quantized().empty() || !model.image.quantized().empty()) return false;
  const FloatTensor& tensor = model.text.at(kName);
  std::vector<float> expected(tensor.values.size());
  fill_synthetic(kName, tensor.shape, seed, expected);
  return std::ranges::equal(tensor.values, expected);
}

void check_synthetic(const LoadedClipModel& model, const kernels::Kernels& kernels, Report& report) {
  const auto golden = synthetic_golden(model.config.name);
  const std::string name = "golden embeddings of " + model.config.name;
  if (!golden || golden->image_size != model.config.preprocess.image_size) return report.skip(name, "there are none");
  if (!has_weights_of_seed(model, golden->seed)) {
    return report.skip(name, "they are for synthetic weights of seed " + std::to_string(golden->seed) + " in F32");
  }
  const Embeddings texts = embed_texts(model, kernels, golden->text_ids);
  check_error(worst_error(texts, golden->text), max_relative_error(kernels), texts.size(), "text tower", report);

  const Embeddings images = embed_patterns(model, kernels, golden->image.size());
  const double error = worst_error(images, golden->image);
  if (!golden->image_train_form) {
    return check_error(error, max_relative_error(kernels), images.size(), "image tower", report);
  }
  // Which of the two an image tower was made in shows in the numbers only: converting folds the train form.
  const double train_form = worst_error(images, *golden->image_train_form);
  if (error <= train_form) {
    check_error(error, max_relative_error(kernels), images.size(), "image tower, fused form", report);
  } else {
    check_error(train_form, max_relative_error(kernels), images.size(), "image tower, train form", report);
  }
}

void check_real(const LoadedClipModel& model, const kernels::Kernels& kernels, Report& report) {
  const auto golden = real_golden(model.config.name);
  if (!golden) return report.skip("published embedding of " + model.config.name, "none is known");
  const double similarity = cosine(embed_texts(model, kernels, {golden->token_ids}).front(), golden->text_embedding);
  std::ostringstream found;
  found.precision(8);
  found << "cosine " << similarity;
  report.check(similarity > kMinCosine, "text tower, \"" + golden->text + "\"", found.str(),
               "above " + std::to_string(kMinCosine) + " with the published " + model.config.name + " weights");
}

void check_engine(LoadedClipModel model, const kernels::Kernels& kernels, Report& report, const Progress& progress) {
  try {
    EngineOptions options;
    options.isa = kernels.isa;
    Engine engine(std::move(model), options);
    engine.warm_up(progress);
    report.check(true, "engine", "every batch shape gives finite vectors of unit length", "");
  } catch (const std::runtime_error& error) {
    report.check(false, "engine", error.what(), "finite vectors of unit length");
  }
}

}  // namespace

SelfTestResult self_test(LoadedClipModel model, const kernels::Kernels& kernels, std::ostream& out,
                         const Progress& progress) {
  Report report(out);
  check_tokens(model, report);
  if (model.synthetic) {
    check_synthetic(model, kernels, report);
  } else {
    check_real(model, kernels, report);
  }
  check_engine(std::move(model), kernels, report, progress);
  return report.result();
}

}  // namespace mobileclip::server
