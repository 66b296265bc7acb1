// Embeddings in the form that a client asks for: by Accept JSON, application/octet-stream or application/x-npy, by
// options the type of their values.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <variant>

#include "proto_json/replies.h"
#include "server/handlers/handler_context.h"
#include "server/http/message.h"
#include "server/http/request_scope.h"

namespace mobileclip::server {

enum class EmbeddingForm { kJson, kOctetStream, kNpy };

/// The form, 400 for options that contradict each other, or 406 naming what there is: JSON alone where base64 is
/// asked for.
std::variant<EmbeddingForm, HttpError> embedding_form(const RequestHead& head, const proto::OutputOptions& options);

/// `to_json` is proto::image_reply or proto::text_reply. The binary forms say in X-Embedding-Shape ("2, 512") and
/// X-Embedding-Dtype what they hold, and where texts were cut, in X-Truncated-Count how many.
boost::asio::awaitable<Response> embedding_response(const HandlerContext& context, RequestScope& scope,
                                                    EmbeddingForm form, const proto::EmbedReply& reply,
                                                    std::string (*to_json)(const proto::EmbedReply&));

}  // namespace mobileclip::server
