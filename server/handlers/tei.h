// What of Text Embeddings Inference's API shares a path with ours; its other routes are in tei.cpp.
#pragma once

#include <boost/asio/awaitable.hpp>

#include "server/handlers/handler_context.h"
#include "server/http/message.h"
#include "server/http/request_scope.h"

namespace mobileclip::server {

/// POST /similarity whose body is TEI's (proto::is_tei_similarity). Errors are worded as TEI words them.
boost::asio::awaitable<Response> tei_similarity(const HandlerContext& context, const Request& request,
                                                RequestScope& scope);

}  // namespace mobileclip::server
