// A lane from submission to answer, the same for images and texts: admit → prepare on a worker → batch → forward on
// the workers → answer. `Tower` says what preparing and computing mean (image_tower.h, text_tower.h).
//
// Only so many inputs are prepared ahead of their batches that the next ones are full: what waits longer waits
// unprepared, which costs no memory and no work if nobody wants it by then, and lets requests take turns.
#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <exception>
#include <future>
#include <memory>
#include <mutex>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "engine/kernels/kernels.h"
#include "engine/nn/context.h"
#include "engine/runtime/batcher.h"
#include "engine/runtime/engine.h"
#include "engine/runtime/fair_queue.h"
#include "engine/runtime/job_group.h"
#include "engine/runtime/lane_budget.h"
#include "engine/runtime/pending_request.h"
#include "engine/runtime/service_time.h"

namespace mobileclip {

/// What both lanes share; the pipelines borrow it.
struct PipelineContext {
  const kernels::Kernels& kernels;
  JobGroup& computing;
  Scratch scratch;             ///< a slice a worker of the executor behind `computing`
  EngineObserver* observer;    ///< may be null
  std::atomic<bool>& healthy;  ///< cleared where something happened that no input explains
};

template <typename Tower>
class Pipeline {
 public:
  using Input = typename Tower::Input;

  /// Inputs are prepared on `preparing`, which may be the context's `computing`.
  Pipeline(Tower tower, const PipelineContext& context, JobGroup& preparing, const EngineOptions& options)
      : tower_(std::move(tower)),
        context_(context),
        preparing_(preparing),
        budget_(options.max_queue_items, options.max_queue_bytes),
        service_time_(context.computing.threads()),
        max_ahead_(kBatchesAhead * options.max_batch),
        inputs_a_turn_(std::min(Tower::kInputsPerPrepareJob, options.max_batch)),
        batcher_(
            {.max_batch = options.max_batch, .max_wait = options.max_wait},
            [this] {
              const auto run = [this](Parallel& parallel, int worker) { run_next_batch(parallel, worker); };
              context_.computing.submit(Tower::kLane, {.run = run, .spreads = true});
            },
            [this](Item& item) {
              const bool dropped = drop_if_unwanted(item);
              if (dropped) no_longer_ahead(1);
              return dropped;
            },
            [](const Item& item) { return item.pending.get(); }) {}

  [[nodiscard]] const Tower& tower() const { return tower_; }
  [[nodiscard]] std::size_t depth() const { return budget_.items(); }

  [[nodiscard]] std::optional<Error> submit(std::vector<Input> inputs, const EmbedRequest& request,
                                            EmbedCallback done) {
    if (std::optional<Error> refused = admit(inputs, request)) return refused;
    std::vector<std::size_t> bytes;
    for (const Input& input : inputs) bytes.push_back(Tower::bytes_of(input));
    const auto pending = std::make_shared<PendingRequest>(std::move(bytes), request, std::move(done), budget_);
    const auto shared = std::make_shared<std::vector<Input>>(std::move(inputs));
    const Clock::time_point admitted = Clock::now();
    {
      const std::lock_guard lock(unprepared_mutex_);
      for (std::size_t first = 0; first < shared->size(); first += inputs_a_turn_) {
        const std::size_t end = std::min(first + inputs_a_turn_, shared->size());
        unprepared_.push(pending.get(),
                         {.pending = pending, .inputs = shared, .first = first, .end = end, .admitted = admitted});
      }
    }
    prepare_ahead();
    return std::nullopt;
  }

  /// Runs one batch of inputs that are prepared already, whatever waits in the queue, and returns its answers: for
  /// the warm-up and for benchmarks. At most max_queue_items at a time.
  [[nodiscard]] std::vector<Result<EmbeddedItem>> run_prepared(std::vector<typename Tower::Prepared> inputs) {
    if (inputs.empty() || !budget_.try_admit(inputs.size(), 0)) {
      return {Error{ErrorCode::kOverloaded, "a batch of " + std::to_string(inputs.size()) + " does not fit the queue"}};
    }
    // Shared: who answers may still be at it when the answer is there and this function has returned.
    const auto answers = std::make_shared<std::promise<std::vector<Result<EmbeddedItem>>>>();
    const auto pending = std::make_shared<PendingRequest>(
        std::vector<std::size_t>(inputs.size(), 0), EmbedRequest{},
        [answers](std::vector<Result<EmbeddedItem>> results) { answers->set_value(std::move(results)); }, budget_);
    std::vector<Item> batch;
    for (auto& prepared : inputs) {
      batch.push_back({.pending = pending,
                       .index = batch.size(),
                       .prepared = std::move(prepared),
                       .answer = {},
                       .waiting_since = Clock::now()});
    }
    for (Group& group : cut(std::move(batch), context_.computing.threads())) submit(std::move(group));
    return answers->get_future().get();
  }

