#include "server/handlers/routes.h"

#include <algorithm>
#include <utility>

#include "server/handlers/embed_batch.h"

namespace mobileclip::server {

namespace asio = boost::asio;

namespace {

/// Which weights an embedding is of: those of other fingerprints are not comparable with it.
asio::awaitable<Response> with_fingerprint(const HandlerContext& context, const Request& request,
                                           asio::awaitable<Response> work) {
  Response response = co_await std::move(work);
  const EngineInfo* chosen = request.trace->model;
  const EngineInfo& info = chosen != nullptr ? *chosen : context.models.first().service.info();
  response.headers.add("X-Model-Fingerprint", info.fingerprint);
  co_return response;
}

asio::awaitable<Response> answer_at_once(Control control, const HandlerContext& context, const Request& request) {
  co_return control(context, request);
}

Endpoint make_endpoint(const RouteEntry& route, const HandlerContext& context) {
  Endpoint endpoint{.method = std::string(route.method),
                    .kind = EndpointKind::kWork,
                    .handler = {},
                    .error_format = route.error_format,
                    .access = route.access};
  if (const Work* work = std::get_if<Work>(&route.handler)) {
    endpoint.handler = [work = *work, &context](const Request& request, RequestScope& scope) {
      return with_fingerprint(context, request, work(context, request, scope));
    };
  } else if (const Stream* stream = std::get_if<Stream>(&route.handler)) {
    endpoint.kind = EndpointKind::kStream;
    endpoint.stream = [stream = *stream, &context, shares = make_shares(context.models, context.config.engine)](
                          const Request& request, RequestScope& scope, StreamExchange& exchange) {
      return stream(context, shares, request, scope, exchange);
    };
  } else if (const SlowControl* slow = std::get_if<SlowControl>(&route.handler)) {
    endpoint.kind = EndpointKind::kControl;
    endpoint.handler = [slow = *slow, &context](const Request& request, RequestScope&) {
      return slow(context, request);
    };
  } else {
    endpoint.kind = EndpointKind::kControl;
    endpoint.handler = [control = std::get<Control>(route.handler), &context](const Request& request, RequestScope&) {
      return answer_at_once(control, context, request);
    };
  }
  return endpoint;
}

}  // namespace

std::vector<RouteEntry> all_routes() {
  std::vector<RouteEntry> routes;
#define MOBILECLIP_ADD_ROUTES(name) \
  for (const RouteEntry& route : name##_routes()) routes.push_back(route);
  MOBILECLIP_ROUTE_GROUPS(MOBILECLIP_ADD_ROUTES)
#undef MOBILECLIP_ADD_ROUTES
  return routes;
}

std::vector<std::string> route_paths() {
  std::vector<std::string> paths;
  for (const RouteEntry& route : all_routes()) {
    if (std::find(paths.begin(), paths.end(), route.path) == paths.end()) paths.emplace_back(route.path);
  }
  return paths;
}

Router make_router(const HandlerContext& context) {
  Router router;
  for (const RouteEntry& route : all_routes()) router.add(route.path, make_endpoint(route, context));
  return router;
}

}  // namespace mobileclip::server
