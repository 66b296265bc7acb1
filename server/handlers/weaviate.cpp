// Weaviate's multi2vec-clip: POST /vectorize, GET /meta and its probes.
#include "proto_json/weaviate.h"

#include "server/handlers/body_form.h"
#include "server/handlers/embed_call.h"
#include "server/handlers/health.h"
#include "server/handlers/route_groups.h"
#include "server/handlers/stages.h"
#include "server/http/responses.h"
#include "server/version.h"

namespace mobileclip::server {

namespace asio = boost::asio;

namespace {

ErrorReply weaviate_error_format(const Refusal& refusal) {
  std::string message;
  if (!refusal.items.empty()) message = refusal.input + "[" + std::to_string(refusal.items.front().index) + "]: ";
  return {.status = refusal.status, .body = proto::weaviate_error(message + refusal.message)};
}

asio::awaitable<Response> vectorize(const HandlerContext& context, const Request& request, RequestScope& scope) {
  if (const auto error = refuse_unless_json(request.head)) co_return error_response(*error);
  auto parse_body = [&request] { return proto::parse_weaviate(*request.body); };
  auto parsed = co_await run_stage(context, scope, RequestStage::kParse, request.body->size(), parse_body);
  if (!parsed) co_return error_response(parsed.error());

  const ServedModel& model = context.models.first();  // its requests name none
  EmbedCall call{
      .model = model, .images = std::move(parsed->images), .texts = std::move(parsed->texts), .name_lists = true};
  auto outcome = co_await embed_in_parts(context, request, std::move(call));
  if (auto* refusal = std::get_if<Response>(&outcome)) co_return std::move(*refusal);

  auto& embedded = std::get<Embedded>(outcome);
  const std::size_t truncated = truncated_indices(embedded.texts).size();
  proto::WeaviateReply reply;
  for (EmbeddedItem& item : embedded.texts) reply.texts.push_back(std::move(item.embedding));
  for (EmbeddedItem& item : embedded.images) reply.images.push_back(std::move(item.embedding));
  auto serialize = [&reply]() -> Result<std::string> { return proto::weaviate_reply(reply); };
  const std::size_t floats =
      (reply.texts.size() + reply.images.size()) * static_cast<std::size_t>(model.service.info().embed_dim);
  auto body = co_await run_stage(context, scope, RequestStage::kSerialize, floats * sizeof(float), serialize);
  if (!body) co_return error_response(body.error());
  Response response = json_response(std::move(*body));
  note_truncation(response, truncated);
  co_return response;
}

Response meta(const HandlerContext& context, const Request& /*request*/) {
  return json_response(proto::weaviate_meta(context.models.first().service.info(), version()));
}

/// Weaviate's probes say what they have to say by their status.
Response probe(const Response& health) {
  return {.status = health.status == 200 ? 204u : health.status, .content_type = {}, .body = {}, .headers = {}};
}
Response live(const HandlerContext& /*context*/, const Request& /*request*/) { return probe(health_live()); }
Response ready(const HandlerContext& context, const Request& /*request*/) { return probe(health_ready(context)); }

constexpr RouteEntry kRoutes[] = {
    {"POST", "/vectorize", "Weaviate multi2vec-clip: texts and images to vectors", vectorize, weaviate_error_format},
    {"GET", "/meta", "Weaviate: what is served", meta, weaviate_error_format},
    {"GET", "/.well-known/live", "Weaviate: liveness, 204", live, weaviate_error_format, Access::kProbe},
    {"GET", "/.well-known/ready", "Weaviate: readiness, 204 or 503", ready, weaviate_error_format, Access::kProbe},
};

}  // namespace

RouteGroup weaviate_routes() { return kRoutes; }

}  // namespace mobileclip::server
