// GET /info: what is served.
#pragma once

#include "server/handlers/handler_context.h"
#include "server/http/message.h"

namespace mobileclip::server {

Response info(const HandlerContext& context);

}  // namespace mobileclip::server
