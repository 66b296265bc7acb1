// GET /: every route, for clients that ask for no page.
#pragma once

#include "server/handlers/handler_context.h"
#include "server/http/message.h"

namespace mobileclip::server {

Response index(const HandlerContext& context);

}  // namespace mobileclip::server
