#include "proto_json/replies.h"

#include "proto_json/json_writer.h"

namespace mobileclip::proto {
namespace {

constexpr std::size_t kEnvelopeBytes = 256;  // a reply without its floats

std::size_t float_bytes(std::size_t floats) { return floats * kMaxFloatBytes; }

void write_embeddings(JsonWriter& json, const EmbedReply& reply) {
  json.key("model").string(reply.model);
  json.key("dimensions").integer(reply.dimensions);
  json.key("embeddings").begin_array();
  for (const std::vector<float>& embedding : reply.embeddings) json.numbers(embedding);
  json.end_array();
}

void write_indices(JsonWriter& json, std::string_view key, std::span<const std::size_t> indices) {
  json.key(key).begin_array();
  for (const std::size_t index : indices) json.integer(index);
  json.end_array();
}

void write_matrix(JsonWriter& json, std::string_view key, const Matrix& matrix) {
  json.key(key).begin_array();
  for (std::size_t row = 0; row < matrix.rows; ++row) json.numbers(matrix.row(row));
  json.end_array();
}

}  // namespace

std::size_t estimated_bytes(const EmbedReply& reply) {
  return kEnvelopeBytes + float_bytes(reply.embeddings.size() * static_cast<std::size_t>(reply.dimensions));
}

std::string image_reply(const EmbedReply& reply) {
  JsonWriter json(estimated_bytes(reply));
  json.begin_object();
  write_embeddings(json, reply);
  json.end_object();
  return std::move(json).take();
}

std::string text_reply(const EmbedReply& reply) {
  JsonWriter json(estimated_bytes(reply));
  json.begin_object();
  write_embeddings(json, reply);
  json.key("tokens").integer(reply.tokens);
  write_indices(json, "truncated", reply.truncated);
  json.end_object();
  return std::move(json).take();
}

std::string similarity_reply(const SimilarityReply& reply) {
  JsonWriter json(kEnvelopeBytes + float_bytes(2 * reply.similarity.values.size()));
  json.begin_object();
  json.key("model").string(reply.model);
  json.key("dimensions").integer(reply.dimensions);
  json.key("rows").string(reply.rows);
  json.key("columns").string(reply.columns);
  write_matrix(json, "similarity", reply.similarity);
  if (reply.probabilities) write_matrix(json, "probabilities", *reply.probabilities);
  json.key("logit_scale").number(reply.logit_scale);
  write_indices(json, "truncated", reply.truncated);
  json.end_object();
  return std::move(json).take();
}

std::string error_reply(const ErrorReply& reply) {
  JsonWriter json;
  json.begin_object().key("error").begin_object();
  json.key("code").string(reply.code);
  json.key("message").string(reply.message);
  if (!reply.items.empty()) {
    json.key("index").integer(reply.items.front().index);
    if (!reply.input.empty()) json.key("input").string(reply.input);
    json.key("errors").begin_array();
    for (const ItemFailure& item : reply.items) {
      json.begin_object();
      json.key("index").integer(item.index);
      json.key("code").string(item.code);
      json.key("message").string(item.message);
      json.end_object();
    }
    json.end_array();
  }
  json.end_object().end_object();
  return std::move(json).take();
}

}  // namespace mobileclip::proto
