#include "engine/runtime/engine.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <stdexcept>
#include <utility>

#include "engine/kernels/dispatch.h"
#include "engine/runtime/cpu_budget.h"
#include "engine/runtime/executor.h"
#include "engine/runtime/image_tower.h"
#include "engine/runtime/pipeline.h"
#include "engine/runtime/text_tower.h"

namespace mobileclip {
namespace {

const kernels::Kernels& choose_kernels(const std::string& isa) {
  if (const kernels::Kernels* found = kernels::find(isa)) return *found;
  std::string known = "auto";
  for (const kernels::Kernels* table : kernels::available()) known += std::string(", ") + table->isa;
  throw LoadError("isa '" + isa + "' is not one that this CPU has; expected one of: " + known);
}

MciEncoder image_encoder(const LoadedModel& model, TowerArithmetic arithmetic) {
  const ModelConfig& config = model.config;
  return {config.image,
          config.embed_dim,
          {.image_size = config.preprocess.image_size, .mean = config.mean, .std = config.std},
          model.image,
          arithmetic};
}

ClipTextEncoder text_encoder(const LoadedModel& model, TowerArithmetic arithmetic) {
  return {model.config.text, model.config.embed_dim, model.text, arithmetic};
}

EngineInfo describe(const LoadedModel& model, const EngineOptions& options, const kernels::Kernels& kernels,
                    int threads) {
  const std::string warning = " (demo: synthetic weights, embeddings mean nothing)";
  return {.model = model.synthetic ? model.config.name + warning : model.config.name,
          .synthetic = model.synthetic,
          .fingerprint = model.fingerprint,
          .layout = model.source_layout,
          .precision = std::string(to_string(options.precision)),
          .arithmetic = std::string(to_string(arithmetic_of(options.precision, kernels).usual)),
          .isa = kernels.isa,
          .threads = threads,
          .embed_dim = model.config.embed_dim,
          .image_size = model.config.preprocess.image_size,
          .context_length = model.config.text.context_length,
          .logit_scale = model.logit_scale,
          .config = model.config};
}

PreprocessConfig preprocess_config(const LoadedModel& model, const EngineOptions& options) {
  PreprocessConfig config = model.config.preprocess;
  config.exif = options.exif;
  config.decode = options.decode;
  return config;
}

/// Runs `count` made-up inputs as one batch and says what was wrong with the answers, if anything.
template <typename Tower>
std::optional<std::string> warm_up_batch(Pipeline<Tower>& pipeline, std::size_t count) {
  for (const Result<EmbeddedItem>& answer : pipeline.run_prepared(pipeline.tower().warm_up_inputs(count))) {
    if (!answer) return answer.error().message;
    double norm = 0;
    for (const float v : answer->embedding) norm += double{v} * double{v};
    if (!(std::abs(std::sqrt(norm) - 1) < 1e-3))
      return "a normalised embedding of length " + std::to_string(std::sqrt(norm));
  }
  return std::nullopt;
}

}  // namespace

EngineOptions within_memory_bounds(EngineOptions options) {
  const MemoryBounds bounds = memory_bounds(options.memory);
  options.max_batch = std::min(options.max_batch, bounds.max_batch);
  options.max_queue_items = std::min(options.max_queue_items, bounds.max_queue_items);
  options.max_queue_bytes = std::min(options.max_queue_bytes, bounds.max_queue_bytes);
  return options;
}

struct Engine::Impl {
  Impl(LoadedModel model, const EngineOptions& options, EngineObserver* observer)
      : kernels(choose_kernels(options.isa)),
        executor(options.threads > 0 ? options.threads : available_threads()),
        info(describe(model, options, kernels, executor.threads())),
        context{.kernels = kernels, .executor = executor, .scratch = {}, .observer = observer, .healthy = healthy},
        max_batch(std::min(options.max_batch, options.max_queue_items)),
        images(ImageTower(image_encoder(model, arithmetic_of(options.precision, kernels)),
                          preprocess_config(model, options), options.image_limits, executor.threads()),
               context, executor, options),
        texts(TextTower(text_encoder(model, arithmetic_of(options.precision, kernels)), std::move(model.tokenizer),
                        executor.threads(), memory_bounds(options.memory).text_group),
              context, tokenizing, options) {
    const std::size_t per_worker = std::max(images.tower().scratch_per_worker(), texts.tower().scratch_per_worker());
    scratch = AlignedBuffer(per_worker * static_cast<std::size_t>(executor.threads()));
    context.scratch = Scratch(scratch.data(), per_worker);
    if (model.damaged && model.damaged())
      throw LoadError("a weights file was truncated or replaced while it was being read");
  }

