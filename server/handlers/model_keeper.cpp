#include "server/handlers/model_keeper.h"

#include <algorithm>
#include <stdexcept>
#include <string>

namespace mobileclip::server {
namespace {

constexpr std::chrono::milliseconds kLongestSleep = std::chrono::hours(1);

std::size_t loaded_bytes(const std::vector<ReleasableService*>& models) {
  std::size_t bytes = 0;
  for (const ReleasableService* model : models) bytes += model->is_loaded() ? model->bytes() : 0;
  return bytes;
}

}  // namespace

void ModelKeeper::add(ReleasableService& model) {
  if (rules_.memory > 0 && model.bytes() > rules_.memory) {
    throw std::runtime_error("engine.models_memory: expected at least " + std::to_string(model.bytes()) +
                             " bytes, which the model " + model.id() + " takes, found " +
                             std::to_string(rules_.memory));
  }
  if (rules_.memory > 0 && loaded_bytes(models_) + model.bytes() > rules_.memory) model.release();
  model.set_wanted([this, &model] { want(model); });
  models_.push_back(&model);
}

void ModelKeeper::start() {
  thread_ = std::jthread([this] { loop(); });
}

ModelKeeper::~ModelKeeper() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
}

void ModelKeeper::want(ReleasableService& model) {
  {
    const std::lock_guard lock(mutex_);
    if (std::ranges::find(wanted_, &model) == wanted_.end()) wanted_.push_back(&model);
  }
  changed_.notify_one();
}

void ModelKeeper::loop() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    if (!wanted_.empty()) {
      ReleasableService& model = *wanted_.front();
      wanted_.pop_front();  // before it is loaded: who comes while it is handed what waited asks again
      lock.unlock();
      make_room_for(model);
      model.load();
      lock.lock();
    } else if (rules_.idle_release.count() == 0) {
      changed_.wait(lock);
    } else if (changed_.wait_until(lock, next_look()) == std::cv_status::timeout) {
      lock.unlock();
      release_unused();
      lock.lock();
    }
  }
}

void ModelKeeper::make_room_for(const ReleasableService& model) {
  if (rules_.memory == 0 || model.is_loaded()) return;
  while (loaded_bytes(models_) + model.bytes() > rules_.memory) {
    std::vector<ReleasableService*> loaded;
    std::ranges::copy_if(models_, std::back_inserter(loaded), &ReleasableService::is_loaded);
    (*std::ranges::min_element(loaded, {}, &ReleasableService::last_used))->release();
  }
}

void ModelKeeper::release_unused() {
  for (ReleasableService* model : models_) model->release_if_unused_since(Clock::now() - rules_.idle_release);
}

ModelKeeper::Clock::time_point ModelKeeper::next_look() const {
  const Clock::time_point now = Clock::now();
  Clock::time_point next = now + kLongestSleep;
  for (const ReleasableService* model : models_) {
    if (!model->is_loaded()) continue;
    // A model that is at work was last used now, whatever it says.
    const Clock::time_point due = model->last_used() + rules_.idle_release;
    next = std::min(next, due > now ? due : now + rules_.idle_release);
  }
  return next;
}

}  // namespace mobileclip::server
