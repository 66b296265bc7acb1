#include "server/handlers/embed_text.h"

#include "proto_json/replies.h"
#include "proto_json/requests.h"
#include "server/handlers/body_form.h"
#include "server/handlers/embed_call.h"
#include "server/handlers/embedding_reply.h"
#include "server/handlers/option_fields.h"
#include "server/handlers/stages.h"
#include "server/http/responses.h"

namespace mobileclip::server {

namespace asio = boost::asio;

namespace {

Result<proto::EmbedTextRequest> parse(const Request& request) {
  auto defaults = options_from_query(request.head.query(), kTextOptions);
  if (!defaults) return std::move(defaults).error();
  auto parsed = proto::parse_embed_text(*request.body, *defaults);
  if (parsed && parsed->texts.empty()) {
    return Error{ErrorCode::kInvalidArgument, "no texts: expected {\"texts\": [\"…\", …]}"};
  }
  return parsed;
}

proto::EmbedReply to_reply(std::string_view model, std::vector<EmbeddedItem> items,
                           const proto::OutputOptions& output) {
  proto::EmbedReply reply{.model = model,
                          .dimensions = static_cast<int>(items.front().embedding.size()),
                          .embeddings = {},
                          .tokens = 0,
                          .truncated = truncated_indices(items),
                          .output = output};
  for (EmbeddedItem& item : items) {
    reply.embeddings.push_back(std::move(item.embedding));
    reply.tokens += item.tokens;
  }
  return reply;
}

}  // namespace

asio::awaitable<Response> embed_text(const HandlerContext& context, const Request& request, RequestScope& scope) {
  const auto form = body_form(request.head, {BodyForm::kJson});
  if (const auto* error = std::get_if<HttpError>(&form)) co_return error_response(*error);
  if (auto full = refuse_if_full(context, request, Lane::kText)) co_return *std::move(full);

  auto parse_body = [&request] { return parse(request); };
  auto parsed = co_await run_stage(context, scope, RequestStage::kParse, request.body->size(), parse_body);
  if (!parsed) co_return error_response(parsed.error());

  const auto output = embedding_form(request.head, parsed->options.output);
  if (const auto* error = std::get_if<HttpError>(&output)) co_return error_response(*error);

  const auto choice = choose_model(context.models, request, parsed->options.model);
  if (const auto* unknown = std::get_if<Response>(&choice)) co_return *unknown;
  const ServedModel& model = *std::get<const ServedModel*>(choice);
  EmbedCall call{.model = model, .images = {}, .texts = std::move(parsed->texts), .options = parsed->options};
  auto embedded = co_await embed(context, request, std::move(call));
  if (auto* refusal = std::get_if<Response>(&embedded)) co_return std::move(*refusal);

  const auto reply =
      to_reply(model.service.info().model, std::move(std::get<Embedded>(embedded).texts), parsed->options.output);
  co_return co_await embedding_response(context, scope, std::get<EmbeddingForm>(output), reply, proto::text_reply);
}

}  // namespace mobileclip::server
