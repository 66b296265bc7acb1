// GET /info, /metrics: what is served, and how it is doing.
#pragma once

#include "server/handlers/handler_context.h"
#include "server/http/message.h"

namespace mobileclip::server {

Response info(const HandlerContext& context);
Response metrics_page(const HandlerContext& context);

}  // namespace mobileclip::server
