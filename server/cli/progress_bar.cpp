#include "server/cli/progress_bar.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace mobileclip::server {
namespace {

using namespace std::chrono_literals;

constexpr auto kShowAfter = 1s;
constexpr auto kRedrawEvery = 100ms;

/// Three significant digits: "0.45", "12.3k", "250M"
std::string with_prefix(double value) {
  constexpr std::array<const char*, 5> kPrefixes{"", "k", "M", "G", "T"};
  std::size_t prefix = 0;
  while (value >= 999.5 && prefix + 1 < kPrefixes.size()) {
    value /= 1000;
    ++prefix;
  }
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.*f%s",
                value >= 99.95   ? 0
                : value >= 9.995 ? 1
                                 : 2,
                value, kPrefixes[prefix]);
  return text.data();
}

std::string minutes_and_seconds(double seconds) {
  const auto whole = static_cast<std::uint64_t>(std::ceil(std::min(seconds, 359'999.0)));
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%llu:%02llu", static_cast<unsigned long long>(whole / 60),
                static_cast<unsigned long long>(whole % 60));
  return text.data();
}

std::size_t terminal_columns() {
  winsize size{};
  const bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : 80;
}

}  // namespace

std::string render_progress(std::string_view what, std::uint64_t done, std::uint64_t total,
                            std::chrono::duration<double> elapsed, std::size_t columns) {
  done = std::min(done, total);
  const double fraction = total == 0 ? 1.0 : static_cast<double>(done) / static_cast<double>(total);
  std::array<char, 8> percent{};
  std::snprintf(percent.data(), percent.size(), "%3d%%", static_cast<int>(fraction * 100));
  std::string after = percent.data();
  if (done > 0 && elapsed.count() > 0) {
    const double rate = static_cast<double>(done) / elapsed.count();
    after += "  " + with_prefix(rate) + "/s  ETA " + minutes_and_seconds(static_cast<double>(total - done) / rate);
  }

  const std::size_t around = what.size() + after.size() + 6;  // two spaces on either side of the bar, two brackets
  std::string line = std::string(what) + "  ";
  constexpr std::size_t kNarrowest = 5;
  constexpr std::size_t kWidest = 40;
  if (columns >= around + kNarrowest) {
    const std::size_t width = std::min(kWidest, columns - around);
    const auto filled = static_cast<std::size_t>(fraction * static_cast<double>(width));
    std::string bar = std::string(filled, '=') + (filled < width ? ">" : "");
    bar.resize(width, ' ');
    line += "[" + bar + "]  ";
  }
  line += after;
  return line.substr(0, columns);
}

ProgressBar::ProgressBar() : terminal_(isatty(STDERR_FILENO) != 0), began_(Clock::now()), what_began_(began_) {}

ProgressBar::~ProgressBar() {
  if (drawn_) std::fputs("\r\033[K", stderr);
}

Progress ProgressBar::callback() {
  if (!terminal_) return {};
  return [this](std::string_view what, std::uint64_t done, std::uint64_t total) { update(what, done, total); };
}

void ProgressBar::update(std::string_view what, std::uint64_t done, std::uint64_t total) {
  const Clock::time_point now = Clock::now();
  if (what != what_) {
    what_ = what;
    what_began_ = now;
  }
  if (now - began_ < kShowAfter || now - last_drawn_ < kRedrawEvery) return;
  last_drawn_ = now;
  drawn_ = true;
  // One column less than there are: a full line would move on to the next.
  const std::string line = render_progress(what, done, total, now - what_began_, terminal_columns() - 1);
  std::fprintf(stderr, "\r%s\033[K", line.c_str());
  std::fflush(stderr);
}

}  // namespace mobileclip::server
