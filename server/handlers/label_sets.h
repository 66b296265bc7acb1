// Label sets: classes whose embeddings are computed once and used by many /classify requests. Kept in memory, for as
// long as the process lives.
#pragma once

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace mobileclip::server {

struct LabelSet {
  std::string model;  ///< id of the one that embedded them
  std::vector<std::string> labels;
  std::vector<std::string> templates;
  std::vector<std::vector<float>> embeddings;  ///< a label each: its prompts' mean, of unit length
  std::vector<std::size_t> truncated;          ///< labels of which some prompt was cut

  [[nodiscard]] std::size_t bytes() const;
};

/// Thread-safe. Never drops what was registered: a set that does not fit is refused.
class LabelSets {
 public:
  explicit LabelSets(std::size_t max_bytes) : max_bytes_(max_bytes) {}

  /// Null where there is none.
  [[nodiscard]] std::shared_ptr<const LabelSet> find(std::string_view name) const;
  /// Replaces a set of that name. False, and nothing changed, where all together would pass max_bytes.
  [[nodiscard]] bool put(const std::string& name, LabelSet set);
  /// Whether there was one. Requests that use it finish with it.
  bool erase(std::string_view name);

  using Entry = std::pair<std::string, std::shared_ptr<const LabelSet>>;
  [[nodiscard]] std::vector<Entry> list() const;  ///< by name
  [[nodiscard]] std::size_t max_bytes() const { return max_bytes_; }

 private:
  const std::size_t max_bytes_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<const LabelSet>, std::less<>> sets_;
  std::size_t bytes_ = 0;
};

}  // namespace mobileclip::server