  /// Answers what is queued with kUnavailable; what is being computed is computed, later submissions are refused.
  void close() {
    closed_.store(true, std::memory_order_relaxed);
    prepare_ahead();  // all of it: each input finds the lane closed
    for (Item& item : batcher_.close()) item.pending->finish(item.index, shutting_down());
  }

 private:
  using Clock = std::chrono::steady_clock;

  struct Item {
    std::shared_ptr<PendingRequest> pending;
    std::size_t index;
    typename Tower::Prepared prepared;
    EmbeddedItem answer;
    Clock::time_point waiting_since;
  };

  /// What one forward pass takes of a batch.
  struct Group {
    std::shared_ptr<std::vector<Item>> batch;
    std::span<Item> items;
  };

  /// Inputs [first, end) of one request.
  struct Unprepared {
    std::shared_ptr<PendingRequest> pending;
    std::shared_ptr<std::vector<Input>> inputs;
    std::size_t first;
    std::size_t end;
    Clock::time_point admitted;
  };

  /// The batch that forms while one is computed, and what may join it before it starts.
  static constexpr std::size_t kBatchesAhead = 2;

  static Error shutting_down() { return {ErrorCode::kUnavailable, "the engine is shutting down"}; }

  std::optional<Error> admit(const std::vector<Input>& inputs, const EmbedRequest& request) {
    if (closed_.load(std::memory_order_relaxed)) return shutting_down();
    if (inputs.empty()) return Error{ErrorCode::kInvalidArgument, "a request needs at least one input"};
    if (request.dimensions < 0 || request.dimensions > tower_.embed_dim()) {
      return Error{ErrorCode::kInvalidArgument, "dimensions is " + std::to_string(request.dimensions) +
                                                    ", the model has " + std::to_string(tower_.embed_dim())};
    }
    std::size_t bytes = 0;
    for (const Input& input : inputs) bytes += Tower::bytes_of(input);
    if (!budget_.fits(inputs.size(), bytes)) {
      return Error{ErrorCode::kInvalidArgument,
                   "a request of " + std::to_string(inputs.size()) + " inputs and " + std::to_string(bytes) +
                       " bytes is more than the queue ever takes: " + std::to_string(budget_.max_items()) +
                       " inputs, " + std::to_string(budget_.max_bytes()) + " bytes"};
    }
    const std::string lane(to_string(Tower::kLane));
    if (would_expire(inputs.size(), request.deadline)) {
      return Error{ErrorCode::kOverloaded, "the " + lane + " queue is too long for the request's deadline"};
    }
    if (!budget_.try_admit(inputs.size(), bytes)) {
      return Error{ErrorCode::kOverloaded, "the " + lane + " queue is full"};
    }
    if (budget_.items() == inputs.size()) service_time_.began(Clock::now());
    return std::nullopt;
  }

  /// Whether the request would not be done in time: what expires in the queue has only kept others out of it. An empty
  /// lane tries anything.
  [[nodiscard]] bool would_expire(std::size_t items, const Deadline& deadline) const {
    const std::size_t held = budget_.items();
    if (held == 0 || deadline.at() == Clock::time_point::max()) return false;
    const std::size_t ahead = std::min(held, ahead_of(items));
    const std::chrono::duration<double> wait = static_cast<double>(ahead + items) * service_time_.per_item();
    return wait > std::chrono::duration<double>(deadline.at() - Clock::now());
  }

