#include "server/handlers/embedding_reply.h"

#include "proto_json/packed_embedding.h"
#include "server/handlers/stages.h"
#include "server/http/http_status.h"
#include "server/http/negotiation.h"
#include "server/http/responses.h"

namespace mobileclip::server {

namespace asio = boost::asio;

namespace {

// In EmbeddingForm's order.
constexpr std::string_view kMediaTypes[] = {"application/json", "application/octet-stream", "application/x-npy"};

HttpError not_acceptable(std::span<const std::string_view> available, bool base64) {
  std::string names;
  for (const std::string_view name : available) names += (names.empty() ? "" : ", ") + std::string(name);
  return {.status = 406,
          .code = "not_acceptable",
          .message = "Accept: available are " + names + (base64 ? " (as encoding_format is base64)" : "")};
}

Result<std::string> write(EmbeddingForm form, const proto::EmbedReply& reply,
                          std::string (*to_json)(const proto::EmbedReply&)) {
  switch (form) {
    case EmbeddingForm::kJson:
      return to_json(reply);
    case EmbeddingForm::kOctetStream:
      return proto::octet_reply(reply);
    case EmbeddingForm::kNpy:
      return proto::npy_reply(reply);
  }
  return Error{ErrorCode::kInternal, "no such form"};
}

}  // namespace

std::variant<EmbeddingForm, HttpError> embedding_form(const RequestHead& head, const proto::OutputOptions& options) {
  if (const auto error = proto::check_output_options(options)) {
    return HttpError{.status = http_status(error->code), .code = error_name(error->code), .message = error->message};
  }
  const auto available = std::span(kMediaTypes).first(options.base64 ? 1 : std::size(kMediaTypes));
  const auto accept = head.headers.list("Accept");
  if (!accept) return EmbeddingForm::kJson;
  const auto chosen = choose_media_type(*accept, available);
  if (!chosen) return not_acceptable(available, options.base64);
  return static_cast<EmbeddingForm>(*chosen);
}

asio::awaitable<Response> embedding_response(const HandlerContext& context, RequestScope& scope, EmbeddingForm form,
                                             const proto::EmbedReply& reply,
                                             std::string (*to_json)(const proto::EmbedReply&)) {
  auto serialize = [&] { return write(form, reply, to_json); };
  auto body = co_await run_stage(context, scope, RequestStage::kSerialize, proto::estimated_bytes(reply), serialize);
  if (!body) co_return error_response(body.error());
  Response response = text_response(*std::move(body), std::string(kMediaTypes[static_cast<std::size_t>(form)]));
  response.headers.add("Vary", "Accept");
  if (form == EmbeddingForm::kJson) co_return response;
  response.headers.add("X-Embedding-Shape",
                       std::to_string(reply.embeddings.size()) + ", " + std::to_string(reply.dimensions));
  response.headers.add("X-Embedding-Dtype", std::string(proto::to_string(proto::element_type(reply.output))));
  if (!reply.truncated.empty()) response.headers.add("X-Truncated-Count", std::to_string(reply.truncated.size()));
  co_return response;
}

}  // namespace mobileclip::server
