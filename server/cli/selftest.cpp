#include "server/cli/selftest.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <future>
#include <initializer_list>
#include <limits>
#include <optional>
#include <ostream>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/models/loaded_model.h"
#include "engine/models/runnable_model.h"
#include "engine/runtime/engine.h"
#include "engine/runtime/workers.h"
#include "engine/weights/synthetic.h"
#include "server/cli/embedding_distance.h"
#include "server/cli/goldens.h"
#include "server/cli/image_file.h"
#include "server/cli/reference_embeddings.h"
#include "server/cli/serial_forward.h"

namespace mobileclip::server {
namespace {

namespace fs = std::filesystem;

/// Of float32 against the float64 reference; by split bfloat16 (kernels.h), less exact.
double max_relative_error(const kernels::Kernels& kernels) { return kernels.splits_fp32 ? 2e-5 : 5e-6; }
constexpr double kMinCosine = 0.9999;         // against published numbers of six decimals, made by other software
constexpr std::size_t kPatternsCompared = 2;  // images, where any will do

using Ids = TokenIds;

std::string to_text(const Ids& ids) {
  std::string text = "[";
  for (const std::int32_t id : ids) text.append(text.size() > 1 ? "," : "").append(std::to_string(id));
  return text + "]";
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

Result<TokenizedText> encode(const RunnableModel& model, std::string_view text) {
  return model.tokenizer->encode(text, static_cast<std::size_t>(model.text->context_length()));
}

void check_clip_tokens(const RunnableModel& model, CheckReport& report) {
  const TokenCase& first_demo_case = demo_cases().front();
  const auto first = encode(model, first_demo_case.text);
  // Only a model that means nothing may have a vocabulary that means nothing.
  const bool demo = model.synthetic && first && first->ids == first_demo_case.ids;
  for (const auto& [text, ids] : demo ? demo_cases() : clip_cases()) {
    const auto encoded = encode(model, text);
    const std::string found = encoded ? to_text(encoded->ids) : encoded.error().message;
    report.check(encoded && encoded->ids == ids, "tokens of \"" + std::string(text) + "\"", found, to_text(ids));
  }
}

/// Of whatever vocabulary: short, empty, long beyond the context, and of other scripts.
std::vector<std::string> some_texts() {
  std::string endless;
  for (int i = 0; i < 2000; ++i) endless += "word ";
  return {"a photo of a cat", "", "The quick brown fox; 12 geese!", "Ein Häuschen, 東京の猫 🐈", endless};
}

/// nullopt where some text has none.
std::optional<std::vector<Ids>> check_tokenizer(const RunnableModel& model, CheckReport& report) {
  const auto context = static_cast<std::size_t>(model.text->context_length());
  const std::string expected =
      "at most " + std::to_string(context) + " ids below " + std::to_string(model.text->vocab_size());
  std::vector<Ids> all;
  std::string problem;
  for (const std::string& text : some_texts()) {
    const auto encoded = encode(model, text);
    if (!encoded) {
      report.check(false, "tokenizer", encoded.error().message, expected);
      return std::nullopt;
    }
    const Ids& ids = encoded->ids;
    const bool fits = ids.size() <= context && std::ranges::all_of(ids, [&](std::int32_t id) {
                        return id >= 0 && id < model.text->vocab_size();
                      });
    if (!fits) problem = to_text(ids);
    all.push_back(ids);
  }
  report.check(problem.empty(), "tokenizer",
               problem.empty() ? std::to_string(all.size()) + " texts, " + expected : problem, expected);
  if (!problem.empty()) return std::nullopt;
  return all;
}

// --- embeddings ---

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

Embeddings embed_patterns(const RunnableModel& model, const kernels::Kernels& kernels, std::size_t count) {
  std::vector<std::vector<std::uint8_t>> images;
  for (std::size_t k = 0; k < count; ++k)
    images.push_back(pattern_image(static_cast<int>(k), model.image->image_size()));
  return embed_serially(*model.image, kernels, images);
}

void check_error(double error, const kernels::Kernels& kernels, std::size_t embeddings, std::string_view name,
                 CheckReport& report) {
  const double most = max_relative_error(kernels);
  report.check(error <= most, name, std::to_string(embeddings) + " embeddings, relative error " + with_digits(error, 3),
               "at most " + with_digits(most, 3));
}

/// The golden for the very weights it was made from: another seed, or weights rounded to F16, give other numbers.
struct SyntheticCase {
  std::optional<SyntheticGolden> golden;
  std::string why_none;
};

SyntheticCase synthetic_case(const LoadedClipModel& model) {
  constexpr std::string_view kName = "ln_final.bias";  // small, and the same in every form
  auto golden = synthetic_golden(model.config.name);
  if (!golden || golden->image_size != model.config.preprocess.image_size) return {{}, "there are none"};
  const std::string others = "they are for synthetic weights of seed " + std::to_string(golden->seed) + " in F32";
  if (!model.text.quantized().empty() || !model.image.quantized().empty()) return {{}, others};
  const FloatTensor& tensor = model.text.at(kName);
  std::vector<float> expected(tensor.values.size());
  fill_synthetic(kName, tensor.shape, golden->seed, expected);
  if (std::ranges::equal(tensor.values, expected)) return {std::move(golden), ""};
  return {{}, others};
}

void check_synthetic(const RunnableModel& model, const SyntheticGolden& golden, const kernels::Kernels& kernels,
                     CheckReport& report) {
  const Embeddings texts = embed_serially(*model.text, kernels, golden.text_ids, /*group=*/1);
  check_error(worst_error(texts, golden.text), kernels, texts.size(), "text tower", report);

  const Embeddings images = embed_patterns(model, kernels, golden.image.size());
  const double error = worst_error(images, golden.image);
  if (!golden.image_train_form) return check_error(error, kernels, images.size(), "image tower", report);
  // Which of the two an image tower was made in shows in the numbers only: converting folds the train form.
  const double train_form = worst_error(images, *golden.image_train_form);
  if (error <= train_form) {
    check_error(error, kernels, images.size(), "image tower, fused form", report);
  } else {
    check_error(train_form, kernels, images.size(), "image tower, train form", report);
  }
}

void check_real(const RunnableModel& model, const kernels::Kernels& kernels, CheckReport& report) {
  const auto golden = real_golden(model.name);
  if (!golden) return report.skip("published embedding of " + model.name, "none is known");
  const Embeddings found = embed_serially(*model.text, kernels, {golden->token_ids}, /*group=*/1);
  const double similarity = cosine(found.front(), golden->text_embedding);
  report.check(similarity > kMinCosine, "text tower, \"" + golden->text + "\"", "cosine " + with_digits(similarity, 8),
               "above " + std::to_string(kMinCosine) + " with the published " + model.name + " weights");
}

/// Infinite for none.
double smallest_norm(const Embeddings& embeddings) {
  double smallest = std::numeric_limits<double>::infinity();
  for (const auto& embedding : embeddings) {
    double sum = 0;
    for (const float v : embedding) sum += static_cast<double>(v) * v;
    if (!(std::sqrt(sum) >= smallest)) smallest = std::sqrt(sum);
  }
  return smallest;
}

/// `first` and `again` are of the same inputs.
void check_bits(const Embeddings& first, const Embeddings& again, std::string_view name, CheckReport& report) {
  report.check(first == again, name, first == again ? "the same bits" : "other bits", "the same bits");
}

void check_norms(const Embeddings& embeddings, std::string_view name, CheckReport& report) {
  const double smallest = smallest_norm(embeddings);
  report.check(std::isfinite(smallest) && smallest > 0, name, "lengths of " + with_digits(smallest, 3) + " and more",
               "finite values and lengths above 0");
}

/// That an embedding depends on its input alone.
void check_invariance(const RunnableModel& model, const std::vector<Ids>& texts, const kernels::Kernels& kernels,
                      CheckReport& report) {
  const Embeddings alone = embed_serially(*model.text, kernels, texts, /*group=*/1);
  check_norms(alone, "text embeddings", report);
  check_bits(alone, embed_serially(*model.text, kernels, texts, /*group=*/1), "texts once more", report);
  check_bits(alone, embed_serially(*model.text, kernels, texts, /*group=*/texts.size()), "texts together", report);
  if (!model.image) return report.skip("image embeddings", "the model embeds texts only");
  const Embeddings images = embed_patterns(model, kernels, kPatternsCompared);
  check_norms(images, "image embeddings", report);
  check_bits(images, embed_patterns(model, kernels, kPatternsCompared), "images once more", report);
}

// --- the engine, end to end ---

using Answers = std::vector<Result<EmbeddedItem>>;

/// The rows' smallest cosine with the reference's; throws std::runtime_error naming the input that failed.
double smallest_cosine(const Answers& answers, const Embeddings& reference) {
  double smallest = 1;
  for (std::size_t i = 0; i < answers.size(); ++i) {
    if (!answers[i]) throw std::runtime_error("input " + std::to_string(i) + ": " + answers[i].error().message);
    const double similarity = cosine(answers[i]->embedding, reference[i]);
    if (!(similarity >= smallest)) smallest = similarity;
  }
  return smallest;
}

Answers wait_for(std::optional<Error> refused, std::future<Answers> answers) {
  if (refused) throw std::runtime_error(refused->message);
  return answers.get();
}

Answers embed(Engine& engine, const std::vector<std::string>& texts) {
  std::promise<Answers> promise;
  auto refused = engine.submit_texts(texts, {}, [&promise](Answers answers) { promise.set_value(std::move(answers)); });
  return wait_for(std::move(refused), promise.get_future());
}

Answers embed(Engine& engine, const std::vector<fs::path>& files) {
  std::vector<ImageBytes> images;
  for (const fs::path& file : files) {
    auto bytes = read_image_file(file, EngineOptions{}.image_limits.max_encoded_bytes);
    if (!bytes) throw std::runtime_error(file.string() + ": " + bytes.error().message);
    auto owner = std::make_shared<const std::vector<std::byte>>(std::move(*bytes));
    images.push_back({.bytes = *owner, .owner = owner});
  }
  std::promise<Answers> promise;
  auto refused = engine.submit_images(std::move(images), {},
                                      [&promise](Answers answers) { promise.set_value(std::move(answers)); });
  return wait_for(std::move(refused), promise.get_future());
}

template <typename Input>
void check_reference(Engine& engine, const std::vector<Input>& inputs, const Embeddings& embeddings, double min_cosine,
                     std::string_view name, CheckReport& report) {
  if (inputs.empty()) return;
  const double found = smallest_cosine(embed(engine, inputs), embeddings);
  report.check(found >= min_cosine, name,
               std::to_string(inputs.size()) + " embeddings, cosine " + with_digits(found, 8) + " or more",
               with_digits(min_cosine, 8) + " or more");
}

void check_references(Engine& engine, const fs::path& directory, CheckReport& report) {
  const auto reference = read_reference_embeddings(directory);
  if (!reference) {
    return report.skip("stored references", "there is no " + std::string(kReferenceEmbeddingsFile));
  }
  check_reference(engine, reference->texts, reference->text_embeddings, reference->min_cosine,
                  "stored references, texts", report);
  check_reference(engine, reference->images, reference->image_embeddings, reference->min_cosine,
                  "stored references, images", report);
}

void check_engine(RunnableModel model, const fs::path& directory, const kernels::Kernels& kernels, CheckReport& report,
                  const Progress& progress) {
  try {
    Workers workers(/*threads=*/0, kernels.isa);
    Engine engine(workers, std::move(model), {});
    engine.warm_up(progress);
    report.check(true, "engine", "every batch shape gives finite vectors of unit length", "");
    check_references(engine, directory, report);
  } catch (const std::runtime_error& error) {
    report.check(false, "engine", error.what(), "finite vectors of unit length, and references that can be read");
  }
}

std::optional<LoadedModel> check_loading(const fs::path& directory, CheckReport& report, const Progress& progress) {
  try {
    return load_model(directory, progress);
  } catch (const LoadError& error) {
    report.check(false, "loading", error.what(), "a model, whole and as its configuration says");
    return std::nullopt;
  }
}

}  // namespace

SelfTestResult self_test(const fs::path& directory, const kernels::Kernels& kernels, std::ostream& out,
                         const Progress& progress) {
  CheckReport report(out);
  std::optional<LoadedModel> loaded = check_loading(directory, report, progress);
  if (!loaded) return report.result();
  const auto* clip = std::get_if<LoadedClipModel>(&*loaded);
  const SyntheticCase synthetic = clip != nullptr ? synthetic_case(*clip) : SyntheticCase{};
  const bool is_clip = clip != nullptr;
  RunnableModel packed = make_runnable(*std::move(loaded), arithmetic_of(Precision::kFp32, kernels));
  report.check(true, "loading",
               packed.name + ", " + packed.source_layout + " layout, fingerprint " + packed.fingerprint.substr(0, 12),
               "");

  if (is_clip) check_clip_tokens(packed, report);
  const auto texts = check_tokenizer(packed, report);
  if (packed.synthetic && synthetic.golden) {
    check_synthetic(packed, *synthetic.golden, kernels, report);
  } else if (is_clip && packed.synthetic) {
    report.skip("golden embeddings of " + packed.name, synthetic.why_none);
  } else {
    check_real(packed, kernels, report);
  }
  if (texts) check_invariance(packed, *texts, kernels, report);
  check_engine(std::move(packed), directory, kernels, report, progress);
  return report.result();
}

}  // namespace mobileclip::server
