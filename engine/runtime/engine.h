// The engine as the server sees it: submit encoded images or texts, get embeddings through a callback.
//
//   submit → [preprocess or tokenise, on the engine's workers] → lane queue → batch → forward → normalise → callback
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/deadline.h"
#include "engine/base/progress.h"
#include "engine/base/result.h"
#include "engine/models/runnable_model.h"
#include "engine/nn/precision.h"
#include "engine/preprocess/image_preprocessor.h"
#include "engine/runtime/lane.h"
#include "engine/runtime/memory_mode.h"

namespace mobileclip {

struct EngineOptions {
  int threads = 0;                                ///< 0: what affinity and the cgroup's CPU quota allow
  std::string isa = "auto";                       ///< "auto" or a name in kernels::available() (kernels/dispatch.h)
  Precision precision = Precision::kFp32;         ///< of the products; sums are float32
  MemoryMode memory = MemoryMode::kBalanced;      ///< bounds the four below and the activations
  std::size_t max_batch = 32;                     ///< items a forward pass takes at most
  std::chrono::microseconds max_wait{0};          ///< how long an idle engine waits to fill a batch; 0: start at once
  std::size_t max_queue_items = 1024;             ///< a lane, from admission to the end of its forward pass
  std::size_t max_queue_bytes = 512u << 20;       ///< a lane, of encoded input
  std::chrono::milliseconds stuck_after{60'000};  ///< a thread at one job for so long is stuck; 0: none ever is
  ImageLimits image_limits = {};
  ExifOrientation exif = ExifOrientation::kIgnore;
  JpegDecoding decode = JpegDecoding::kExact;
};

/// The options as far as `memory` lets them go; what an Engine given `options` works by.
EngineOptions within_memory_bounds(EngineOptions options);

/// Encoded bytes and whatever keeps them alive, so that a request's body need not be copied.
struct ImageBytes {
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> owner;
};

/// What is asked of every item of one request.
struct EmbedRequest {
  bool normalize = true;  ///< x / (‖x‖ + 1e-6), after `dimensions`
  int dimensions = 0;     ///< keep the first so many values; 0: all. More than the model has: kInvalidArgument
  bool truncate = true;   ///< texts over the context length are cut; false: kTextTooLong
  /// Of the model's prompts, the one to put before texts; refuse_unknown_prompt() of one it has not. None: its default,
  /// if any.
  std::optional<std::string> prompt_name = {};
  Deadline deadline = Deadline::never();
  std::shared_ptr<const std::atomic<bool>> abandoned = {};  ///< true once nobody waits for the answer; may be null
};

/// Where one item's time went, for `Server-Timing` and metrics.
struct ItemTimings {
  std::chrono::nanoseconds prepare{0};    ///< decode and resize, or tokenise
  std::chrono::nanoseconds queue{0};      ///< waiting, before preparation and before the forward pass
  std::chrono::nanoseconds inference{0};  ///< its batch's forward pass
};

struct EmbeddedItem {
  std::vector<float> embedding;
  std::uint32_t tokens = 0;  ///< texts: ids used, both specials counted
  bool truncated = false;    ///< texts: some of it did not fit
  ItemTimings timings;
  std::uint32_t batch = 0;  ///< items of the batch it was computed in
};

/// Called once, from an engine thread, with one result an item in the order they were given. Must not block or throw.
using EmbedCallback = std::function<void(std::vector<Result<EmbeddedItem>>)>;

struct EngineInfo {
  std::string model_id;  ///< the model's bare name, which requests call it by
  std::string model;     ///< the name replies carry; synthetic weights say so in it
  bool synthetic;
  std::string fingerprint;
  std::string layout;
  std::string precision;   ///< "fp32", "bf16" or "int8"
  std::string arithmetic;  ///< how it is done here: "split bf16" for fp32 on AMX, else as `precision`
  std::string isa;
  int threads;
  int embed_dim;
  int context_length;
  int vocab_size;
  float logit_scale;
  std::string pooling;                    ///< RunnableModel's
  std::vector<std::string> prompts = {};  ///< names of those it has, sorted
  std::optional<ImageInput> image_input;  ///< none: a model of texts only
};

/// kUnsupportedInput, which names the prompts there are, where a request for texts wants one that the model has not.
std::optional<Error> refuse_unknown_prompt(const EngineInfo& info, const std::optional<std::string>& name);

/// What the engine tells whoever counts. Called from engine threads, concurrently; must be quick and not throw.
class EngineObserver {
 public:
  virtual ~EngineObserver() = default;
  enum class Stage { kPrepare, kQueue, kInference };
  enum class DropReason { kExpired, kAbandoned };
  virtual void on_batch(Lane lane, std::size_t items) = 0;
  virtual void on_stage(Lane lane, Stage stage, std::chrono::nanoseconds duration) = 0;
  virtual void on_dropped(Lane lane, DropReason reason) = 0;
  virtual void on_tokens(std::uint64_t tokens) = 0;
};

class Workers;

/// Thread-safe. The destructor answers everything admitted with kUnavailable, once what is being computed is done.
class Engine {
 public:
  /// Packs the weights; has workers of its own. `observer` may be null, else outlives the engine. Throws LoadError.
  Engine(LoadedModel model, const EngineOptions& options, EngineObserver* observer = nullptr);
  /// Computes on `workers`, which outlive it and which other engines may use, too; options.threads and options.isa are
  /// theirs to say. The model is packed for their kernels and options.precision.
  Engine(Workers& workers, RunnableModel model, const EngineOptions& options, EngineObserver* observer = nullptr);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  /// Runs every batch shape class of both lanes and checks the results: finite, of unit length once normalised.
  /// Throws std::runtime_error saying which was not.
  void warm_up(const Progress& progress = {});

