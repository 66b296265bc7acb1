// GET /health/live, /health/ready, /health: answered from what is known, never behind the engine's work.
#pragma once

#include "server/handlers/handler_context.h"
#include "server/http/message.h"

namespace mobileclip::server {

/// 200 for as long as the process answers at all.
Response health_live();

/// 200, or 503 while the server stops ("draining") or where the engine has failed or is stuck ("failed").
Response health_ready(const HandlerContext& context);

/// As ready, with the first model's name and the depths of the queues, all models' together.
Response health(const HandlerContext& context);

}  // namespace mobileclip::server