  /// How many inputs of others would be computed before the last of `items` more: two batches, and of each request
  /// that waits as many as this one has turns.
  [[nodiscard]] std::size_t ahead_of(std::size_t items) const {
    const std::size_t turns = (items + inputs_a_turn_ - 1) / inputs_a_turn_;
    const std::lock_guard lock(unprepared_mutex_);
    return max_ahead_ + turns * inputs_a_turn_ * unprepared_.flows();
  }

  /// Hands inputs to the workers until enough are on their way; all of them once the lane is closed.
  void prepare_ahead() {
    const std::lock_guard lock(unprepared_mutex_);
    const bool closed = closed_.load(std::memory_order_relaxed);
    while (!unprepared_.empty() && (closed || ahead_ < max_ahead_)) {
      const Unprepared inputs = unprepared_.pop();
      ahead_ += inputs.end - inputs.first;
      const auto prepare_some = [this, inputs](Parallel& /*parallel*/, int /*worker*/) {
        for (std::size_t i = inputs.first; i < inputs.end; ++i) {
          prepare(
              {.pending = inputs.pending, .index = i, .prepared = {}, .answer = {}, .waiting_since = inputs.admitted},
              (*inputs.inputs)[i]);
          (*inputs.inputs)[i] = Input{};  // its bytes are not needed any more
        }
      };
      preparing_.submit(Tower::kLane, {.run = prepare_some, .spreads = false});
    }
  }

  /// Inputs have been put in a batch, or have failed before: others can be prepared.
  void no_longer_ahead(std::size_t items) {
    {
      const std::lock_guard lock(unprepared_mutex_);
      ahead_ -= items;
    }
    prepare_ahead();
  }

  bool drop_if_unwanted(Item& item) {
    const bool abandoned = item.pending->abandoned();
    if (!abandoned && !item.pending->options().deadline.passed()) return false;
    if (context_.observer) {
      context_.observer->on_dropped(
          Tower::kLane, abandoned ? EngineObserver::DropReason::kAbandoned : EngineObserver::DropReason::kExpired);
    }
    item.pending->finish(
        item.index, abandoned ? Error{ErrorCode::kCancelled, "the client went away"}
                              : Error{ErrorCode::kDeadlineExceeded, "the deadline passed before the input's turn"});
    return true;
  }

  /// Runs `work` and turns what it throws into an error: input never ends the process.
  template <typename Work>
  std::optional<Error> guarded(const Work& work) {
    try {
      work();
      return std::nullopt;
    } catch (const std::bad_alloc&) {
      return Error{ErrorCode::kUnavailable, "out of memory"};
    } catch (const std::exception& e) {
      context_.healthy.store(false, std::memory_order_relaxed);
      return Error{ErrorCode::kInternal, std::string("unexpected: ") + e.what()};
    }
  }

  void prepare(Item item, const Input& input) {
    if (!prepare_and_queue(item, input)) no_longer_ahead(1);
  }

  /// False where the item was answered instead.
  bool prepare_and_queue(Item& item, const Input& input) {
    if (closed_.load(std::memory_order_relaxed)) return fail(item, shutting_down());
    if (drop_if_unwanted(item)) return false;
    const Clock::time_point start = Clock::now();
    item.answer.timings.queue = start - item.waiting_since;
    Result<typename Tower::Prepared> prepared = Error{ErrorCode::kInternal, "not prepared"};
    if (auto error = guarded([&] { prepared = tower_.prepare(input, item.pending->options(), item.answer); }))
      prepared = std::move(*error);
    item.waiting_since = Clock::now();
    item.answer.timings.prepare = item.waiting_since - start;
    observe(EngineObserver::Stage::kPrepare, item.answer.timings.prepare);
    if (!prepared) {
      service_time_.finished(1, item.waiting_since);
      return fail(item, std::move(prepared).error());
    }
    item.prepared = std::move(*prepared);
    if (context_.observer && item.answer.tokens > 0) context_.observer->on_tokens(item.answer.tokens);
    return batcher_.submit(item) || fail(item, shutting_down());
  }

  static bool fail(Item& item, Error error) {
    item.pending->finish(item.index, std::move(error));
    return false;
  }

