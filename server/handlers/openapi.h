// The OpenAPI 3.1 document, from the route tables and what server/openapi/ says of each group.
#pragma once

#include <string>

namespace mobileclip::server {

/// JSON. Built at the first call; valid as long as the process. Thread-safe.
const std::string& openapi_document();

}  // namespace mobileclip::server
