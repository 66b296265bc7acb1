// POST /embed/image
#pragma once

#include <boost/asio/awaitable.hpp>

#include "server/handlers/handler_context.h"
#include "server/http/message.h"
#include "server/http/request_scope.h"

namespace mobileclip::server {

boost::asio::awaitable<Response> embed_image(const HandlerContext& context, const Request& request,
                                             RequestScope& scope);

}  // namespace mobileclip::server
