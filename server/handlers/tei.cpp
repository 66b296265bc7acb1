#include "server/handlers/tei.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <numeric>

#include "proto_json/tei.h"
#include "server/handlers/body_form.h"
#include "server/handlers/cosine.h"
#include "server/handlers/embed_call.h"
#include "server/handlers/route_groups.h"
#include "server/handlers/stages.h"
#include "server/http/responses.h"

namespace mobileclip::server {

namespace asio = boost::asio;

namespace {

/// Tokenised for the reply itself, or before texts lose their beginning: off the engine's workers, so not without end.
constexpr std::size_t kMaxTokenizedBytes = 256 * 1024;

ErrorReply tei_error_format(const Refusal& refusal) {
  std::string_view type = "Validation";
  unsigned status = refusal.status;
  if (refusal.code == "empty") {
    type = "Empty";
  } else if (refusal.code == "invalid_text") {
    type = "Tokenizer";
    status = 422;
  } else if (refusal.code == "invalid_argument") {
    status = 422;
  } else if (refusal.status == 429 || refusal.status == 504) {
    type = "Overloaded";
  } else if (refusal.status == 503) {
    type = "Unhealthy";
  } else if (refusal.status >= 500) {
    type = "Backend";
    status = 424;
  }
  std::string message = refusal.message;
  if (!refusal.items.empty()) message = "inputs[" + std::to_string(refusal.items.front().index) + "]: " + message;
  return {.status = status, .body = proto::tei_error(message, type)};
}

Response nothing_given() {
  return error_response(HttpError{.status = 400, .code = "empty", .message = "`inputs` cannot be empty"});
}

std::size_t total_bytes(const std::vector<std::string>& texts) {
  return std::transform_reduce(texts.begin(), texts.end(), std::size_t{0}, std::plus<>(),
                               [](const std::string& text) { return text.size(); });
}

/// Code points: bytes of UTF-8 that continue none.
std::size_t total_characters(const std::vector<std::string>& texts) {
  std::size_t count = 0;
  for (const std::string& text : texts) {
    count += static_cast<std::size_t>(
        std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; }));
  }
  return count;
}

std::optional<Error> refuse_too_long(const std::vector<std::string>& texts, std::string_view what) {
  const std::size_t bytes = total_bytes(texts);
  if (bytes <= kMaxTokenizedBytes) return std::nullopt;
  return Error{ErrorCode::kInvalidArgument, std::string(what) + " takes texts of at most " +
                                                std::to_string(kMaxTokenizedBytes) + " bytes together, found " +
                                                std::to_string(bytes)};
}

/// Ids that fit the context: texts too long keep their end instead of their beginning.
Result<std::vector<TokenIds>> keep_ends(EmbeddingService& service, const std::vector<std::string>& texts) {
  if (auto error = refuse_too_long(texts, "truncation_direction Left")) return *std::move(error);
  const auto context_length = static_cast<std::size_t>(service.info().context_length);
  std::vector<TokenIds> all;
  for (const std::string& text : texts) {
    auto tokenized = service.tokenizer().encode(text, std::numeric_limits<std::size_t>::max());
    if (!tokenized) return std::move(tokenized).error();
    TokenIds& ids = all.emplace_back(std::move(tokenized->ids));
    if (ids.size() > context_length) {
      ids.erase(ids.begin() + 1, ids.end() - static_cast<std::ptrdiff_t>(context_length - 1));
    }
  }
  return all;
}

/// What TEI tells of a request's cost, in its units: whole milliseconds, averages over the inputs.
class Costs {
 public:
  explicit Costs(std::size_t characters) : characters_(characters) {}

  void tokenized_for(std::chrono::nanoseconds duration) { tokenization_ += duration; }

  void add(const std::vector<EmbeddedItem>& items) {
    for (const EmbeddedItem& item : items) {
      tokens_ += item.tokens;
      tokenization_ += item.timings.prepare;
      queue_ += item.timings.queue;
      inference_ += item.timings.inference;
    }
    items_ += items.size();
  }

  void write(Headers& headers) const {
    const auto total = std::chrono::steady_clock::now() - start_;
    const auto each = [this](std::chrono::nanoseconds sum) {
      return sum / static_cast<std::int64_t>(std::max(items_, std::size_t{1}));
    };
    headers.add("x-compute-type", "cpu");
    headers.add("x-compute-characters", std::to_string(characters_));
    headers.add("x-compute-tokens", std::to_string(tokens_));
    headers.add("x-compute-time", milliseconds(total));
    headers.add("x-total-time", milliseconds(total));
    headers.add("x-tokenization-time", milliseconds(each(tokenization_)));
    headers.add("x-queue-time", milliseconds(each(queue_)));
    headers.add("x-inference-time", milliseconds(each(inference_)));
  }

