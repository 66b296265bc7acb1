#include "proto_json/weaviate.h"

#include <nlohmann/json.hpp>

#include "proto_json/json_document.h"
#include "proto_json/json_fields.h"
#include "proto_json/json_writer.h"

namespace mobileclip::proto {

Result<WeaviateRequest> parse_weaviate(std::string_view body) {
  Result<nlohmann::json> document = parse_json(body);
  if (!document) return std::move(document).error();
  WeaviateRequest request;
  FieldError error =
      read_fields(*document, {or_null(strings("texts", request.texts)), or_null(images("images", request.images))});
  if (error) return *std::move(error);
  return request;
}

std::string weaviate_reply(const WeaviateReply& reply) {
  std::size_t floats = 0;
  for (const auto* list : {&reply.texts, &reply.images}) {
    if (!list->empty()) floats += list->size() * list->front().size();
  }
  JsonWriter json(64 + floats * kMaxFloatBytes);
  const auto write = [&json](std::string_view key, const std::vector<std::vector<float>>& vectors) {
    json.key(key).begin_array();
    for (const auto& vector : vectors) json.numbers(vector);
    json.end_array();
  };
  json.begin_object();
  write("textVectors", reply.texts);
  write("imageVectors", reply.images);
  json.end_object();
  return std::move(json).take();
}

std::string weaviate_error(std::string_view message) {
  JsonWriter json;
  json.begin_object().key("error").string(message).end_object();
  return std::move(json).take();
}

std::string weaviate_meta(const EngineInfo& engine, std::string_view version) {
  JsonWriter json;
  json.begin_object();
  json.key("name").string("mobileclip-server");
  json.key("version").string(version);
  json.key("model").string(engine.model);
  json.key("fingerprint").string(engine.fingerprint);
  json.key("dimensions").integer(engine.embed_dim);
  if (engine.image_input) json.key("image_size").integer(engine.image_input->preprocess.image_size);
  json.key("context_length").integer(engine.context_length);
  json.end_object();
  return std::move(json).take();
}

}  // namespace mobileclip::proto
