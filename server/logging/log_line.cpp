#include "server/logging/log_line.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <ctime>

#include "proto_json/json_writer.h"

namespace mobileclip::server {
namespace {

std::string timestamp(LogTime time) {
  using std::chrono::milliseconds;
  const std::time_t seconds = std::chrono::system_clock::to_time_t(std::chrono::floor<std::chrono::seconds>(time));
  const auto fraction = std::chrono::floor<milliseconds>(time.time_since_epoch()).count() % 1000;
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, 64> text{};
  const std::size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &utc);
  std::snprintf(text.data() + length, text.size() - length, ".%03dZ", static_cast<int>(fraction));
  return text.data();
}

float milliseconds_of(std::chrono::nanoseconds duration) {
  return std::chrono::duration<float, std::milli>(std::chrono::round<std::chrono::microseconds>(duration)).count();
}

std::string in_milliseconds(std::chrono::nanoseconds duration) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3fms", std::chrono::duration<double, std::milli>(duration).count());
  return text.data();
}

proto::JsonWriter begin_line(LogTime time, std::string_view level, std::string_view message) {
  proto::JsonWriter json;
  json.begin_object();
  json.key("time").string(timestamp(time));
  json.key("level").string(level);
  json.key("message").string(message);
  return json;
}

std::string end_line(proto::JsonWriter json) {
  json.end_object();
  return std::move(json).take() + '\n';
}

std::string json_line(LogTime time, const AccessRecord& record) {
  proto::JsonWriter json = begin_line(time, "info", "request");
  json.key("id").string(record.id);
  json.key("method").string(record.method);
  json.key("route").string(record.route);
  json.key("status").integer(record.status);
  json.key("bytes_in").integer(record.bytes_in);
  json.key("bytes_out").integer(record.bytes_out);
  json.key("total_ms").number(milliseconds_of(record.total));
  for (const auto& [stage, duration] : record.stages) {
    json.key(std::string(stage) + "_ms").number(milliseconds_of(duration));
  }
  if (record.images > 0) json.key("images").integer(record.images);
  if (record.texts > 0) json.key("texts").integer(record.texts);
  if (record.batch > 0) json.key("batch").integer(record.batch);
  return end_line(std::move(json));
}

}  // namespace

std::string log_line(LogFormat format, LogTime time, std::string_view level, std::string_view message) {
  if (format == LogFormat::kJson) return end_line(begin_line(time, level, message));
  std::string line = timestamp(time) + " " + std::string(level) + " " + std::string(message);
  std::ranges::replace_if(
      line, [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }, ' ');
  return line + '\n';
}

std::string access_line(LogFormat format, LogTime time, const AccessRecord& record) {
  if (format == LogFormat::kJson) return json_line(time, record);
  std::string text = std::string(record.method) + " " + std::string(record.route) + " " +
                     std::to_string(record.status) + " id=" + std::string(record.id) +
                     " in=" + std::to_string(record.bytes_in) + " out=" + std::to_string(record.bytes_out) +
                     " total=" + in_milliseconds(record.total);
  for (const auto& [stage, duration] : record.stages)
    text += " " + std::string(stage) + "=" + in_milliseconds(duration);
  if (record.images > 0) text += " images=" + std::to_string(record.images);
  if (record.texts > 0) text += " texts=" + std::to_string(record.texts);
  if (record.batch > 0) text += " batch=" + std::to_string(record.batch);
  return log_line(LogFormat::kText, time, "info", text);
}

}  // namespace mobileclip::server
