#include "server/handlers/similarity.h"

#include "proto_json/replies.h"
#include "proto_json/requests.h"
#include "proto_json/tei.h"
#include "server/handlers/body_form.h"
#include "server/handlers/cosine.h"
#include "server/handlers/embed_call.h"
#include "server/handlers/image_upload.h"
#include "server/handlers/option_fields.h"
#include "server/handlers/stages.h"
#include "server/handlers/tei.h"
#include "server/http/responses.h"

namespace mobileclip::server {

namespace asio = boost::asio;

namespace {

Error invalid(std::string message) { return {ErrorCode::kInvalidArgument, std::move(message)}; }

/// A form's parts: files are images, "text" fields texts, "request" is what a JSON body would be, others are options.
Result<proto::SimilarityRequest> parse_form(const Request& request, std::string_view boundary,
                                            proto::EmbedOptions options) {
  std::optional<std::string_view> json;
  std::vector<std::string> texts;
  std::vector<Result<ImageBytes>> images;
  const auto read_field = [&](std::string_view name, std::string_view value) -> std::optional<Error> {
    if (name == "text" || name == "texts") {
      texts.emplace_back(value);
      return std::nullopt;
    }
    if (name != "request") return set_option(options, name, value, kSimilarityOptions);
    if (json) return invalid("the field \"request\" is given twice");
    json = value;
    return std::nullopt;
  };
  if (auto error = read_form(request.body, boundary, images, read_field)) return *std::move(error);

  auto parsed = proto::parse_similarity(json.value_or("{}"), options);
  if (!parsed) return parsed;
  std::move(images.begin(), images.end(), std::back_inserter(parsed->images));
  std::move(texts.begin(), texts.end(), std::back_inserter(parsed->texts));
  return parsed;
}

/// Ready embeddings are as long as the model's, or already cut to `dimensions`; they are cut here.
std::optional<Error> cut_embeddings(Vectors& embeddings, std::string_view name, int model_dimensions, int dimensions) {
  const auto full = static_cast<std::size_t>(model_dimensions);
  const auto kept = dimensions > 0 ? static_cast<std::size_t>(dimensions) : full;
  for (std::size_t i = 0; i < embeddings.size(); ++i) {
    const std::size_t length = embeddings[i].size();
    if (length != full && length != kept) {
      return invalid(std::string(name) + "[" + std::to_string(i) + "]: expected " + std::to_string(full) + " values" +
                     (kept != full ? " or " + std::to_string(kept) : "") + ", found " + std::to_string(length));
    }
    embeddings[i].resize(kept);
  }
  return std::nullopt;
}

/// `most` embeddings in a list.
std::optional<Error> check(proto::SimilarityRequest& request, int model_dimensions, std::size_t most) {
  if (!request.options.normalize) return invalid("\"normalize\": cosines are always of normalised embeddings");
  if (request.options.dimensions > model_dimensions) {
    return invalid("\"dimensions\": expected at most " + std::to_string(model_dimensions) + ", found " +
                   std::to_string(request.options.dimensions));
  }
  if (request.image_embeddings.size() > most || request.text_embeddings.size() > most) {
    return invalid("expected at most " + std::to_string(most) + " embeddings in a list");
  }
  if (request.images.empty() && request.image_embeddings.empty() && request.texts.empty() &&
      request.text_embeddings.empty()) {
    return invalid("nothing to compare: expected images, texts, image_embeddings or text_embeddings");
  }
  if (auto error =
          cut_embeddings(request.image_embeddings, "image_embeddings", model_dimensions, request.options.dimensions)) {
    return error;
  }
  return cut_embeddings(request.text_embeddings, "text_embeddings", model_dimensions, request.options.dimensions);
}

Result<proto::SimilarityRequest> parse(const Request& request, const RequestBodyForm& form) {
  const auto options = options_from_query(request.head.query(), kSimilarityOptions);
  if (!options) return options.error();
  return form.form == BodyForm::kJson ? proto::parse_similarity(*request.body, *options)
                                      : parse_form(request, form.boundary, *options);
}

/// The embeddings of a side: those of its items, then those that came ready.
Vectors side_of(std::vector<EmbeddedItem>& items, Vectors& ready) {
  Vectors side;
  side.reserve(items.size() + ready.size());
  for (EmbeddedItem& item : items) side.push_back(std::move(item.embedding));
  std::move(ready.begin(), ready.end(), std::back_inserter(side));
  return side;
}

/// Images against texts; a side that is missing leaves the other against itself, without probabilities.
proto::SimilarityReply compare(const Vectors& images, const Vectors& texts, const EngineInfo& info) {
  proto::SimilarityReply reply{.model = info.model,
                               .dimensions = 0,
                               .rows = images.empty() ? "texts" : "images",
                               .columns = texts.empty() ? "images" : "texts",
                               .logit_scale = info.logit_scale,
                               .similarity = {},
                               .probabilities = {},
                               .truncated = {}};
  const Vectors& rows = images.empty() ? texts : images;
  const Vectors& columns = texts.empty() ? images : texts;
  reply.dimensions = static_cast<int>(rows.front().size());
  reply.similarity = cosine_matrix(rows, columns);
  if (!images.empty() && !texts.empty()) reply.probabilities = softmax_rows(reply.similarity, info.logit_scale);
  return reply;
}

}  // namespace

asio::awaitable<Response> similarity(const HandlerContext& context, const Request& request, RequestScope& scope) {
  const auto form = body_form(request.head, {BodyForm::kJson, BodyForm::kMultipart});
  if (const auto* error = std::get_if<HttpError>(&form)) co_return error_response(*error);

  auto see_shape = [&request]() -> Result<bool> { return proto::is_tei_similarity(*request.body); };
  if (std::get<RequestBodyForm>(form).form == BodyForm::kJson) {
    const auto tei = co_await run_stage(context, scope, RequestStage::kParse, request.body->size(), see_shape);
    if (tei && *tei) co_return co_await tei_similarity(context, request, scope);
  }

  auto parse_body = [&] { return parse(request, std::get<RequestBodyForm>(form)); };
  auto parsed = co_await run_stage(context, scope, RequestStage::kParse, request.body->size(), parse_body);
  if (!parsed) co_return error_response(parsed.error());
  const auto choice = choose_model(context.models, request, parsed->options.model);
  if (const auto* unknown = std::get_if<Response>(&choice)) co_return *unknown;
  const ServedModel& model = *std::get<const ServedModel*>(choice);
  const EngineInfo& info = model.service.info();
  if (const auto error = check(*parsed, info.embed_dim, context.config.max_items_per_request))
    co_return error_response(*error);

  Embedded embedded;
  if (!parsed->images.empty() || !parsed->texts.empty()) {
    EmbedCall call{.model = model,
                   .images = std::move(parsed->images),
                   .texts = std::move(parsed->texts),
                   .name_lists = true,
                   .options = parsed->options};
    auto outcome = co_await embed(context, request, std::move(call));
    if (auto* refusal = std::get_if<Response>(&outcome)) co_return std::move(*refusal);
    embedded = std::move(std::get<Embedded>(outcome));
  }
  const std::vector<std::size_t> truncated = truncated_indices(embedded.texts);
  const Vectors images = side_of(embedded.images, parsed->image_embeddings);
  const Vectors texts = side_of(embedded.texts, parsed->text_embeddings);

  auto serialize = [&]() -> Result<std::string> {
    proto::SimilarityReply reply = compare(images, texts, info);
    reply.truncated = truncated;
    return proto::similarity_reply(reply);
  };
  const std::size_t products = std::max(images.size(), std::size_t{1}) * std::max(texts.size(), std::size_t{1});
  auto body = co_await run_stage(context, scope, RequestStage::kSerialize, products * sizeof(float) * 64, serialize);
  if (!body) co_return error_response(body.error());
  co_return json_response(std::move(*body));
}

}  // namespace mobileclip::server
