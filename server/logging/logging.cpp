#include "server/logging/logging.h"

#include <spdlog/sinks/base_sink.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include "server/logging/log_line.h"

namespace mobileclip::server {
namespace {

class WriterSink final : public spdlog::sinks::base_sink<spdlog::details::null_mutex> {
 public:
  WriterSink(LogFormat format, LogWriter& writer) : format_(format), writer_(writer) {}

 private:
  void sink_it_(const spdlog::details::log_msg& message) override {
    const auto level = spdlog::level::to_string_view(message.level);
    writer_.write(log_line(format_, message.time, {level.data(), level.size()},
                           {message.payload.data(), message.payload.size()}));
  }
  void flush_() override {}

  LogFormat format_;
  LogWriter& writer_;
};

}  // namespace

Logging::Logging(const ServerConfig& config) : writer_(STDERR_FILENO), before_(spdlog::default_logger()) {
  auto logger =
      std::make_shared<spdlog::logger>("mobileclip-server", std::make_shared<WriterSink>(config.log_format, writer_));
  logger->set_level(spdlog::level::from_str(config.log_level));
  spdlog::set_default_logger(std::move(logger));
}

Logging::~Logging() { spdlog::set_default_logger(before_); }

}  // namespace mobileclip::server
