// The list of routes: one line each.
#pragma once

#include "server/handlers/handler_context.h"
#include "server/http/router.h"

namespace mobileclip::server {

/// The paths, for metrics, which exist before there is a context.
std::vector<std::string> route_paths();

/// `context` outlives the router. Its paths() are route_paths().
Router make_router(const HandlerContext& context);

}  // namespace mobileclip::server
