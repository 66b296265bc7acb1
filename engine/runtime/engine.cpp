#include "engine/runtime/engine.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <stdexcept>
#include <utility>

#include "engine/runtime/image_tower.h"
#include "engine/runtime/job_group.h"
#include "engine/runtime/pipeline.h"
#include "engine/runtime/text_tower.h"
#include "engine/runtime/workers.h"
#include "engine/tensor/aligned_buffer.h"

namespace mobileclip {
namespace {

std::vector<std::string> names_of(const PromptsConfig& prompts) {
  std::vector<std::string> names;
  for (const auto& [name, text] : prompts.texts) names.push_back(name);
  return names;
}

EngineInfo describe(const RunnableModel& model, const EngineOptions& options, const kernels::Kernels& kernels,
                    int threads) {
  const std::string warning = " (demo: synthetic weights, embeddings mean nothing)";
  return {.model_id = model.name,
          .model = model.synthetic ? model.name + warning : model.name,
          .synthetic = model.synthetic,
          .fingerprint = model.fingerprint,
          .layout = model.source_layout,
          .precision = std::string(to_string(options.precision)),
          .arithmetic = std::string(to_string(model.arithmetic)),
          .isa = kernels.isa,
          .threads = threads,
          .embed_dim = model.embed_dim,
          .context_length = model.text->context_length(),
          .vocab_size = model.text->vocab_size(),
          .logit_scale = model.logit_scale,
          .pooling = model.pooling,
          .prompts = names_of(model.prompts),
          .image_input = model.image ? std::optional(model.image_input) : std::nullopt};
}

PreprocessConfig preprocess_config(const RunnableModel& model, const EngineOptions& options) {
  PreprocessConfig config = model.image_input.preprocess;
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
  Impl(std::unique_ptr<Workers> own, LoadedModel loaded, const EngineOptions& options, EngineObserver* observer)
      : Impl(*own, make_runnable(std::move(loaded), arithmetic_of(options.precision, own->kernels())), options,
             observer) {
    own_workers = std::move(own);
  }

  Impl(Workers& borrowed, RunnableModel model, const EngineOptions& options, EngineObserver* observer)
      : workers(borrowed),
        computing(borrowed.computing()),
        tokenizing(borrowed.tokenizing()),
        info(describe(model, options, borrowed.kernels(), computing.threads())),
        context{.kernels = borrowed.kernels(),
                .computing = computing,
                .scratch = {},
                .observer = observer,
                .healthy = healthy},
        max_batch(std::min(options.max_batch, options.max_queue_items)),
        stuck_after(options.stuck_after),
        texts(TextTower(std::move(model.text), std::move(model.tokenizer), model.prompts, computing.threads(),
                        memory_bounds(options.memory).text_group),
              context, tokenizing, options) {
    if (model.image) {
      images.emplace(ImageTower(std::move(model.image), preprocess_config(model, options), options.image_limits,
                                computing.threads()),
                     context, computing, options);
    }
    const std::size_t per_worker =
        std::max(images ? images->tower().scratch_per_worker() : 0, texts.tower().scratch_per_worker());
    scratch = AlignedBuffer(per_worker * static_cast<std::size_t>(computing.threads()));
    context.scratch = Scratch(scratch.data(), per_worker);
    if (model.damaged && model.damaged())
      throw LoadError("a weights file was truncated or replaced while it was being read");
  }

  ~Impl() {
    if (images) images->close();
    texts.close();
    tokenizing.wait_idle();  // what is being prepared finds its lane closed
    computing.wait_idle();
  }

  [[nodiscard]] Error no_image_tower() const {
    return {ErrorCode::kUnsupportedInput, "the model " + info.model_id + " embeds texts only, found images"};
  }

  template <typename Text>
  std::optional<Error> submit_text_inputs(std::vector<Text> given, const EmbedRequest& request, EmbedCallback done) {
    std::vector<TextTower::Input> inputs(std::make_move_iterator(given.begin()), std::make_move_iterator(given.end()));
    return texts.submit(std::move(inputs), request, std::move(done));
  }

  std::unique_ptr<Workers> own_workers;  ///< null where they are borrowed; first: outlive the rest
  const Workers& workers;
  JobGroup computing;
  JobGroup tokenizing;
  const EngineInfo info;
  std::atomic<bool> healthy{true};
  AlignedBuffer scratch;
  PipelineContext context;
  const std::size_t max_batch;
  const std::chrono::milliseconds stuck_after;
  std::optional<Pipeline<ImageTower>> images;  ///< none: a model of texts only
  Pipeline<TextTower> texts;
};

Engine::Engine(LoadedModel model, const EngineOptions& options, EngineObserver* observer)
    : impl_(std::make_unique<Impl>(std::make_unique<Workers>(options.threads, options.isa), std::move(model),
                                   within_memory_bounds(options), observer)) {}

Engine::Engine(Workers& workers, RunnableModel model, const EngineOptions& options, EngineObserver* observer)
    : impl_(std::make_unique<Impl>(workers, std::move(model), within_memory_bounds(options), observer)) {}

Engine::~Engine() = default;

void Engine::warm_up(const Progress& progress) {
  const auto threads = static_cast<std::size_t>(impl_->computing.threads());
  // The shapes that batches take: one item that every thread works on; one image or full group of texts on each
  // thread, which also touches every worker's activations; each smaller group of texts.
  std::vector<std::pair<Lane, std::size_t>> batches{{Lane::kText, 1}};
  for (std::size_t group = 2; group <= impl_->texts.tower().max_group(); ++group)
    batches.emplace_back(Lane::kText, group * threads);
  if (impl_->images) batches.insert(batches.begin(), {{Lane::kImage, 1}, {Lane::kImage, threads}});
  for (std::size_t i = 0; i < batches.size(); ++i) {
    const auto& [lane, count] = batches[i];
    const std::size_t items = std::min(count, impl_->max_batch);
    if (progress) progress("warming up", i, batches.size());
    const auto problem =
        lane == Lane::kImage ? warm_up_batch(*impl_->images, items) : warm_up_batch(impl_->texts, items);
    if (!problem) continue;
    throw std::runtime_error("warm-up of a batch of " + std::to_string(items) + " (" + std::string(to_string(lane)) +
                             ") failed: " + *problem);
  }
  if (progress) progress("warming up", batches.size(), batches.size());
}

std::vector<Result<EmbeddedItem>> Engine::run_batch(std::vector<RgbImage> images) {
  if (!impl_->images) return std::vector<Result<EmbeddedItem>>(images.size(), impl_->no_image_tower());
  return impl_->images->run_prepared(std::move(images));
}

std::vector<Result<EmbeddedItem>> Engine::run_batch(std::vector<TokenIds> texts) {
  std::vector<PreparedText> prepared;
  for (TokenIds& ids : texts) prepared.push_back({.ids = std::move(ids)});
  return impl_->texts.run_prepared(std::move(prepared));
}

const EngineInfo& Engine::info() const noexcept { return impl_->info; }

bool Engine::healthy() const noexcept { return impl_->healthy.load(std::memory_order_relaxed) && stuck_workers() == 0; }

int Engine::stuck_workers() const noexcept { return impl_->workers.stuck(impl_->stuck_after); }

std::size_t Engine::queue_depth(Lane lane) const noexcept {
  if (lane == Lane::kText) return impl_->texts.depth();
  return impl_->images ? impl_->images->depth() : 0;
}

std::optional<Error> Engine::submit_images(std::vector<ImageBytes> images, const EmbedRequest& request,
                                           EmbedCallback done) {
  if (!impl_->images) return impl_->no_image_tower();
  return impl_->images->submit(std::move(images), request, std::move(done));
}

std::optional<Error> Engine::submit_texts(std::vector<std::string> texts, const EmbedRequest& request,
                                          EmbedCallback done) {
  if (auto error = refuse_unknown_prompt(impl_->info, request.prompt_name)) return error;
  return impl_->submit_text_inputs(std::move(texts), request, std::move(done));
}

std::optional<Error> Engine::submit_token_ids(std::vector<TokenIds> texts, const EmbedRequest& request,
                                              EmbedCallback done) {
  return impl_->submit_text_inputs(std::move(texts), request, std::move(done));
}

const Tokenizer& Engine::tokenizer() const noexcept { return impl_->texts.tower().tokenizer(); }

std::optional<Error> refuse_unknown_prompt(const EngineInfo& info, const std::optional<std::string>& name) {
  if (!name || std::ranges::find(info.prompts, *name) != info.prompts.end()) return std::nullopt;
  std::string known;
  for (const std::string& prompt : info.prompts) known.append(known.empty() ? "" : ", ").append("\"" + prompt + "\"");
  return Error{
      ErrorCode::kUnsupportedInput,
      "prompt_name \"" + *name + "\": " +
          (known.empty() ? "the model has no prompts; put the prompt into the text" : "expected one of " + known)};
}

void l2_normalize(std::span<float> x) {
  double sum = 0;
  for (const float v : x) sum += double{v} * double{v};
  const double scale = 1.0 / (std::sqrt(sum) + 1e-6);
  for (float& v : x) v = static_cast<float>(v * scale);
}

}  // namespace mobileclip
