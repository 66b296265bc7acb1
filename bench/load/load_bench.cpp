// What a running server gives and how long it takes, under load; bench/load/run.sh starts the server.
//
//   mobileclip-load-bench --port N --model DIR [--threads N] [--isa ISA] [--precision fp32|bf16|int8] [--seconds S]
//                         [--rounds N] [--connections N,N,…] [--rates N,N,…] [--overload-seconds S]
//
// The engine of `--model`, with the same threads, instruction set and precision as the server, runs in this process to
// tell what the HTTP part costs: alternating runs, with the same JPEGs. Prints Markdown.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <condition_variable>
#include <cstdio>
#include <exception>
#include <iostream>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/load/load_client.h"
#include "engine/models/loaded_model.h"
#include "engine/runtime/engine.h"

namespace mobileclip::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

struct Arguments {
  Endpoint server{"127.0.0.1", 0};
  std::string model;
  EngineOptions engine;
  double seconds = 10;
  int rounds = 5;
  std::vector<std::size_t> connections{1, 16, 64};
  std::vector<double> rates{5, 10, 20};
  double overload_seconds = 0;  ///< long enough to fill the queue many times over; 0: no overload
  std::size_t flood = 32;       ///< connections that keep images coming while texts are measured
};

/// Keeps `in_flight` images of `work` in the engine; images a second. Throws where an embedding is not the golden one.
double engine_rate(Engine& engine, const Workload& work, std::size_t in_flight, Seconds duration) {
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    std::size_t running = 0;
    std::size_t answered = 0;
    std::string failure;
  } state;
  std::vector<std::vector<float>> golden;
  for (const std::string& answer : work.golden) golden.push_back(embedding_in(answer));

  const Clock::time_point begun = Clock::now();
  Clock::time_point last = begun;
  std::unique_lock lock(state.mutex);
  for (std::size_t next = 0; state.failure.empty() && Clock::now() - begun < duration; ++next) {
    state.changed.wait(lock, [&] { return state.running < in_flight; });
    const std::size_t index = next % work.bodies.size();
    ++state.running;
    lock.unlock();
    const std::span<const char> body(work.bodies[index]);
    const auto done = [&state, &last, &expected = golden[index]](std::vector<Result<EmbeddedItem>> results) {
      const bool right = results.front().ok() && results.front()->embedding == expected;
      const std::lock_guard guard(state.mutex);
      if (!right) state.failure = results.front().ok() ? "another embedding" : results.front().error().message;
      --state.running;
      ++state.answered;
      last = Clock::now();
      state.changed.notify_one();
    };
    const auto refused = engine.submit_images({{.bytes = std::as_bytes(body), .owner = {}}}, {}, done);
    lock.lock();
    if (refused) throw std::runtime_error("the engine refused an image: " + refused->message);
  }
  state.changed.wait(lock, [&] { return state.running == 0; });
  if (!state.failure.empty())
    throw std::runtime_error("the engine answers otherwise than the server: " + state.failure);
  return static_cast<double>(state.answered) / Seconds(last - begun).count();
}

std::string quartiles(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const std::size_t n = values.size();
  char text[96];
  std::snprintf(text, sizeof text, "%.3f (%.3f–%.3f)", values[n / 2], values[n / 4], values[3 * n / 4]);
  return text;
}

void print_header() {
  std::printf(
      "| load | route | answers | answers/s | p50, ms | p90 | p99 | p99.9 | max "
      "|\n|---|---|---|---|---|---|---|---|---|\n");
}

void print_row(const std::string& load, const Workload& work, const StreamResult& result) {
  const Latencies& l = result.latencies;
  std::printf("| %s | %s | %zu | %.2f | %.2f | %.2f | %.2f | %.2f | %.2f |\n", load.c_str(), work.path.c_str(),
              l.count(), static_cast<double>(l.count()) / result.seconds, l.percentile(50), l.percentile(90),
              l.percentile(99), l.percentile(99.9), l.percentile(100));
  std::fflush(stdout);
}

void measure_ratio(Engine& engine, const Workload& images, const Arguments& arguments) {
  const std::size_t in_flight = arguments.flood;
  std::vector<double> http;
  std::vector<double> own;
  std::vector<double> ratio;
  for (int round = 0; round < arguments.rounds; ++round) {
    const auto result =
        run_load(arguments.server, {{.work = &images, .connections = in_flight}}, Seconds(arguments.seconds));
    http.push_back(static_cast<double>(result[0].latencies.count()) / result[0].seconds);
    own.push_back(engine_rate(engine, images, in_flight, Seconds(arguments.seconds)));
    ratio.push_back(http.back() / own.back());
  }
  std::printf(
      "\nImages a second, 256x256 JPEG to embedding, %zu in flight, %d alternating runs of %g s each, medians "
      "(quartiles):\n\n",
      in_flight, arguments.rounds, arguments.seconds);
  std::printf("| over HTTP | engine alone | ratio |\n|---|---|---|\n| %s | %s | %s |\n", quartiles(http).c_str(),
              quartiles(own).c_str(), quartiles(ratio).c_str());
}

