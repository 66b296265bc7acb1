#include "server/handlers/releasable_service.h"

#include <malloc.h>
#include <spdlog/spdlog.h>

#include <numeric>
#include <stdexcept>
#include <utility>

namespace mobileclip::server {
namespace {

template <typename Items, typename BytesOf>
std::size_t total(const Items& items, BytesOf bytes_of) {
  return std::transform_reduce(items.begin(), items.end(), std::size_t{0}, std::plus<>(), bytes_of);
}

double seconds_since(ReleasableService::Clock::time_point start) {
  return std::chrono::duration<double>(ReleasableService::Clock::now() - start).count();
}

}  // namespace

ReleasableService::ReleasableService(Model model, const EngineOptions& options, ModelMetrics& metrics)
    : model_(std::move(model)), info_(model_.loaded->info()), metrics_(metrics) {
  const EngineOptions bounded = within_memory_bounds(options);
  for (auto& size : waiting_sizes_)
    size = std::make_unique<LaneBudget>(bounded.max_queue_items, bounded.max_queue_bytes);
  metrics_.model_loaded(model_.bytes);
}

ReleasableService::~ReleasableService() {
  std::vector<Waiting> waiting;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    waiting.swap(waiting_);
  }
  answer_all(std::move(waiting), {ErrorCode::kUnavailable, "the server is shutting down"});
  model_.loaded.reset();  // answers what it has
}

bool ReleasableService::is_loaded() const {
  const std::lock_guard lock(mutex_);
  return model_.loaded != nullptr;
}

ReleasableService::Clock::time_point ReleasableService::last_used() const {
  const std::lock_guard lock(mutex_);
  return last_used_;
}

bool ReleasableService::healthy() const noexcept {
  const std::lock_guard lock(mutex_);
  return !model_.loaded || model_.loaded->healthy();
}

std::size_t ReleasableService::queue_depth(Lane lane) const noexcept {
  const std::lock_guard lock(mutex_);
  const std::size_t waiting = waiting_sizes_[static_cast<std::size_t>(lane)]->items();
  return waiting + (model_.loaded ? model_.loaded->queue_depth(lane) : 0);
}

std::optional<Error> ReleasableService::submit_images(std::vector<ImageBytes> images, const EmbedRequest& request,
                                                      EmbedCallback done) {
  const Size size{.lane = Lane::kImage, .items = images.size(), .bytes = total(images, [](const ImageBytes& image) {
                                                                  return image.bytes.size();
                                                                })};
  auto start = [images = std::move(images), request](EmbeddingService& service, EmbedCallback answered) mutable {
    return service.submit_images(std::move(images), request, std::move(answered));
  };
  return submit(size, std::move(start), std::move(done));
}

std::optional<Error> ReleasableService::submit_texts(std::vector<std::string> texts, const EmbedRequest& request,
                                                     EmbedCallback done) {
  const Size size{.lane = Lane::kText, .items = texts.size(), .bytes = total(texts, [](const std::string& text) {
                                                                return text.size();
                                                              })};
  auto start = [texts = std::move(texts), request](EmbeddingService& service, EmbedCallback answered) mutable {
    return service.submit_texts(std::move(texts), request, std::move(answered));
  };
  return submit(size, std::move(start), std::move(done));
}

std::optional<Error> ReleasableService::submit_token_ids(std::vector<TokenIds> texts, const EmbedRequest& request,
                                                         EmbedCallback done) {
  const Size size{.lane = Lane::kText, .items = texts.size(), .bytes = total(texts, [](const TokenIds& ids) {
                                                                return ids.size() * sizeof(ids.front());
                                                              })};
  auto start = [texts = std::move(texts), request](EmbeddingService& service, EmbedCallback answered) mutable {
    return service.submit_token_ids(std::move(texts), request, std::move(answered));
  };
  return submit(size, std::move(start), std::move(done));
}

std::optional<Error> ReleasableService::submit(const Size& size, Start start, EmbedCallback done) {
  EmbeddingService* service = nullptr;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return Error{ErrorCode::kUnavailable, "the server is shutting down"};
    if (model_.loaded && !leaving_) {
      service = model_.loaded.get();
      ++busy_;
    }
  }
  if (service != nullptr) return start_now(*service, start, std::move(done));
  return wait_for_load({.size = size, .start = std::move(start), .done = std::move(done)});
}

