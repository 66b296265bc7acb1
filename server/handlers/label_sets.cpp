#include "server/handlers/label_sets.h"

namespace mobileclip::server {

std::size_t LabelSet::bytes() const {
  std::size_t total = sizeof *this + model.size() + truncated.size() * sizeof(std::size_t);
  for (const auto* texts : {&labels, &templates}) {
    for (const std::string& text : *texts) total += sizeof(std::string) + text.size();
  }
  for (const auto& embedding : embeddings) total += sizeof(std::vector<float>) + embedding.size() * sizeof(float);
  return total;
}

std::shared_ptr<const LabelSet> LabelSets::find(std::string_view name) const {
  const std::lock_guard lock(mutex_);
  const auto found = sets_.find(name);
  return found == sets_.end() ? nullptr : found->second;
}

bool LabelSets::put(const std::string& name, LabelSet set) {
  const auto shared = std::make_shared<const LabelSet>(std::move(set));
  const std::lock_guard lock(mutex_);
  const auto old = sets_.find(name);
  const std::size_t others = bytes_ - (old == sets_.end() ? 0 : old->second->bytes());
  if (shared->bytes() > max_bytes_ || others > max_bytes_ - shared->bytes()) return false;
  sets_[name] = shared;
  bytes_ = others + shared->bytes();
  return true;
}

bool LabelSets::erase(std::string_view name) {
  const std::lock_guard lock(mutex_);
  const auto found = sets_.find(name);
  if (found == sets_.end()) return false;
  bytes_ -= found->second->bytes();
  sets_.erase(found);
  return true;
}

std::vector<LabelSets::Entry> LabelSets::list() const {
  const std::lock_guard lock(mutex_);
  return {sets_.begin(), sets_.end()};
}

}  // namespace mobileclip::server