  /// The batch in groups, as even as can be over `threads`.
  std::vector<Group> cut(std::vector<Item> items, int threads) {
    if (context_.observer) context_.observer->on_batch(Tower::kLane, items.size());
    const auto batch = std::make_shared<std::vector<Item>>(std::move(items));
    const std::size_t size = batch->size();
    for (Item& item : *batch) item.answer.batch = static_cast<std::uint32_t>(size);
    const auto parts = static_cast<std::size_t>(threads);
    const std::size_t most = std::min(tower_.max_group(), (size + parts - 1) / parts);
    const std::size_t count = (size + most - 1) / most;
    std::vector<Group> groups;
    for (std::size_t g = 0; g < count; ++g)
      groups.push_back({batch, {batch->data() + size * g / count, batch->data() + size * (g + 1) / count}});
    return groups;
  }

  void submit(Group group) {
    const auto run = [this, group = std::move(group)](Parallel& parallel, int worker) {
      run_group(group.items, parallel, worker);
    };
    context_.computing.submit(Tower::kLane, {.run = run, .spreads = true});
  }

  /// A thread has come to compute what waits: it takes a group, and so do others that have nothing else to do.
  void run_next_batch(Parallel& parallel, int worker) {
    std::vector<Item> batch = batcher_.take();
    if (batch.empty()) return;
    no_longer_ahead(batch.size());
    const std::vector<Group> groups = cut(std::move(batch), 1 + context_.computing.not_computing());
    for (std::size_t g = 1; g < groups.size(); ++g) submit(groups[g]);
    run_group(groups.front().items, parallel, worker);
  }

  /// Its turn may come long after its batch's: what nobody waits for by then is dropped here.
  void run_group(std::span<Item> items, Parallel& parallel, int worker) {
    const auto unwanted = std::remove_if(items.begin(), items.end(), [this](Item& i) { return drop_if_unwanted(i); });
    items = items.first(static_cast<std::size_t>(unwanted - items.begin()));
    if (items.empty()) return;
    const Clock::time_point start = Clock::now();
    const auto dim = static_cast<std::size_t>(tower_.embed_dim());
    std::vector<float> embeddings(items.size() * dim);
    const std::optional<Error> error = guarded([&] {
      std::vector<typename Tower::Prepared> group;
      for (Item& item : items) group.push_back(std::move(item.prepared));
      tower_.forward({context_.kernels, parallel, context_.scratch}, worker, group, embeddings);
    });
    const Clock::duration inference = Clock::now() - start;
    for (std::size_t i = 0; i < items.size(); ++i) {
      Item& item = items[i];
      item.answer.timings.queue += start - item.waiting_since;
      item.answer.timings.inference = inference;
      observe(EngineObserver::Stage::kQueue, item.answer.timings.queue);
      observe(EngineObserver::Stage::kInference, inference);
      if (error) {
        item.pending->finish(item.index, *error);
      } else {
        answer(item, std::span(embeddings).subspan(i * dim, dim));
      }
    }
    service_time_.finished(items.size(), Clock::now());
  }

  void answer(Item& item, std::span<float> embedding) {
    for (const float v : embedding) {
      if (std::isfinite(v)) continue;
      context_.healthy.store(false, std::memory_order_relaxed);
      return item.pending->finish(item.index, Error{ErrorCode::kInternal, "the embedding is not finite"});
    }
    const EmbedRequest& request = item.pending->options();
    if (request.dimensions > 0) embedding = embedding.first(static_cast<std::size_t>(request.dimensions));
    if (request.normalize) l2_normalize(embedding);
    item.answer.embedding.assign(embedding.begin(), embedding.end());
    item.pending->finish(item.index, std::move(item.answer));
  }

  void observe(EngineObserver::Stage stage, std::chrono::nanoseconds duration) {
    if (context_.observer) context_.observer->on_stage(Tower::kLane, stage, duration);
  }

  Tower tower_;
  const PipelineContext& context_;
  JobGroup& preparing_;
  LaneBudget budget_;
  ServiceTime service_time_;
  std::atomic<bool> closed_{false};
  const std::size_t max_ahead_;  // inputs being prepared, or waiting prepared
  const std::size_t inputs_a_turn_;
  mutable std::mutex unprepared_mutex_;
  FairQueue<Unprepared> unprepared_;
  std::size_t ahead_ = 0;
  Batcher<Item> batcher_;  // last: its thread uses the rest
};

}  // namespace mobileclip
