// The Open Inference Protocol v2: /v2 and below.
#include "proto_json/open_inference.h"

#include <charconv>

#include "server/handlers/embed_call.h"
#include "server/handlers/health.h"
#include "server/handlers/route_groups.h"
#include "server/handlers/stages.h"
#include "server/http/responses.h"
#include "server/version.h"

namespace mobileclip::server {

namespace asio = boost::asio;

namespace {

constexpr const char* kJsonLengthHeader = "Inference-Header-Content-Length";

ErrorReply infer_error_format(const Refusal& refusal) {
  std::string message = refusal.message;
  if (!refusal.items.empty()) message = "element " + std::to_string(refusal.items.front().index) + ": " + message;
  return {.status = refusal.status, .body = proto::infer_error(message)};
}

/// The path's model, in the version that the path may name; or the 404 that names those there are.
std::variant<proto::InferModel, Response> asked_model(const Request& request) {
  std::string names;
  for (const proto::InferModel model : proto::kInferModels) names += " " + std::string(proto::to_string(model));
  const auto& parameters = request.path_parameters;
  const auto model = proto::infer_model(parameters.front().second);
  if (!model) {
    return error_response(
        HttpError{.status = 404, .code = "not_found", .message = "unknown model; this server's models are:" + names});
  }
  if (parameters.size() > 1 && parameters[1].second != proto::kInferModelVersion) {
    return error_response(HttpError{
        .status = 404,
        .code = "not_found",
        .message = "unknown version; every model here has the one version " + std::string(proto::kInferModelVersion)});
  }
  return *model;
}

Result<std::optional<std::size_t>> json_length(const RequestHead& head) {
  const auto text = head.headers.find(kJsonLengthHeader);
  if (!text) return std::optional<std::size_t>();
  std::size_t length = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), length);
  if (error != std::errc() || end != text->data() + text->size()) {
    return Error{ErrorCode::kInvalidArgument, std::string(kJsonLengthHeader) + ": expected a number of bytes"};
  }
  return std::optional(length);
}

Response to_response(proto::InferReplyBody reply) {
  Response response = json_response(std::move(reply.body));
  if (reply.json_length) {
    response.content_type = "application/octet-stream";
    response.headers.add(kJsonLengthHeader, std::to_string(*reply.json_length));
  }
  return response;
}

asio::awaitable<Response> infer(const HandlerContext& context, const Request& request, RequestScope& scope) {
  auto asked = asked_model(request);
  if (auto* unknown = std::get_if<Response>(&asked)) co_return std::move(*unknown);
  const proto::InferModel model = std::get<proto::InferModel>(asked);
  const auto length = json_length(request.head);
  if (!length) co_return error_response(length.error());

  auto parse_body = [&] { return proto::parse_infer(model, request.body, *length); };
  auto parsed = co_await run_stage(context, scope, RequestStage::kParse, request.body->size(), parse_body);
  if (!parsed) co_return error_response(parsed.error());

  EmbedInputs inputs{.images = std::move(parsed->images),
                     .texts = std::move(parsed->texts),
                     .token_ids = std::move(parsed->token_ids)};
  auto outcome = co_await embed(context, request, std::move(inputs), parsed->options);
  if (auto* refusal = std::get_if<Response>(&outcome)) co_return std::move(*refusal);

  auto& embedded = std::get<Embedded>(outcome);
  const std::size_t truncated = truncated_indices(embedded.texts).size();
  proto::InferReply reply{.model = model, .id = parsed->id, .embeddings = {}, .binary = parsed->binary_output};
  for (EmbeddedItem& item : embedded.images.empty() ? embedded.texts : embedded.images) {
    reply.embeddings.push_back(std::move(item.embedding));
  }
  auto serialize = [&reply]() -> Result<proto::InferReplyBody> { return proto::infer_reply(reply); };
  const std::size_t floats = reply.embeddings.size() * reply.embeddings.front().size();
  auto body = co_await run_stage(context, scope, RequestStage::kSerialize, floats * sizeof(float), serialize);
  if (!body) co_return error_response(body.error());
  Response response = to_response(std::move(*body));
  note_truncation(response, truncated);
  co_return response;
}

Response server_metadata(const HandlerContext& /*context*/, const Request& /*request*/) {
  return json_response(proto::infer_server_metadata(version()));
}

Response server_live(const HandlerContext& /*context*/, const Request& /*request*/) {
  return json_response(proto::infer_flag("live", true));
}

Response readiness(const HandlerContext& context) {
  const unsigned status = health_ready(context).status;
  return json_response(proto::infer_flag("ready", status == 200), status);
}

Response server_ready(const HandlerContext& context, const Request& /*request*/) { return readiness(context); }

Response model_metadata(const HandlerContext& context, const Request& request) {
  auto asked = asked_model(request);
  if (auto* unknown = std::get_if<Response>(&asked)) return std::move(*unknown);
  return json_response(proto::infer_model_metadata(std::get<proto::InferModel>(asked), context.service.info()));
}

Response model_ready(const HandlerContext& context, const Request& request) {
  auto asked = asked_model(request);
  if (auto* unknown = std::get_if<Response>(&asked)) return std::move(*unknown);
  return readiness(context);
}

constexpr RouteEntry kRoutes[] = {
    {"GET", "/v2", "Open Inference Protocol: the server", server_metadata, infer_error_format},
    {"GET", "/v2/health/live", "Open Inference Protocol: liveness", server_live, infer_error_format,
     Access::kProbe},
    {"GET", "/v2/health/ready", "Open Inference Protocol: readiness", server_ready, infer_error_format,
     Access::kProbe},
    {"GET", "/v2/models/{model}", "Open Inference Protocol: a model's tensors", model_metadata, infer_error_format},
    {"GET", "/v2/models/{model}/ready", "Open Inference Protocol: readiness", model_ready, infer_error_format,
     Access::kProbe},
    {"POST", "/v2/models/{model}/infer", "Open Inference Protocol: tensors to embeddings", infer, infer_error_format},
    {"GET", "/v2/models/{model}/versions/{version}", "Open Inference Protocol: a version's tensors", model_metadata,
     infer_error_format},
    {"GET", "/v2/models/{model}/versions/{version}/ready", "Open Inference Protocol: a version's readiness",
     model_ready, infer_error_format, Access::kProbe},
    {"POST", "/v2/models/{model}/versions/{version}/infer", "Open Inference Protocol: tensors to embeddings", infer,
     infer_error_format},
};

}  // namespace

RouteGroup open_inference_routes() { return kRoutes; }

}  // namespace mobileclip::server
