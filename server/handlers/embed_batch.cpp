#include "server/handlers/embed_batch.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <exception>

#include "proto_json/bulk_line.h"
#include "server/handlers/line_splitter.h"
#include "server/handlers/option_fields.h"
#include "server/handlers/stages.h"
#include "server/http/http_status.h"
#include "server/http/media_type.h"
#include "server/http/negotiation.h"
#include "server/http/responses.h"

namespace mobileclip::server {

namespace asio = boost::asio;

namespace {

constexpr std::string_view kNdjson = "application/x-ndjson";
constexpr std::size_t kChunkBytes = 64 * 1024;            // about so much is written at once
constexpr std::chrono::milliseconds kTick{250};           // how often a waiting stream asks whether the server stops
constexpr std::chrono::milliseconds kFullLaneBackoff{5};  // until a line is offered to a full lane again

/// A line's place in the reply, filled when its result is there.
struct Slot {
  std::size_t line;
  std::string id;
  Lane lane = Lane::kText;
  std::optional<Result<EmbeddedItem>> result;
};

/// What the half that reads lines and the half that writes results share. Used on the connection's executor only.
class Stream {
 public:
  explicit Stream(const asio::any_io_executor& executor) : changed_(executor) {}

  /// Until notify(), or for a tick; whoever waits looks for itself what is new.
  asio::awaitable<void> wait() {
    if (changed_.expiry() <= asio::steady_timer::clock_type::now()) changed_.expires_after(kTick);
    boost::system::error_code ignored;
    co_await changed_.async_wait(asio::redirect_error(asio::use_awaitable, ignored));
  }
  void notify() { changed_.cancel(); }

  [[nodiscard]] bool has_result() const { return !slots.empty() && slots.front()->result.has_value(); }

  std::deque<std::shared_ptr<Slot>> slots;  ///< lines taken and not yet answered, in their order
  bool reading = true;                      ///< more lines may come
  std::size_t next_line = 1;                ///< for an error that is of no line
  std::optional<HttpError> failure;         ///< why reading ended before the body did
  std::exception_ptr defect;                ///< likewise

 private:
  asio::steady_timer changed_;
};

/// One stream's fixed facts.
struct Call {
  const HandlerContext& context;
  const ServedModel& model;
  const BulkShares& shares;
  const Request& request;
  RequestScope& scope;
  StreamExchange& exchange;
  proto::EmbedOptions options;