std::optional<Error> ReleasableService::wait_for_load(Waiting waiting) {
  // Images for a model of texts only are refused without loading it.
  if (waiting.size.lane == Lane::kImage && !info_.image_input) {
    return Error{ErrorCode::kUnsupportedInput, "the model " + info_.model_id + " embeds texts only, found images"};
  }
  if (!waiting_in(waiting.size.lane).try_admit(waiting.size.items, waiting.size.bytes)) {
    return Error{ErrorCode::kOverloaded, "the queue for the model " + model_.id + ", which is being loaded, is full"};
  }
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(waiting));
  }
  wanted_();
  return std::nullopt;
}

/// `busy_` has counted it.
std::optional<Error> ReleasableService::start_now(EmbeddingService& service, const Start& start, EmbedCallback done) {
  auto answered = [this, done = std::move(done)](std::vector<Result<EmbeddedItem>> results) {
    done(std::move(results));
    finished();
  };
  std::optional<Error> refused = start(service, std::move(answered));
  if (refused) finished();
  return refused;
}

void ReleasableService::finished() {
  const std::lock_guard lock(mutex_);
  last_used_ = Clock::now();
  if (--busy_ == 0) idle_.notify_all();  // under the lock: whoever waits may end this object
}

void ReleasableService::answer_all(std::vector<Waiting> waiting, const Error& error) {
  for (Waiting& request : waiting) {
    waiting_in(request.size.lane).release(request.size.items, request.size.bytes);
    request.done(std::vector<Result<EmbeddedItem>>(request.size.items, error));
  }
}

void ReleasableService::load() {
  if (!is_loaded()) {
    const Clock::time_point start = Clock::now();
    try {
      std::unique_ptr<EmbeddingService> loaded = model_.load();
      if (loaded->info().fingerprint != info_.fingerprint) {
        throw std::runtime_error("its files are others than at the start; restart the server to serve them");
      }
      const std::lock_guard lock(mutex_);
      model_.loaded = std::move(loaded);
      last_used_ = Clock::now();
    } catch (const std::exception& error) {
      spdlog::error("the model {} cannot be loaded: {}", model_.id, error.what());
      metrics_.model_load_failed();
      std::vector<Waiting> waiting;
      {
        const std::lock_guard lock(mutex_);
        waiting.swap(waiting_);
      }
      return answer_all(std::move(waiting), {ErrorCode::kUnavailable, "the model " + model_.id + " cannot be loaded"});
    }
    spdlog::info("model {} loaded anew in {:.1f} s", model_.id, seconds_since(start));
    metrics_.model_loaded(model_.bytes);
  }
  std::vector<Waiting> waiting;
  {
    const std::lock_guard lock(mutex_);
    waiting.swap(waiting_);
    busy_ += waiting.size();
  }
  for (Waiting& request : waiting) {
    waiting_in(request.size.lane).release(request.size.items, request.size.bytes);
    const EmbedCallback done = request.done;
    if (const auto refused = start_now(*model_.loaded, request.start, std::move(request.done)))
      done(std::vector<Result<EmbeddedItem>>(request.size.items, *refused));
  }
}

void ReleasableService::let_go(std::unique_lock<std::mutex>& lock) {
  leaving_ = true;
  idle_.wait(lock, [this] { return busy_ == 0; });
  std::unique_ptr<EmbeddingService> service = std::move(model_.loaded);
  leaving_ = false;
  lock.unlock();
  service.reset();
  malloc_trim(0);  // else the C library keeps what was freed
  spdlog::info("model {} released", model_.id);
  metrics_.model_released();
}

void ReleasableService::release() {
  std::unique_lock lock(mutex_);
  if (model_.loaded) let_go(lock);
}

void ReleasableService::release_if_unused_since(Clock::time_point time) {
  std::unique_lock lock(mutex_);
  if (model_.loaded && busy_ == 0 && last_used_ <= time) let_go(lock);
}

}  // namespace mobileclip::server
