// What a group of handlers exports: its routes. A protocol lives in its own files and is registered by its line here.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <variant>

#include "server/handlers/handler_context.h"
#include "server/http/access.h"
#include "server/http/message.h"
#include "server/http/request_scope.h"

namespace mobileclip::server {

/// Answered at once and in every phase: health, information.
using Control = Response (*)(const HandlerContext&, const Request&);
/// Answered in every phase, but off the connections' thread: metrics.
using SlowControl = boost::asio::awaitable<Response> (*)(const HandlerContext&, const Request&);
/// Has a body and keeps the engine busy; refused while the server stops.
using Work = boost::asio::awaitable<Response> (*)(const HandlerContext&, const Request&, RequestScope&);

class StreamExchange;
struct BulkShares;
using SharesByModel = std::map<const ServedModel*, BulkShares>;
/// Answers while the request is read; refused while the server stops (embed_batch.h).
using Stream = boost::asio::awaitable<std::optional<Response>> (*)(const HandlerContext&, const SharesByModel&,
                                                                   const Request&, RequestScope&, StreamExchange&);

struct RouteEntry {
  std::string_view method;
  std::string_view path;  ///< a pattern: router.h
  std::string_view about;
  std::variant<Control, SlowControl, Work, Stream> handler;
  ErrorFormat error_format = nullptr;  ///< null: the native one
  Access access = Access::kKeyed;
};

/// Entries live as long as the process.
using RouteGroup = std::span<const RouteEntry>;

// GROUP(name) stands for a function name_routes(), declared below and defined with the group's handlers, and for
// server/openapi/name.json, which describes them.
#define MOBILECLIP_ROUTE_GROUPS(GROUP) \
  GROUP(native)                        \
  GROUP(openai)                        \
  GROUP(tei)                           \
  GROUP(weaviate)                      \
  GROUP(open_inference)                \
  GROUP(immich)                        \
  GROUP(classify)                      \
  GROUP(pages)

#define MOBILECLIP_DECLARE_ROUTES(name) RouteGroup name##_routes();
MOBILECLIP_ROUTE_GROUPS(MOBILECLIP_DECLARE_ROUTES)
#undef MOBILECLIP_DECLARE_ROUTES

}  // namespace mobileclip::server
