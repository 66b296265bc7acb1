// The body of a bulk request: however the network cuts it, it has the same lines.
#include <algorithm>
#include <string>
#include <vector>

#include "server/handlers/line_splitter.h"
#include "tests/fuzz/check.h"

namespace mobileclip::server {
namespace {

constexpr std::size_t kMaxLine = 48;

std::vector<BodyLine> split(std::string_view text, std::size_t step) {
  std::vector<BodyLine> lines;
  LineSplitter splitter(kMaxLine);
  const auto take_all = [&] {
    while (auto line = splitter.next()) lines.push_back(*std::move(line));
  };
  for (std::size_t at = 0; at < text.size(); at += step) {
    splitter.feed(text.substr(at, step));
    take_all();
  }
  splitter.finish();
  take_all();
  return lines;
}

/// The same the plain way.
std::vector<BodyLine> expected(std::string_view text) {
  std::vector<BodyLine> lines;
  while (!text.empty()) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    const bool too_long = line.size() > kMaxLine;
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back({.number = lines.size() + 1, .text = std::string(too_long ? "" : line), .too_long = too_long});
  }
  return lines;
}

bool same(const BodyLine& a, const BodyLine& b) {
  return a.number == b.number && a.text == b.text && a.too_long == b.too_long;
}

}  // namespace
}  // namespace mobileclip::server

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mobileclip::server;
  const std::string_view text = mobileclip::fuzz::text_of(data, size);
  const auto wanted = expected(text);
  for (const std::size_t step : {std::size_t{1}, std::size_t{2}, std::size_t{7}, std::size_t{64}, size + 1}) {
    const auto lines = split(text, step);
    CHECK(std::equal(lines.begin(), lines.end(), wanted.begin(), wanted.end(), same));
  }
  return 0;
}