/// Three times what the server can do, after what it can do.
void measure_overload(const Workload& images, const Workload& texts, const Arguments& arguments) {
  constexpr double kTimes = 3;
  constexpr std::size_t kEnough = 64;  // connections
  std::printf(
      "\nOverload: %g times as many images a second as %zu connections get answered, and %g texts a second:\n\n",
      kTimes, kEnough, arguments.rates.front());
  std::printf(
      "| route | offered/s | answered/s | of the peak | p50, ms | p99 | max | 429 | 429 p50, ms | 429 p99 | 504 "
      "|\n|---|---|---|---|---|---|---|---|---|---|---|\n");
  const auto closed =
      run_load(arguments.server, {{.work = &images, .connections = kEnough}}, Seconds(arguments.seconds));
  const double peak = static_cast<double>(closed[0].latencies.count()) / closed[0].seconds;
  const std::vector<Stream> streams{{.work = &images, .rate = kTimes * peak, .may_refuse = true},
                                    {.work = &texts, .rate = arguments.rates.front(), .may_refuse = true}};
  const auto results = run_load(arguments.server, streams, Seconds(arguments.overload_seconds));
  for (std::size_t i = 0; i < streams.size(); ++i) {
    const StreamResult& r = results[i];
    const double rate = static_cast<double>(r.latencies.count()) / r.seconds;
    std::printf("| %s | %.1f | %.1f | %s | %.0f | %.0f | %.0f | %zu | %.2f | %.2f | %zu |\n",
                streams[i].work->path.c_str(), streams[i].rate, rate,
                i == 0 ? std::to_string(std::lround(100 * rate / peak)).append(" %").c_str() : "",
                r.latencies.percentile(50), r.latencies.percentile(99), r.latencies.percentile(100), r.refusals.count(),
                r.refusals.percentile(50), r.refusals.percentile(99), r.expired);
  }
  std::fflush(stdout);
}

void run(const Arguments& arguments) {
  Engine engine(load_model(arguments.model), arguments.engine);
  engine.warm_up();
  Workload images = image_workload(16);
  Workload texts = text_workload(16);
  record_golden(arguments.server, images, engine.info().embed_dim);
  record_golden(arguments.server, texts, engine.info().embed_dim);
  const Seconds duration(arguments.seconds);

  std::printf("%s, %s %s, %d threads; %g s a row\n\n", engine.info().model.c_str(), engine.info().isa.c_str(),
              engine.info().precision.c_str(), engine.info().threads, arguments.seconds);
  print_header();
  for (const Workload* work : {&images, &texts}) {
    for (const std::size_t connections : arguments.connections) {
      const auto result = run_load(arguments.server, {{.work = work, .connections = connections}}, duration);
      print_row("closed, " + std::to_string(connections) + " connections", *work, result[0]);
    }
    for (const double rate : arguments.rates) {
      const auto result = run_load(arguments.server, {{.work = work, .rate = rate}}, duration);
      char load[64];
      std::snprintf(load, sizeof load, "open, %g/s", rate);
      print_row(load, *work, result[0]);
    }
  }
  const auto mixed = run_load(
      arguments.server,
      {{.work = &images, .connections = arguments.flood}, {.work = &texts, .rate = arguments.rates.front()}}, duration);
  print_row("mixed: closed, " + std::to_string(arguments.flood) + " connections", images, mixed[0]);
  char load[64];
  std::snprintf(load, sizeof load, "mixed: open, %g/s", arguments.rates.front());
  print_row(load, texts, mixed[1]);
  measure_ratio(engine, images, arguments);
  if (arguments.overload_seconds > 0) measure_overload(images, texts, arguments);
}

}  // namespace
}  // namespace mobileclip::bench

int main(int argc, char** argv) {
  using namespace mobileclip;
  bench::Arguments arguments;
  CLI::App app("Load on a running mobileclip-server; latencies and throughput as Markdown.", "mobileclip-load-bench");
  app.add_option("--host", arguments.server.host, "IP address of the server")->capture_default_str();
  app.add_option("--port", arguments.server.port, "Port of the server")->required();
  app.add_option("--model", arguments.model, "The model directory that it serves")->required();
  app.add_option("--threads", arguments.engine.threads, "The server's --threads")->capture_default_str();
  app.add_option("--isa", arguments.engine.isa, "The server's --isa")->capture_default_str();
  app.add_option_function<std::string>(
         "--precision",
         [&arguments](const std::string& word) {
           arguments.engine.precision = word == "int8"   ? Precision::kInt8
                                        : word == "bf16" ? Precision::kBf16
                                                         : Precision::kFp32;
         },
         "The server's --precision")
      ->check(CLI::IsMember({"fp32", "bf16", "int8"}))
      ->default_str("fp32");
  app.add_option("--seconds", arguments.seconds, "Length of each measurement")->capture_default_str();
  app.add_option("--rounds", arguments.rounds, "Alternating runs of server and engine")->capture_default_str();
  app.add_option("--connections", arguments.connections, "Closed loops of so many connections")->delimiter(',');
  app.add_option("--rates", arguments.rates, "Open loops of so many requests a second")->delimiter(',');
  app.add_option("--flood", arguments.flood, "Image connections of the mixed load and the ratio")
      ->capture_default_str();
  app.add_option("--overload-seconds", arguments.overload_seconds,
                 "Length of a measurement at three times the load that can be served; 0: none")
      ->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  try {
    bench::run(arguments);
    return 0;
  } catch (const std::exception& error) {
    std::cerr << "mobileclip-load-bench: error: " << error.what() << '\n';
    return 1;
  }
}
