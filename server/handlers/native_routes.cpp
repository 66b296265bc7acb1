// The routes of this server's own protocol.
#include "server/handlers/embed_batch.h"
#include "server/handlers/embed_image.h"
#include "server/handlers/embed_text.h"
#include "server/handlers/health.h"
#include "server/handlers/index.h"
#include "server/handlers/info.h"
#include "server/handlers/route_groups.h"
#include "server/handlers/similarity.h"
#include "server/http/responses.h"

namespace mobileclip::server {
namespace {

template <Response (*handler)(const HandlerContext&)>
Response whatever_is_asked(const HandlerContext& context, const Request& /*request*/) {
  return handler(context);
}

boost::asio::awaitable<Response> metrics(const HandlerContext& context, const Request& /*request*/) {
  const Result<MetricsPage::Page> page = co_await context.metrics_page.read();
  if (!page) co_return error_response(page.error());
  co_return text_response(**page, "text/plain; version=0.0.4; charset=utf-8");
}

constexpr RouteEntry kRoutes[] = {
    {"POST", "/embed/image", "images to embeddings: a raw image, a form's files or JSON {\"images\": [base64]}",
     embed_image},
    {"POST", "/embed/text", "texts to embeddings: JSON {\"texts\": [string]}", embed_text},
    {"POST", "/embed/batch", "lines of {\"text\": string} or {\"image\": base64}, any number, to lines of embeddings",
     embed_batch},
    {"POST", "/similarity", "cosines and probabilities of images against texts: JSON or a form; also TEI's",
     similarity},
    {"GET", "/", "this list; the playground for browsers", index, nullptr, Access::kPage},
    {"GET", "/info", "model, precision, limits; also TEI's fields", whatever_is_asked<info>},
    {"GET", "/health", "readiness and queue depths", whatever_is_asked<health>, nullptr, Access::kProbe},
    {"GET", "/health/live", "liveness", [](const HandlerContext&, const Request&) { return health_live(); }, nullptr,
     Access::kProbe},
    {"GET", "/health/ready", "readiness: 503 while stopping or failed", whatever_is_asked<health_ready>, nullptr,
     Access::kProbe},
    {"GET", "/metrics", "Prometheus text format", metrics, nullptr, Access::kMetrics},
};

}  // namespace

RouteGroup native_routes() { return kRoutes; }

}  // namespace mobileclip::server
