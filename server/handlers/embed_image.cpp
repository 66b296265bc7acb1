#include "server/handlers/embed_image.h"

#include "proto_json/replies.h"
#include "proto_json/requests.h"
#include "server/handlers/body_form.h"
#include "server/handlers/embed_call.h"
#include "server/handlers/embedding_reply.h"
#include "server/handlers/image_upload.h"
#include "server/handlers/option_fields.h"
#include "server/handlers/stages.h"
#include "server/http/responses.h"

namespace mobileclip::server {

namespace asio = boost::asio;

namespace {

Result<proto::EmbedImageRequest> parse_form(const Request& request, std::string_view boundary,
                                            proto::EmbedOptions options) {
  proto::EmbedImageRequest parsed{.images = {}, .options = options};
  const auto read_field = [&](std::string_view name, std::string_view value) {
    return set_option(parsed.options, name, value, kImageOptions);
  };
  if (auto error = read_form(request.body, boundary, parsed.images, read_field)) return *std::move(error);
  return parsed;
}

Result<proto::EmbedImageRequest> parse_raw(const Request& request, proto::EmbedOptions options) {
  proto::EmbedImageRequest parsed{.images = {}, .options = options};
  if (!request.body->empty()) parsed.images.emplace_back(image_in(request.body, *request.body));
  return parsed;
}

Result<proto::EmbedImageRequest> parse(const Request& request, const RequestBodyForm& form) {
  const auto options = options_from_query(request.head.query(), kImageOptions);
  if (!options) return options.error();
  Result<proto::EmbedImageRequest> parsed =
      form.form == BodyForm::kJson        ? proto::parse_embed_image(*request.body, *options)
      : form.form == BodyForm::kMultipart ? parse_form(request, form.boundary, *options)
                                          : parse_raw(request, *options);
  if (parsed && parsed->images.empty()) {
    return Error{ErrorCode::kInvalidArgument,
                 "no images: expected an image as the body, files in a form, or {\"images\": [\"<base64>\", …]}"};
  }
  return parsed;
}

proto::EmbedReply to_reply(std::string_view model, std::vector<EmbeddedItem> items,
                           const proto::OutputOptions& output) {
  proto::EmbedReply reply{.model = model,
                          .dimensions = static_cast<int>(items.front().embedding.size()),
                          .embeddings = {},
                          .tokens = 0,
                          .truncated = {},
                          .output = output};
  for (EmbeddedItem& item : items) reply.embeddings.push_back(std::move(item.embedding));
  return reply;
}

}  // namespace

asio::awaitable<Response> embed_image(const HandlerContext& context, const Request& request, RequestScope& scope) {
  const auto form = body_form(request.head, {BodyForm::kRawImage, BodyForm::kMultipart, BodyForm::kJson});
  if (const auto* error = std::get_if<HttpError>(&form)) co_return error_response(*error);
  if (auto full = refuse_if_full(context, request, Lane::kImage)) co_return *std::move(full);

  auto parse_body = [&] { return parse(request, std::get<RequestBodyForm>(form)); };
  auto parsed = co_await run_stage(context, scope, RequestStage::kParse, request.body->size(), parse_body);
  if (!parsed) co_return error_response(parsed.error());

  const auto output = embedding_form(request.head, parsed->options.output);
  if (const auto* error = std::get_if<HttpError>(&output)) co_return error_response(*error);

  const auto choice = choose_model(context.models, request, parsed->options.model);
  if (const auto* unknown = std::get_if<Response>(&choice)) co_return *unknown;
  const ServedModel& model = *std::get<const ServedModel*>(choice);
  EmbedCall call{.model = model, .images = std::move(parsed->images), .texts = {}, .options = parsed->options};
  auto embedded = co_await embed(context, request, std::move(call));
  if (auto* refusal = std::get_if<Response>(&embedded)) co_return std::move(*refusal);

  const auto reply =
      to_reply(model.service.info().model, std::move(std::get<Embedded>(embedded).images), parsed->options.output);
  co_return co_await embedding_response(context, scope, std::get<EmbeddingForm>(output), reply, proto::image_reply);
}

}  // namespace mobileclip::server