 private:
  static std::string milliseconds(std::chrono::nanoseconds duration) {
    return std::to_string(std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
  }

  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
  std::size_t characters_;
  std::size_t items_ = 0;
  std::uint64_t tokens_ = 0;
  std::chrono::nanoseconds tokenization_{0};
  std::chrono::nanoseconds queue_{0};
  std::chrono::nanoseconds inference_{0};
};

/// TEI serves one model and its requests name none: the first.
struct TextCall {
  std::vector<std::string> texts;
  std::vector<TokenIds> token_ids = {};
  proto::EmbedOptions options;
  CutSide cut_side;
};

asio::awaitable<std::variant<Embedded, Response>> embed_texts(const HandlerContext& context, const Request& request,
                                                              RequestScope& scope, TextCall call, Costs& costs) {
  if (call.options.truncate && call.cut_side == CutSide::kLeft && !call.texts.empty()) {
    const auto start = std::chrono::steady_clock::now();
    auto tokenize = [&] { return keep_ends(context.models.first().service, call.texts); };
    auto ids = co_await run_stage(context, scope, RequestStage::kParse, total_bytes(call.texts), tokenize);
    if (!ids) co_return error_response(ids.error());
    costs.tokenized_for(std::chrono::steady_clock::now() - start);
    call.token_ids = std::move(*ids);
    call.texts.clear();
  }
  EmbedCall of_first{.model = context.models.first(),
                     .images = {},
                     .texts = std::move(call.texts),
                     .token_ids = std::move(call.token_ids),
                     .options = call.options};
  auto outcome = co_await embed(context, request, std::move(of_first));
  if (const auto* embedded = std::get_if<Embedded>(&outcome)) costs.add(embedded->texts);
  co_return outcome;
}

asio::awaitable<Response> embed_inputs(const HandlerContext& context, const Request& request, RequestScope& scope) {
  if (const auto error = refuse_unless_json(request.head)) co_return error_response(*error);
  auto parse_body = [&request] { return proto::parse_tei_embed(*request.body); };
  auto parsed = co_await run_stage(context, scope, RequestStage::kParse, request.body->size(), parse_body);
  if (!parsed) co_return error_response(parsed.error());
  if (parsed->texts.empty() && parsed->token_ids.empty()) co_return nothing_given();

  Costs costs(total_characters(parsed->texts));
  TextCall call{.texts = std::move(parsed->texts),
                .token_ids = std::move(parsed->token_ids),
                .options = parsed->options,
                .cut_side = parsed->cut_side};
  auto outcome = co_await embed_texts(context, request, scope, std::move(call), costs);
  if (auto* refusal = std::get_if<Response>(&outcome)) co_return std::move(*refusal);

  Vectors embeddings;
  for (EmbeddedItem& item : std::get<Embedded>(outcome).texts) embeddings.push_back(std::move(item.embedding));
  auto serialize = [&]() -> Result<std::string> { return proto::tei_embed_reply(embeddings); };
  const std::size_t floats = embeddings.size() * embeddings.front().size();
  auto body = co_await run_stage(context, scope, RequestStage::kSerialize, floats * sizeof(float), serialize);
  if (!body) co_return error_response(body.error());
  Response response = json_response(std::move(*body));
  costs.write(response.headers);
  co_return response;
}

asio::awaitable<Response> similarity_of_sentences(const HandlerContext& context, const Request& request,
                                                  RequestScope& scope) {
  auto parse_body = [&request] { return proto::parse_tei_similarity(*request.body); };
  auto parsed = co_await run_stage(context, scope, RequestStage::kParse, request.body->size(), parse_body);
  if (!parsed) co_return error_response(parsed.error());
  if (parsed->texts.empty()) co_return nothing_given();

  Costs costs(total_characters(parsed->texts));
  TextCall call{.texts = std::move(parsed->texts), .options = parsed->options, .cut_side = parsed->cut_side};
  auto outcome = co_await embed_texts(context, request, scope, std::move(call), costs);
  if (auto* refusal = std::get_if<Response>(&outcome)) co_return std::move(*refusal);

  Vectors source;
  Vectors sentences;
  for (EmbeddedItem& item : std::get<Embedded>(outcome).texts) {
    (source.empty() ? source : sentences).push_back(std::move(item.embedding));
  }
  Response response = json_response(proto::tei_similarity_reply(cosine_matrix(source, sentences).values));
  costs.write(response.headers);
  co_return response;
}

asio::awaitable<Response> tokenize(const HandlerContext& context, const Request& request, RequestScope& scope) {
  if (const auto error = refuse_unless_json(request.head)) co_return error_response(*error);
  auto parse_body = [&request] { return proto::parse_tei_tokenize(*request.body); };
  auto parsed = co_await run_stage(context, scope, RequestStage::kParse, request.body->size(), parse_body);
  if (!parsed) co_return error_response(parsed.error());
  if (parsed->texts.empty()) co_return nothing_given();
  if (const auto error = refuse_too_long(parsed->texts, "/tokenize")) co_return error_response(*error);

  auto tokenize_all = [&]() -> Result<std::string> {
    std::vector<std::vector<TokenSpan>> all;
    for (const std::string& text : parsed->texts) {
      auto spans = context.models.first().service.tokenizer().spans(text);
      if (!spans) return std::move(spans).error();
      all.push_back(std::move(*spans));
    }
    return proto::tei_tokenize_reply(all, parsed->add_special_tokens);
  };
  const std::size_t reply_bytes = 64 * (total_bytes(parsed->texts) + 2 * parsed->texts.size());
  auto body = co_await run_stage(context, scope, RequestStage::kSerialize, reply_bytes, tokenize_all);
  if (!body) co_return error_response(body.error());
  co_return json_response(std::move(*body));
}

constexpr RouteEntry kRoutes[] = {
    {"POST", "/embed", "TEI: texts or token ids to embeddings", embed_inputs, tei_error_format},
    {"POST", "/tokenize", "TEI: texts to tokens", tokenize, tei_error_format},
};

}  // namespace

asio::awaitable<Response> tei_similarity(const HandlerContext& context, const Request& request, RequestScope& scope) {
  Response response = co_await similarity_of_sentences(context, request, scope);
  apply_error_format(response, tei_error_format);
  response.refusal.reset();
  co_return response;
}

RouteGroup tei_routes() { return kRoutes; }

}  // namespace mobileclip::server