  ~Impl() {
    images.close();
    texts.close();
    tokenizing.wait_idle();  // what is being prepared finds its lane closed
    executor.wait_idle();
  }

  template <typename Text>
  std::optional<Error> submit_text_inputs(std::vector<Text> given, const EmbedRequest& request, EmbedCallback done) {
    std::vector<TextTower::Input> inputs(std::make_move_iterator(given.begin()), std::make_move_iterator(given.end()));
    return texts.submit(std::move(inputs), request, std::move(done));
  }

  const kernels::Kernels& kernels;
  Executor executor;
  /// Apart, though it takes microseconds a text: on the others' threads it would wait for an image to end, and the
  /// forward pass for another.
  Executor tokenizing{1};
  const EngineInfo info;
  std::atomic<bool> healthy{true};
  AlignedBuffer scratch;
  PipelineContext context;
  const std::size_t max_batch;
  Pipeline<ImageTower> images;
  Pipeline<TextTower> texts;
};

Engine::Engine(LoadedModel model, const EngineOptions& options, EngineObserver* observer)
    : impl_(std::make_unique<Impl>(std::move(model), within_memory_bounds(options), observer)) {}

Engine::~Engine() = default;

void Engine::warm_up(const Progress& progress) {
  const auto threads = static_cast<std::size_t>(impl_->executor.threads());
  // The shapes that batches take: one item that every thread works on; one image or full group of texts on each
  // thread, which also touches every worker's activations; each smaller group of texts.
  std::vector<std::pair<Lane, std::size_t>> batches{{Lane::kImage, 1}, {Lane::kImage, threads}, {Lane::kText, 1}};
  for (std::size_t group = 2; group <= impl_->texts.tower().max_group(); ++group)
    batches.emplace_back(Lane::kText, group * threads);
  for (std::size_t i = 0; i < batches.size(); ++i) {
    const auto& [lane, count] = batches[i];
    const std::size_t items = std::min(count, impl_->max_batch);
    if (progress) progress("warming up", i, batches.size());
    const auto problem =
        lane == Lane::kImage ? warm_up_batch(impl_->images, items) : warm_up_batch(impl_->texts, items);
    if (!problem) continue;
    throw std::runtime_error("warm-up of a batch of " + std::to_string(items) + " (" + std::string(to_string(lane)) +
                             ") failed: " + *problem);
  }
  if (progress) progress("warming up", batches.size(), batches.size());
}

std::vector<Result<EmbeddedItem>> Engine::run_batch(std::vector<RgbImage> images) {
  return impl_->images.run_prepared(std::move(images));
}

std::vector<Result<EmbeddedItem>> Engine::run_batch(std::vector<TokenIds> texts) {
  return impl_->texts.run_prepared(std::move(texts));
}

const EngineInfo& Engine::info() const noexcept { return impl_->info; }

bool Engine::healthy() const noexcept { return impl_->healthy.load(std::memory_order_relaxed); }

std::size_t Engine::queue_depth(Lane lane) const noexcept {
  return lane == Lane::kImage ? impl_->images.depth() : impl_->texts.depth();
}

std::optional<Error> Engine::submit_images(std::vector<ImageBytes> images, const EmbedRequest& request,
                                           EmbedCallback done) {
  return impl_->images.submit(std::move(images), request, std::move(done));
}

std::optional<Error> Engine::submit_texts(std::vector<std::string> texts, const EmbedRequest& request,
                                          EmbedCallback done) {
  return impl_->submit_text_inputs(std::move(texts), request, std::move(done));
}

std::optional<Error> Engine::submit_token_ids(std::vector<TokenIds> texts, const EmbedRequest& request,
                                              EmbedCallback done) {
  return impl_->submit_text_inputs(std::move(texts), request, std::move(done));
}

const ClipTokenizer& Engine::tokenizer() const noexcept { return impl_->texts.tower().tokenizer(); }

void l2_normalize(std::span<float> x) {
  double sum = 0;
  for (const float v : x) sum += double{v} * double{v};
  const double scale = 1.0 / (std::sqrt(sum) + 1e-6);
  for (float& v : x) v = static_cast<float>(v * scale);
}

}  // namespace mobileclip