  [[nodiscard]] bool abandoned() const { return *request.abandoned; }
  /// A line that was taken is computed however long those before it take, unless its client says otherwise.
  [[nodiscard]] Deadline item_deadline() const {
    return request.timeout.count() > 0 ? Deadline::after(request.timeout) : Deadline::never();
  }
};

std::optional<HttpError> check_media_types(const RequestHead& head) {
  const auto type = parse_parameterized(head.headers.find("Content-Type").value_or(""));
  constexpr std::string_view kAccepted[] = {kNdjson, "application/ndjson", "application/jsonl",
                                            "application/x-jsonlines"};
  if (!type || std::ranges::find(kAccepted, type->value) == std::end(kAccepted)) {
    return HttpError{.status = 415,
                     .code = "unsupported_media_type",
                     .message = "expected Content-Type application/x-ndjson: a JSON object a line"};
  }
  const auto accept = head.headers.list("Accept");
  if (accept && !choose_media_type(*accept, std::span(&kNdjson, 1))) {
    return HttpError{.status = 406, .code = "not_acceptable", .message = "Accept: available is application/x-ndjson"};
  }
  return std::nullopt;
}

Result<proto::EmbedOptions> read_options(const Request& request) {
  auto options = options_from_query(request.head.query(), kTextOptions);
  if (!options) return options;
  if (auto error = proto::check_output_options(options->output)) return *std::move(error);
  return options;
}

std::optional<Error> check_dimensions(int dimensions, const EngineInfo& info) {
  if (dimensions <= info.embed_dim) return std::nullopt;
  return Error{ErrorCode::kInvalidArgument, "dimensions: expected at most " + std::to_string(info.embed_dim) +
                                                ", found " + std::to_string(dimensions)};
}

/// Hands the line's input to the engine, waiting while its lane is full. The slot's result comes from there, or is the
/// refusal.
asio::awaitable<void> submit(const Call& call, std::shared_ptr<Stream> stream, std::shared_ptr<Slot> slot,
                             proto::BulkInput input) {
  const auto* image = std::get_if<ImageBytes>(&input);
  slot->lane = image != nullptr ? Lane::kImage : Lane::kText;
  const std::size_t bytes = image != nullptr ? image->bytes.size() : std::get<std::string>(input).size();
  BulkShare& share = image != nullptr ? *call.shares.images : *call.shares.texts;
  BulkShare::Permit taken = co_await share.take(bytes);
  auto permit = std::make_shared<BulkShare::Permit>(std::move(taken));
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  asio::steady_timer backoff(executor);
  while (!call.abandoned()) {
    const EmbedRequest item{.normalize = call.options.normalize,
                            .dimensions = call.options.dimensions,
                            .truncate = call.options.truncate,
                            .prompt_name = call.options.prompt_name,
                            .deadline = call.item_deadline(),
                            .abandoned = call.request.abandoned};
    auto done = [executor, stream, slot, permit](std::vector<Result<EmbeddedItem>> results) mutable {
      permit.reset();
      asio::post(executor,
                 [stream = std::move(stream), slot = std::move(slot), result = std::move(results.front())]() mutable {
                   slot->result = std::move(result);
                   stream->notify();
                 });
    };
    std::optional<Error> refused =
        image != nullptr ? call.model.service.submit_images({*image}, item, std::move(done))
                         : call.model.service.submit_texts({std::get<std::string>(input)}, item, std::move(done));
    if (!refused) co_return;
    if (refused->code != ErrorCode::kOverloaded) {
      slot->result = *std::move(refused);
      co_return;
    }
    backoff.expires_after(kFullLaneBackoff);
    co_await backoff.async_wait(asio::use_awaitable);
  }
}

/// One line: waits for room in the reply, then parses and submits.
asio::awaitable<void> take_line(const Call& call, std::shared_ptr<Stream> stream, BodyLine line) {
  const bool blank = line.text.find_first_not_of(" \t") == std::string::npos;
  if (blank && !line.too_long) co_return;
  while (stream->slots.size() >= call.shares.max_items && !call.abandoned()) co_await stream->wait();
  if (call.abandoned()) co_return;
  const auto slot = std::make_shared<Slot>(Slot{.line = line.number, .id = {}, .result = {}});
  stream->slots.push_back(slot);
  if (line.too_long) {
    slot->result =
        Error{ErrorCode::kInvalidArgument,
              "the line is longer than the limit of " + std::to_string(call.context.config.max_body_bytes) + " bytes"};
  } else {
    auto parse = [&line]() -> Result<proto::BulkLine> { return proto::parse_bulk_line(line.text); };
    auto parsed = co_await run_stage(call.context, call.scope, RequestStage::kParse, line.text.size(), parse);
    line.text = {};
    if (!parsed) {
      slot->result = std::move(parsed).error();
    } else {
      slot->id = std::move(parsed->id);
      if (parsed->input) {
        co_await submit(call, stream, slot, std::move(*parsed->input));
      } else {
        slot->result = std::move(parsed->input).error();
      }
    }
  }
  stream->notify();
}

/// Reads as fast as results are written: take_line() waits for room.
asio::awaitable<void> read_lines(const Call& call, std::shared_ptr<Stream> stream) {
  LineSplitter lines(call.context.config.max_body_bytes);
  for (bool more = true; more && !call.abandoned();) {
    auto received = co_await call.exchange.read_some();
    if (auto* failed = std::get_if<ReadFailure>(&received)) {
      if (!failed->answer) *call.request.abandoned = true;
      stream->failure = std::move(failed->answer);
      break;
    }
    const std::string& piece = std::get<std::string>(received);
    more = !piece.empty();
    if (more) lines.feed(piece);
    if (!more) lines.finish();
    for (auto line = lines.next(); line && !call.abandoned(); line = lines.next()) {
      co_await take_line(call, stream, *std::move(line));
    }
  }
  stream->next_line = lines.line_number();
}

/// The results that are there, up to about kChunkBytes, as lines.
std::string take_results(const Call& call, Stream& stream) {
  const auto timer = call.scope.time(RequestStage::kSerialize);
  std::string chunk;
  while (stream.has_result() && chunk.size() < kChunkBytes) {
    const std::shared_ptr<Slot> slot = std::move(stream.slots.front());
    stream.slots.pop_front();
    const proto::BulkPlace place{.line = slot->line, .id = slot->id};
    const Result<EmbeddedItem>& result = *slot->result;
    if (!result) {
      chunk += proto::bulk_error(place, error_name(result.error().code), result.error().message);
      continue;
    }
    chunk += proto::bulk_reply(place, *result, call.options.output);
    call.request.trace->add(slot->lane, std::span(&*result, 1));
    if (slot->lane == Lane::kImage) call.model.metrics.images_embedded(1);
    if (slot->lane == Lane::kText) call.model.metrics.texts_embedded(1);
  }
  return chunk;
}

/// Writes results in order until all lines are answered or the client has gone.
asio::awaitable<void> write_results(const Call& call, Stream& stream) {
  while (!call.abandoned() && (stream.reading || !stream.slots.empty())) {
    if (call.context.lifecycle.phase() == Lifecycle::Phase::kRefusing) call.exchange.stop_reading();
    if (!stream.has_result()) {
      if (!stream.slots.empty()) call.exchange.excuse_silence();
      co_await stream.wait();
      continue;
    }
    std::string chunk = take_results(call, stream);
    stream.notify();  // there is room for lines
    const bool written = co_await call.exchange.write(std::move(chunk));
    if (!written) *call.request.abandoned = true;
  }
}

asio::awaitable<void> finish(const Call& call, Stream& stream) {
  if (call.abandoned()) co_return;
  if (stream.failure) {
    std::string line =
        proto::bulk_error({.line = stream.next_line, .id = {}}, stream.failure->code, stream.failure->message);
    const bool written = co_await call.exchange.write(std::move(line));
    if (!written) co_return;
  }
  co_await call.exchange.end();
}

}  // namespace

BulkShares::BulkShares(const EngineOptions& engine)
    // One batch that is computed and one that gathers: more would not make the engine any faster.
    : max_items(std::max<std::size_t>(1, std::min(2 * engine.max_batch, engine.max_queue_items / 2))),
      images(std::make_shared<BulkShare>(max_items, engine.max_queue_bytes / 2)),
      texts(std::make_shared<BulkShare>(max_items, engine.max_queue_bytes / 2)) {}

SharesByModel make_shares(const Models& models, const EngineOptions& engine) {
  SharesByModel shares;
  for (const ServedModel& model : models) shares.emplace(&model, engine);
  return shares;
}

asio::awaitable<std::optional<Response>> embed_batch(const HandlerContext& context, const SharesByModel& shares,
                                                     const Request& request, RequestScope& scope,
                                                     StreamExchange& exchange) {
  if (const auto error = check_media_types(request.head)) co_return error_response(*error);
  const auto options = read_options(request);
  if (!options) co_return error_response(options.error());
  const auto choice = choose_model(context.models, request, options->model);
  if (const auto* unknown = std::get_if<Response>(&choice)) co_return *unknown;
  const ServedModel& model = *std::get<const ServedModel*>(choice);
  const EngineInfo& info = model.service.info();
  if (const auto error = check_dimensions(options->dimensions, info)) co_return error_response(*error);
  if (const auto error = refuse_unknown_prompt(info, options->prompt_name)) co_return error_response(*error);

  Response head{.status = 200, .content_type = std::string(kNdjson), .body = {}, .headers = {}};
  head.headers.add("X-Request-Id", scope.trace()->id);
  head.headers.add("X-Model-Fingerprint", info.fingerprint);
  const bool begun = co_await exchange.begin(std::move(head));
  if (!begun) co_return std::nullopt;

  const Call call{.context = context,
                  .model = model,
                  .shares = shares.at(&model),
                  .request = request,
                  .scope = scope,
                  .exchange = exchange,
                  .options = *options};
  const asio::any_io_executor executor = co_await asio::this_coro::executor;
  const auto stream = std::make_shared<Stream>(executor);
  asio::co_spawn(executor, read_lines(call, stream),
                 [stream, abandoned = request.abandoned](const std::exception_ptr& defect) {
                   if (defect) {  // the line it was at has no result to come
                     stream->defect = defect;
                     *abandoned = true;
                   }
                   stream->reading = false;
                   stream->notify();
                 });
  try {
    co_await write_results(call, *stream);
  } catch (...) {
    stream->defect = std::current_exception();
    *request.abandoned = true;
  }
  while (stream->reading) {  // its frame refers to ours
    exchange.stop_reading();
    stream->notify();
    co_await stream->wait();
  }
  if (stream->defect) std::rethrow_exception(stream->defect);
  co_await finish(call, *stream);
  co_return std::nullopt;
}

}  // namespace mobileclip::server