  [[nodiscard]] const EngineInfo& info() const noexcept;
  /// False once a worker has failed in a way that makes further answers doubtful, and while one is stuck. Never blocks.
  [[nodiscard]] bool healthy() const noexcept;
  /// Of its workers, those at one job, whosever it is, for `stuck_after`: a defect, or a machine that gives them no
  /// time. Never blocks.
  [[nodiscard]] int stuck_workers() const noexcept;
  /// Items admitted and not yet answered. Never blocks.
  [[nodiscard]] std::size_t queue_depth(Lane lane) const noexcept;

  /// Admits the whole request or refuses it (kOverloaded, kInvalidArgument, kUnavailable) without calling `done`.
  /// A bad item is an error in its own place and leaves the others alone. Images for a model of texts only are
  /// kUnsupportedInput.
  [[nodiscard]] std::optional<Error> submit_images(std::vector<ImageBytes> images, const EmbedRequest& request,
                                                   EmbedCallback done);
  [[nodiscard]] std::optional<Error> submit_texts(std::vector<std::string> texts, const EmbedRequest& request,
                                                  EmbedCallback done);
  /// Texts that are tokenised already. <start_of_text> and <end_of_text> are added where they are missing, zeros behind
  /// <end_of_text> are padding; an id outside the vocabulary is kInvalidArgument in its item's place.
  [[nodiscard]] std::optional<Error> submit_token_ids(std::vector<TokenIds> texts, const EmbedRequest& request,
                                                      EmbedCallback done);

  /// One batch of inputs that are prepared already (pixels of the model's own size; ids, unpadded), through the
  /// engine's scheduling but past its queues; returns when all are answered. For the warm-up, benchmarks and checks.
  [[nodiscard]] std::vector<Result<EmbeddedItem>> run_batch(std::vector<RgbImage> images);
  [[nodiscard]] std::vector<Result<EmbeddedItem>> run_batch(std::vector<TokenIds> texts);

  [[nodiscard]] const Tokenizer& tokenizer() const noexcept;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// x / (‖x‖ + 1e-6) in place; the norm is summed in double.
void l2_normalize(std::span<float> x);

}  // namespace mobileclip
