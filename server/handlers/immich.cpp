// Immich's machine learning service: POST /predict, GET /ping. GET / is in index.cpp.
#include "proto_json/immich.h"

#include "server/handlers/body_form.h"
#include "server/handlers/embed_call.h"
#include "server/handlers/image_upload.h"
#include "server/handlers/route_groups.h"
#include "server/handlers/stages.h"
#include "server/http/responses.h"

namespace mobileclip::server {

namespace asio = boost::asio;

namespace {

ErrorReply immich_error_format(const Refusal& refusal) {
  return {.status = refusal.status, .body = proto::immich_error(refusal.message)};
}

struct Prediction {
  std::string model;
  std::vector<Result<ImageBytes>> images;
  std::vector<std::string> texts;
  std::optional<proto::ImmichImageSize> size;
};

Error invalid(std::string message) { return {ErrorCode::kInvalidArgument, std::move(message)}; }

using Parsed = std::variant<Prediction, Response>;

Parsed parse(const Request& request, std::string_view boundary) {
  std::optional<std::string_view> entries;
  std::vector<std::string> texts;
  std::vector<Result<ImageBytes>> images;
  const auto read_field = [&](std::string_view name, std::string_view value) -> std::optional<Error> {
    if (name == "entries") {
      entries = value;
    } else if (name == "text") {
      texts.emplace_back(value);
    } else {
      return invalid("unknown field \"" + std::string(name.substr(0, 64)) + "\"; known fields: entries, image, text");
    }
    return std::nullopt;
  };
  if (const auto error = read_form(request.body, boundary, images, read_field)) return error_response(*error);

  auto entry = proto::parse_immich_entries(entries.value_or(""));
  if (!entry) {
    return error_response(HttpError{
        .status = 422, .code = "invalid_argument", .message = "Invalid request format: " + entry.error().message});
  }
  const bool visual = entry->task == proto::ImmichTask::kVisual;
  if ((visual ? images.size() : texts.size()) != 1 || (visual ? !texts.empty() : !images.empty())) {
    return error_response(
        invalid(visual ? "expected one file \"image\" and no text" : "expected one field \"text\" and no image"));
  }
  if (!visual) return Prediction{.model = std::move(entry->model), .images = {}, .texts = std::move(texts), .size = {}};
  std::optional<proto::ImmichImageSize> size;
  if (images.front()) {
    // A file that is no image is found out by the engine, which says more of it.
    if (const auto info = read_image_info(images.front()->bytes)) size = {.width = info->width, .height = info->height};
  }
  return Prediction{.model = std::move(entry->model), .images = std::move(images), .texts = {}, .size = size};
}

asio::awaitable<Response> predict(const HandlerContext& context, const Request& request, RequestScope& scope) {
  const auto form = body_form(request.head, {BodyForm::kMultipart});
  if (const auto* error = std::get_if<HttpError>(&form)) co_return error_response(*error);
  auto parse_body = [&]() -> Result<Parsed> { return parse(request, std::get<RequestBodyForm>(form).boundary); };
  auto parsed = co_await run_stage(context, scope, RequestStage::kParse, request.body->size(), parse_body);
  if (!parsed) co_return error_response(parsed.error());
  if (auto* refusal = std::get_if<Response>(&*parsed)) co_return std::move(*refusal);
  auto& prediction = std::get<Prediction>(*parsed);

  const auto choice = choose_model_by_foreign_name(context.models, request, prediction.model);
  if (const auto* unknown = std::get_if<Response>(&choice)) co_return *unknown;
  const ServedModel& model = *std::get<const ServedModel*>(choice);
  EmbedCall call{.model = model, .images = std::move(prediction.images), .texts = std::move(prediction.texts)};
  auto outcome = co_await embed(context, request, std::move(call));
  if (auto* refusal = std::get_if<Response>(&outcome)) co_return std::move(*refusal);
  const auto& embedded = std::get<Embedded>(outcome);
  const EmbeddedItem& item = embedded.images.empty() ? embedded.texts.front() : embedded.images.front();
  Response response = json_response(proto::immich_reply(item.embedding, prediction.size));
  note_truncation(response, item.truncated ? 1 : 0);
  co_return response;
}

Response ping(const HandlerContext& /*context*/, const Request& /*request*/) {
  return text_response("pong", "text/plain; charset=utf-8");
}

constexpr RouteEntry kRoutes[] = {
    {"POST", "/predict", "Immich: an image or a text to its CLIP embedding", predict, immich_error_format},
    {"GET", "/ping", "Immich: pong", ping, immich_error_format, Access::kProbe},
};

}  // namespace

RouteGroup immich_routes() { return kRoutes; }

}  // namespace mobileclip::server
