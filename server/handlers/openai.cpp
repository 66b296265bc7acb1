// OpenAI's POST /v1/embeddings, GET /v1/models and /v1/models/{model}.
#include "proto_json/openai.h"

#include "server/handlers/body_form.h"
#include "server/handlers/embed_call.h"
#include "server/handlers/route_groups.h"
#include "server/handlers/stages.h"
#include "server/http/responses.h"
#include "server/metrics/process_stats.h"

namespace mobileclip::server {

namespace asio = boost::asio;

namespace {

using Kind = proto::OpenAiEmbeddingsRequest::Kind;

ErrorReply openai_error_format(const Refusal& refusal) {
  proto::OpenAiError error{
      .message = refusal.message, .type = "invalid_request_error", .param = {}, .code = refusal.code};
  if (refusal.status == 429) error.type = "rate_limit_error";
  if (refusal.status >= 500) error.type = "server_error";
  std::string message = refusal.message;
  if (!refusal.items.empty()) {
    error.param = "input";
    message = "input[" + std::to_string(refusal.items.front().index) + "]: " + refusal.items.front().message;
    error.message = message;
  }
  return {.status = refusal.status, .body = proto::openai_error(error)};
}

/// Where the inputs of one kind stand among all.
std::vector<std::size_t> positions_of(const std::vector<Kind>& order, Kind kind) {
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < order.size(); ++i) {
    if (order[i] == kind) positions.push_back(i);
  }
  return positions;
}

/// The engine counts images and texts apart, the client its inputs.
Response with_input_indices(const Response& response, const std::vector<Kind>& order) {
  Refusal refusal = *response.refusal;
  const auto positions = positions_of(order, refusal.input == "images" ? Kind::kImage : Kind::kText);
  for (Refusal::Item& item : refusal.items) item.index = positions[item.index];
  return error_response(std::move(refusal));
}

proto::OpenAiEmbeddingsReply to_reply(std::string_view model, const proto::OpenAiEmbeddingsRequest& request,
                                      Embedded embedded) {
  proto::OpenAiEmbeddingsReply reply{
      .model = model, .embeddings = {}, .base64 = request.base64, .tokens = 0, .truncated = {}};
  auto image = embedded.images.begin();
  auto text = embedded.texts.begin();
  for (std::size_t i = 0; i < request.order.size(); ++i) {
    EmbeddedItem& item = request.order[i] == Kind::kImage ? *image++ : *text++;
    reply.embeddings.push_back(std::move(item.embedding));
    reply.tokens += item.tokens;
    if (item.truncated) reply.truncated.push_back(i);
  }
  return reply;
}

asio::awaitable<Response> embeddings(const HandlerContext& context, const Request& request, RequestScope& scope) {
  if (const auto error = refuse_unless_json(request.head)) co_return error_response(*error);
  auto parse_body = [&request] { return proto::parse_openai_embeddings(*request.body); };
  auto parsed = co_await run_stage(context, scope, RequestStage::kParse, request.body->size(), parse_body);
  if (!parsed) co_return error_response(parsed.error());

  const auto choice = choose_model_by_foreign_name(context.models, request, parsed->options.model);
  if (const auto* unknown = std::get_if<Response>(&choice)) co_return *unknown;
  const ServedModel& model = *std::get<const ServedModel*>(choice);
  EmbedCall call{.model = model,
                 .images = std::move(parsed->images),
                 .texts = std::move(parsed->texts),
                 .token_ids = std::move(parsed->token_ids),
                 .name_lists = true,
                 .options = parsed->options};
  auto embedded = co_await embed_in_parts(context, request, std::move(call));
  if (const auto* refusal = std::get_if<Response>(&embedded)) co_return with_input_indices(*refusal, parsed->order);

  const auto reply = to_reply(model.service.info().model, *parsed, std::move(std::get<Embedded>(embedded)));
  auto serialize = [&reply]() -> Result<std::string> { return proto::openai_embeddings_reply(reply); };
  const std::size_t floats = reply.embeddings.size() * reply.embeddings.front().size();
  auto body = co_await run_stage(context, scope, RequestStage::kSerialize, floats * sizeof(float), serialize);
  if (!body) co_return error_response(body.error());
  co_return json_response(std::move(*body));
}

proto::OpenAiModel described(const ServedModel& model) {
  return {.id = model.id, .created = static_cast<std::int64_t>(read_process_stats().start_time_seconds)};
}

Response models(const HandlerContext& context, const Request& /*request*/) {
  std::vector<proto::OpenAiModel> all;
  for (const ServedModel& one : context.models) all.push_back(described(one));
  return json_response(proto::openai_model_list(all));
}

Response model(const HandlerContext& context, const Request& request) {
  auto choice = choose_model(context.models, request, request.path_parameters.front().second);
  if (auto* unknown = std::get_if<Response>(&choice)) return std::move(*unknown);
  return json_response(proto::openai_model(described(*std::get<const ServedModel*>(choice))));
}

constexpr RouteEntry kRoutes[] = {
    {"POST", "/v1/embeddings", "OpenAI: texts, token ids or images to embeddings", embeddings, openai_error_format},
    {"GET", "/v1/models", "OpenAI: the models served", models, openai_error_format},
    {"GET", "/v1/models/{model}", "OpenAI: the model of that name", model, openai_error_format},
};

}  // namespace

RouteGroup openai_routes() { return kRoutes; }

}  // namespace mobileclip::server
