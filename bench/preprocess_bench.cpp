// What an image costs before the network sees it: CPU time of one thread from encoded bytes to image_size² RGB pixels.
//
//   preprocess_bench [--rounds N] [--decode exact|fast] IMAGE...
//
// Prints the median and the quartiles of each image, in milliseconds. Rounds go over all images in turn, so that what
// else the machine does meanwhile falls on all alike.
#include <algorithm>
#include <charconv>
#include <cstdio>
#include <ctime>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/preprocess/image_preprocessor.h"

namespace {

using mobileclip::JpegDecoding;
using mobileclip::preprocess_image;
using mobileclip::PreprocessConfig;

constexpr int kDefaultRounds = 51;

struct Subject {
  std::string path;
  std::vector<char> encoded;
  std::vector<double> milliseconds;
};

/// CPU time of this thread; preprocessing starts no other.
double thread_milliseconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return 1e3 * static_cast<double>(now.tv_sec) + 1e-6 * static_cast<double>(now.tv_nsec);
}

std::span<const std::byte> bytes_of(const Subject& subject) { return std::as_bytes(std::span(subject.encoded)); }

/// False, and says why, where the image cannot be measured.
bool warm_up(const Subject& subject, const PreprocessConfig& config) {
  const auto result = preprocess_image(bytes_of(subject), config, {});
  if (!result.ok()) std::fprintf(stderr, "%s: %s\n", subject.path.c_str(), result.error().message.c_str());
  return result.ok();
}

void measure(Subject& subject, const PreprocessConfig& config) {
  const double start = thread_milliseconds();
  const auto result = preprocess_image(bytes_of(subject), config, {});
  subject.milliseconds.push_back(thread_milliseconds() - start);
}

void report(Subject& subject) {
  const auto info = mobileclip::read_image_info(bytes_of(subject));
  auto& times = subject.milliseconds;
  std::sort(times.begin(), times.end());
  const std::size_t n = times.size();
  const std::string format(to_string(info->format));
  std::printf("%-48s %-4s %5dx%-5d  median %7.2f ms  quartiles %7.2f %7.2f\n", subject.path.c_str(), format.c_str(),
              info->width, info->height, times[n / 2], times[n / 4], times[3 * n / 4]);
}

int usage() {
  std::fprintf(stderr, "usage: preprocess_bench [--rounds N] [--decode exact|fast] IMAGE...\n");
  return 2;
}

}  // namespace

int main(int argc, char** argv) {
  int rounds = kDefaultRounds;
  PreprocessConfig config;
  std::vector<Subject> subjects;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--rounds") {
      if (++i == argc) return usage();
      const std::string_view value = argv[i];
      const auto parsed = std::from_chars(value.data(), value.data() + value.size(), rounds);
      if (parsed.ec != std::errc() || parsed.ptr != value.data() + value.size() || rounds < 1) return usage();
      continue;
    }
    if (argument == "--decode") {
      if (++i == argc || (std::string_view(argv[i]) != "exact" && std::string_view(argv[i]) != "fast")) return usage();
      config.decode = std::string_view(argv[i]) == "fast" ? JpegDecoding::kFast : JpegDecoding::kExact;
      continue;
    }
    std::ifstream file(argv[i], std::ios::binary);
    if (!file) {
      std::fprintf(stderr, "%s: cannot be read\n", argv[i]);
      return 1;
    }
    subjects.push_back({argv[i], {std::istreambuf_iterator<char>(file), {}}, {}});
  }
  if (subjects.empty()) return usage();

  const auto prepared = [&config](const Subject& subject) { return warm_up(subject, config); };
  if (!std::all_of(subjects.begin(), subjects.end(), prepared)) return 1;
  for (int round = 0; round < rounds; ++round) {
    for (Subject& subject : subjects) measure(subject, config);
  }
  for (Subject& subject : subjects) report(subject);
  return 0;
}
