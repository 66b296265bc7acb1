// GET /: the playground for clients that ask for HTML, every route for others.
#pragma once

#include "server/handlers/handler_context.h"
#include "server/http/message.h"

namespace mobileclip::server {

Response index(const HandlerContext& context, const Request& request);

}  // namespace mobileclip::server
