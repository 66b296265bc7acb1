#include "proto_json/immich.h"

#include <nlohmann/json.hpp>

#include "proto_json/json_document.h"
#include "proto_json/json_fields.h"
#include "proto_json/json_writer.h"

namespace mobileclip::proto {
namespace {

using Json = nlohmann::json;

/// {"modelName": str, "options"?: {…}}
FieldError read_model(Json& value, std::string& name) {
  return read_fields(value, {text("modelName", name), ignored("options")});
}

Field task(std::string_view key, ImmichTask which, std::optional<ImmichEntry>& out) {
  return {key, [which, &out](std::string_view, Json& value) -> FieldError {
            if (out) return Error{ErrorCode::kInvalidArgument, R"("clip": expected "visual" or "textual", not both)"};
            out = ImmichEntry{.task = which, .model = {}};
            return read_model(value, out->model);
          }};
}

}  // namespace

Result<ImmichEntry> parse_immich_entries(std::string_view entries) {
  Result<Json> document = parse_json(entries);
  if (!document) return std::move(document).error();
  std::optional<ImmichEntry> found;
  const Field clip{"clip", [&found](std::string_view, Json& value) {
                     return read_fields(value, {task("visual", ImmichTask::kVisual, found),
                                                task("textual", ImmichTask::kTextual, found)});
                   }};
  if (FieldError error = read_fields(*document, {clip})) return *std::move(error);
  if (!found) {
    return Error{ErrorCode::kInvalidArgument, "\"entries\": expected {\"clip\": {\"visual\" or \"textual\": {…}}}"};
  }
  return *std::move(found);
}

std::string immich_reply(std::span<const float> embedding, std::optional<ImmichImageSize> size) {
  JsonWriter vector(16 + embedding.size() * kMaxFloatBytes);
  vector.numbers(embedding);
  const std::string text = std::move(vector).take();
  JsonWriter json(64 + text.size());
  json.begin_object();
  json.key("clip").string(text);
  if (size) {
    json.key("imageHeight").integer(size->height);
    json.key("imageWidth").integer(size->width);
  }
  json.end_object();
  return std::move(json).take();
}

std::string immich_error(std::string_view detail) {
  JsonWriter json;
  json.begin_object().key("detail").string(detail).end_object();
  return std::move(json).take();
}

}  // namespace mobileclip::proto
