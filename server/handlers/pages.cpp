// GET /docs and GET /openapi.json. The playground is in index.cpp, at GET /.
#include "server/embedded_file.h"
#include "server/handlers/html_page.h"
#include "server/handlers/openapi.h"
#include "server/handlers/route_groups.h"
#include "server/http/responses.h"

// MOBILECLIP_PAGES_DIR and the dependency on the files come from CMakeLists.txt.
MOBILECLIP_EMBED(page_docs, MOBILECLIP_PAGES_DIR "/docs.html");

namespace mobileclip::server {
namespace {

Response docs(const HandlerContext& /*context*/, const Request& /*request*/) {
  return html_page(MOBILECLIP_EMBEDDED(page_docs));
}

Response openapi(const HandlerContext& /*context*/, const Request& /*request*/) {
  return json_response(openapi_document());
}

constexpr RouteEntry kRoutes[] = {
    {"GET", "/docs", "every route, to read", docs, nullptr, Access::kPage},
    {"GET", "/openapi.json", "every route, as OpenAPI 3.1", openapi, nullptr, Access::kPage},
};

}  // namespace

RouteGroup pages_routes() { return kRoutes; }

}  // namespace mobileclip::server
