#include "server/http/cors.h"

#include <algorithm>

namespace mobileclip::server {
namespace {

constexpr const char* kPreflightSeconds = "600";

bool is_preflight(const RequestHead& head) {
  return head.method == "OPTIONS" && head.headers.find("Access-Control-Request-Method");
}

}  // namespace

bool Cors::allows_any() const { return origins_.size() == 1 && origins_.front() == "*"; }

bool Cors::allows(std::string_view origin) const {
  return allows_any() || std::ranges::find(origins_, origin) != origins_.end();
}

void Cors::apply(const RequestHead& head, Response& response) const {
  if (origins_.empty()) return;
  // The answer differs by Origin even where the request has none: a cache must not give one for the other.
  if (!allows_any()) response.headers.add("Vary", "Origin");
  if (head.headers.count("Origin") != 1) return;
  const std::string origin(*head.headers.find("Origin"));
  if (!allows(origin)) return;
  response.headers.add("Access-Control-Allow-Origin", allows_any() ? "*" : origin);
  if (!is_preflight(head)) {
    response.headers.add("Access-Control-Expose-Headers", "*");
    return;
  }
  response.headers.add("Access-Control-Allow-Methods", std::string(response.headers.find("Allow").value_or("")));
  // "*" stands for every header but this one.
  response.headers.add("Access-Control-Allow-Headers", "*, Authorization");
  response.headers.add("Access-Control-Max-Age", kPreflightSeconds);
}

}  // namespace mobileclip::server
