#include "server/handlers/openapi.h"

#include <nlohmann/json.hpp>
#include <variant>

#include "server/embedded_file.h"
#include "server/handlers/route_groups.h"
#include "server/http/ascii.h"
#include "server/version.h"

// MOBILECLIP_OPENAPI_DIR and the dependency on the files come from CMakeLists.txt.
MOBILECLIP_EMBED(openapi_base, MOBILECLIP_OPENAPI_DIR "/base.json");
#define MOBILECLIP_EMBED_GROUP(name) MOBILECLIP_EMBED(openapi_##name, MOBILECLIP_OPENAPI_DIR "/" #name ".json");
MOBILECLIP_ROUTE_GROUPS(MOBILECLIP_EMBED_GROUP)
#undef MOBILECLIP_EMBED_GROUP

namespace mobileclip::server {
namespace {

using Json = nlohmann::ordered_json;

Json reference(const std::string& kind, const std::string& name) {
  return {{"$ref", "#/components/" + kind + "/" + name}};
}

/// What the document's parts need of base.json, beside the document that they go into.
struct Base {
  Json document;
  Json errors;  ///< what each status means; "default" those that are not listed
};

/// A response in the error shape of its group.
Json error_response_of(const Base& base, const std::string& status, const std::string& schema) {
  Json response = {{"description", base.errors.at(status)},
                   {"content", {{"application/json", {{"schema", reference("schemas", schema)}}}}}};
  if (status == "429" || status == "503") response["headers"]["Retry-After"] = reference("headers", "RetryAfter");
  return response;
}

/// The response itself where `response` refers to one that several operations share.
Json& resolved(Json& document, Json& response) {
  if (!response.contains("$ref")) return response;
  return document.at(Json::json_pointer(response["$ref"].get<std::string>().substr(1)));
}

void add_headers(Base& base, Json& responses, const RouteEntry& route) {
  const bool work = std::holds_alternative<Work>(route.handler);
  const bool stream = std::holds_alternative<Stream>(route.handler);
  for (auto& [status, response] : responses.items()) {
    Json& headers = resolved(base.document, response)["headers"];
    headers["X-Request-Id"] = reference("headers", "RequestId");
    if (!status.starts_with('2')) continue;
    if (!stream) headers["Server-Timing"] = reference("headers", "ServerTiming");
    if (work || stream) headers["X-Model-Fingerprint"] = reference("headers", "Fingerprint");
  }
}

/// Adds to an operation what follows from its route and its group. "error" and "errors" are ours: the error's schema,
/// if it is not the group's, and the statuses worth listing.
void complete(Base& base, Json& operation, const RouteEntry& route, const Json& group) {
  Json completed = {{"tags", {group.at("tags").at(0).at("name")}}, {"summary", route.about}};
  completed.update(operation);
  const std::string schema = completed.value("error", group.at("error").get<std::string>());
  Json& responses = completed["responses"];
  for (const Json& error : completed.value("errors", Json::array())) {
    const std::string status = std::to_string(error.get<int>());
    responses[status] = error_response_of(base, status, schema);
  }
  responses["default"] = error_response_of(base, "default", schema);
  add_headers(base, responses, route);
  completed.erase("error");
  completed.erase("errors");

  completed["parameters"].push_back(reference("parameters", "RequestId"));
  if (!std::holds_alternative<Control>(route.handler)) {
    completed["parameters"].push_back(reference("parameters", "RequestTimeout"));
  }
  operation = std::move(completed);
}

void add_group(Base& base, std::string_view text, RouteGroup routes) {
  const Json group = Json::parse(text);
  for (const Json& tag : group.at("tags")) base.document["tags"].push_back(tag);
  for (const auto& [kind, components] : group.at("components").items()) {
    base.document["components"][kind].update(components);
  }
  base.document["paths"].update(group.at("paths"));
  for (const RouteEntry& route : routes) {
    Json& operation = base.document["paths"][std::string(route.path)][to_lower(route.method)];
    complete(base, operation, route, group);
  }
}

std::string build() {
  const Json file = Json::parse(MOBILECLIP_EMBEDDED(openapi_base));
  Base base{.document = file.at("document"), .errors = file.at("errors")};
  base.document["info"]["version"] = version();
#define MOBILECLIP_ADD_GROUP(name) add_group(base, MOBILECLIP_EMBEDDED(openapi_##name), name##_routes());
  MOBILECLIP_ROUTE_GROUPS(MOBILECLIP_ADD_GROUP)
#undef MOBILECLIP_ADD_GROUP
  return base.document.dump();
}

}  // namespace

const std::string& openapi_document() {
  static const std::string document = build();
  return document;
}

}  // namespace mobileclip::server
