#include "server/metrics/metrics.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <sstream>

#include "tests/support/shared_data.h"

namespace mobileclip::server {
namespace {

using ::testing::HasSubstr;

/// "name{labels}" of every sample but the histograms' buckets, in order.
std::set<std::string> series_of(const std::string& exposition) {
  std::set<std::string> series;
  std::istringstream lines(exposition);
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with('#') || line.find("_bucket{") != std::string::npos) continue;
    series.insert(line.substr(0, line.rfind(' ')));
  }
  return series;
}

std::string joined(const std::set<std::string>& series) {
  std::string text;
  for (const std::string& line : series) text += line + "\n";
  return text;
}

// The names are part of the interface: dashboards and alerts are built on them. After a change on purpose, the file is
// what this test prints.
TEST(Metrics, EverySeriesExistsFromTheStart) {
  Metrics metrics({"/embed/text"});
  metrics.add_model("m");
  metrics.add_build_info({.version = "1", .model = "m", .precision = "fp32", .isa = "avx2"});
  std::ifstream file(testing::source_dir() / "tests/unit/server/metrics/series.golden");
  std::stringstream golden;
  golden << file.rdbuf();
  EXPECT_EQ(joined(series_of(metrics.render())), golden.str());
}

TEST(Metrics, ServingAddsNoSeries) {
  Metrics metrics({"/embed/text"});
  ModelMetrics& model = metrics.add_model("m");
  const auto before = series_of(metrics.render());
  for (const unsigned status : {200u, 204u, 400u, 404u, 405u, 408u, 411u, 413u, 414u, 415u, 417u,
                                422u, 424u, 429u, 431u, 499u, 500u, 501u, 503u, 504u, 507u, 599u}) {
    for (const std::size_t route : {0u, 1u, 7u}) {
      metrics.request_started();
      metrics.request_finished(route, status);
    }
  }
  for (const Lane lane : kLanes) {
    model.on_batch(lane, 1000);
    model.on_stage(lane, EngineObserver::Stage::kInference, std::chrono::hours(1));
    model.on_dropped(lane, EngineObserver::DropReason::kAbandoned);
    model.cache_looked_up(lane, {.hits = 1});
    model.set_queue_depth(lane, 9);
  }
  EXPECT_EQ(joined(series_of(metrics.render())), joined(before));
}

TEST(Metrics, CountsWhatItIsTold) {
  Metrics metrics({"/a", "/b"});
  ModelMetrics& model = metrics.add_model("m");
  ModelMetrics& other = metrics.add_model("other");
  metrics.request_started();
  metrics.request_started();
  metrics.request_finished(1, 429);
  metrics.request_stage(RequestStage::kParse, std::chrono::milliseconds(3));
  model.on_batch(Lane::kText, 5);
  model.on_dropped(Lane::kImage, EngineObserver::DropReason::kExpired);
  model.on_tokens(77);
  model.images_embedded(2);
  model.set_queue_depth(Lane::kImage, 4);
  model.set_queue_depth(Lane::kText, 6);
  model.cache_changed(Lane::kText, {.evicted = 1, .entries = 2, .bytes = 3});
  other.texts_embedded(8);
  metrics.connection_opened();
  metrics.connection_refused();
  const std::string text = metrics.render();
  for (const char* line : {
           "mobileclip_requests_in_flight 1\n",
           "mobileclip_requests_total{route=\"/b\",status=\"429\"} 1\n",
           "mobileclip_requests_total{route=\"/a\",status=\"429\"} 0\n",
           "mobileclip_rejected_total{reason=\"overloaded\"} 1\n",
           "mobileclip_rejected_total{reason=\"connections\"} 1\n",
           "mobileclip_request_stage_duration_seconds_count{stage=\"parse\"} 1\n",
           "mobileclip_batch_size_sum{lane=\"text\",model=\"m\"} 5\n",
           "mobileclip_dropped_total{lane=\"image\",model=\"m\",reason=\"expired\"} 1\n",
           "mobileclip_tokens_total{model=\"m\"} 77\n",
           "mobileclip_images_total{model=\"m\"} 2\n",
           "mobileclip_images_total{model=\"other\"} 0\n",
           "mobileclip_texts_total{model=\"m\"} 0\n",
           "mobileclip_texts_total{model=\"other\"} 8\n",
           "mobileclip_cache_bytes{lane=\"text\",model=\"m\"} 3\n",
           "mobileclip_queue_depth{lane=\"text\",model=\"other\"} 0\n",
           "mobileclip_connections 1\n",
           "mobileclip_queue_depth{lane=\"image\",model=\"m\"} 4\n",
           "mobileclip_queue_depth{lane=\"text\",model=\"m\"} 6\n",
       }) {
    EXPECT_THAT(text, HasSubstr(line));
  }
}

TEST(Metrics, AsksItsSourcesAtEachScrape) {
  Metrics metrics({});
  std::size_t bytes = 5;
  metrics.set_sources({.dropped_log_lines = [] { return 3; },
                       .held_body_bytes = [&bytes] { return bytes; },
                       .stuck_workers = [] { return 2; }});
  EXPECT_THAT(metrics.render(), HasSubstr("mobileclip_request_body_bytes 5\n"));
  bytes = 0;
  const std::string text = metrics.render();
  EXPECT_THAT(text, HasSubstr("mobileclip_request_body_bytes 0\n"));
  EXPECT_THAT(text, HasSubstr("mobileclip_log_lines_dropped_total 3\n"));
  EXPECT_THAT(text, HasSubstr("mobileclip_stuck_workers 2\n"));
}

TEST(Metrics, ReadsTheProcess) {
  Metrics metrics({});
  std::istringstream lines(metrics.render());
  double resident = 0;
  double start = 0;
  double fds = 0;
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("process_resident_memory_bytes ")) resident = std::stod(line.substr(line.rfind(' ')));
    if (line.starts_with("process_start_time_seconds ")) start = std::stod(line.substr(line.rfind(' ')));
    if (line.starts_with("process_open_fds ")) fds = std::stod(line.substr(line.rfind(' ')));
  }
  const double now = static_cast<double>(std::chrono::system_clock::to_time_t(std::chrono::system_clock::now()));
  EXPECT_GT(resident, 1 << 20);
  EXPECT_NEAR(start, now, 3600);
  EXPECT_GE(fds, 3);
}

}  // namespace
}  // namespace mobileclip::server
