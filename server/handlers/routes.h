// All groups' routes as one router.
#pragma once

#include <string>
#include <vector>

#include "server/handlers/handler_context.h"
#include "server/handlers/route_groups.h"
#include "server/http/router.h"

namespace mobileclip::server {

/// Every group's entries, in the groups' order.
std::vector<RouteEntry> all_routes();

/// The paths, each once, for metrics, which exist before there is a context.
std::vector<std::string> route_paths();

/// `context` outlives the router. Its paths() are route_paths().
Router make_router(const HandlerContext& context);

}  // namespace mobileclip::server
