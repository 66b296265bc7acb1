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

/// A tower of a model: the protocol's "model". The first model's go by the tower's name alone ("image"), any model's by
/// its id and the tower's ("MobileCLIP2-S2.image").
struct Asked {
  const ServedModel* model;
  proto::InferModel tower;
};

bool has_tower(const ServedModel& model, proto::InferModel tower) {
  return tower != proto::InferModel::kImage || model.service.info().image_input.has_value();
}

std::optional<Asked> find_tower(const Models& models, std::string_view name) {
  const std::size_t dot = name.rfind('.');
  const bool bare = dot == std::string_view::npos;
  const auto tower = proto::infer_model(bare ? name : name.substr(dot + 1));
  const ServedModel* model = bare ? &models.first() : dot == 0 ? nullptr : models.find(name.substr(0, dot));
  if (!tower || model == nullptr || !has_tower(*model, *tower)) return std::nullopt;
  return Asked{.model = model, .tower = *tower};
}

std::string tower_names(const Models& models) {
  std::string names;
  for (const ServedModel& model : models) {
    const std::string prefix = &model == &models.first() ? "" : model.id + ".";
    for (const proto::InferModel tower : proto::kInferModels) {
      if (has_tower(model, tower)) names += " " + prefix + std::string(proto::to_string(tower));
    }
  }
  return names;
}

/// The path's model, in the version that the path may name; or the 404 that names those there are.
std::variant<Asked, Response> asked_model(const HandlerContext& context, const Request& request) {
  const auto& parameters = request.path_parameters;
  const auto asked = find_tower(context.models, parameters.front().second);
  if (!asked) {
    return error_response(
        HttpError{.status = 404,
                  .code = "not_found",
                  .message = "unknown model; this server's models are:" + tower_names(context.models)});
  }
  if (parameters.size() > 1 && parameters[1].second != proto::kInferModelVersion) {
    return error_response(HttpError{
        .status = 404,
        .code = "not_found",
        .message = "unknown version; every model here has the one version " + std::string(proto::kInferModelVersion)});
  }
  request.trace->model = &asked->model->service.info();
  return *asked;
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
  auto found = asked_model(context, request);
  if (auto* unknown = std::get_if<Response>(&found)) co_return std::move(*unknown);
  const Asked asked = std::get<Asked>(found);
  const auto length = json_length(request.head);
  if (!length) co_return error_response(length.error());

  auto parse_body = [&] { return proto::parse_infer(asked.tower, request.body, *length); };
  auto parsed = co_await run_stage(context, scope, RequestStage::kParse, request.body->size(), parse_body);
  if (!parsed) co_return error_response(parsed.error());

  EmbedCall call{.model = *asked.model,
                 .images = std::move(parsed->images),
                 .texts = std::move(parsed->texts),
                 .token_ids = std::move(parsed->token_ids),
                 .options = parsed->options};
  auto outcome = co_await embed(context, request, std::move(call));
  if (auto* refusal = std::get_if<Response>(&outcome)) co_return std::move(*refusal);

  auto& embedded = std::get<Embedded>(outcome);
  const std::size_t truncated = truncated_indices(embedded.texts).size();
  proto::InferReply reply{.model_name = request.path_parameters.front().second,
                          .id = parsed->id,
                          .embeddings = {},
                          .binary = parsed->binary_output};
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
  auto found = asked_model(context, request);
  if (auto* unknown = std::get_if<Response>(&found)) return std::move(*unknown);
  const auto [model, tower] = std::get<Asked>(found);
  const std::string& name = request.path_parameters.front().second;
  return json_response(proto::infer_model_metadata(name, tower, model->service.info()));
}

Response model_ready(const HandlerContext& context, const Request& request) {
  auto found = asked_model(context, request);
  if (auto* unknown = std::get_if<Response>(&found)) return std::move(*unknown);
  return readiness(context);
}

constexpr RouteEntry kRoutes[] = {
    {"GET", "/v2", "Open Inference Protocol: the server", server_metadata, infer_error_format},
    {"GET", "/v2/health/live", "Open Inference Protocol: liveness", server_live, infer_error_format, Access::kProbe},
    {"GET", "/v2/health/ready", "Open Inference Protocol: readiness", server_ready, infer_error_format, Access::kProbe},
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
