#include "proto_json/replies.h"

#include "engine/base/base64.h"
#include "engine/weights/float_conversion.h"
#include "engine/weights/npy_header.h"
#include "proto_json/packed_embedding.h"

namespace mobileclip::proto {
namespace {

constexpr std::size_t kEnvelopeBytes = 256;  // a reply without its floats

std::size_t float_bytes(std::size_t floats) { return floats * kMaxFloatBytes; }

void write_embeddings(JsonWriter& json, const EmbedReply& reply) {
  const ElementType type = element_type(reply.output);
  json.key("model").string(reply.model);
  json.key("dimensions").integer(reply.dimensions);
  if (reply.output != OutputOptions{}) json.key("dtype").string(to_string(type));
  if (reply.output.base64) json.key("encoding_format").string("base64");
  json.key("embeddings").begin_array();
  std::vector<float> scales;
  for (const std::vector<float>& embedding : reply.embeddings) {
    scales.push_back(write_embedding(json, embedding, reply.output));
  }
  json.end_array();
  if (type == ElementType::kInt8) json.key("scales").numbers(scales);
}

/// What append_packed() wrote, value by value.
void write_packed(JsonWriter& json, std::string_view packed, ElementType type) {
  json.begin_array();
  if (type == ElementType::kF16) {
    std::vector<float> rounded(packed.size() / 2);
    f16_to_f32(reinterpret_cast<const std::byte*>(packed.data()), rounded);
    for (const float x : rounded) json.number(x);
  } else {
    for (const char byte : packed) {
      json.integer(type == ElementType::kInt8 ? int{static_cast<std::int8_t>(byte)}
                                              : int{static_cast<std::uint8_t>(byte)});
    }
  }
  json.end_array();
}

DType npy_dtype(ElementType type) {
  switch (type) {
    case ElementType::kF32:
      return DType::kF32;
    case ElementType::kF16:
      return DType::kF16;
    case ElementType::kInt8:
      return DType::kI8;
    case ElementType::kBinary:
      return DType::kU8;
  }
  return DType::kF32;
}

void append_rows(std::string& out, const EmbedReply& reply) {
  const ElementType type = element_type(reply.output);
  out.reserve(out.size() + reply.embeddings.size() * packed_size(static_cast<std::size_t>(reply.dimensions), type));
  for (const std::vector<float>& embedding : reply.embeddings) append_packed(out, embedding, type);
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

float write_embedding(JsonWriter& json, std::span<const float> embedding, const OutputOptions& output) {
  const ElementType type = element_type(output);
  if (type == ElementType::kF32 && !output.base64) {
    json.numbers(embedding);
    return 1;
  }
  std::string packed;
  const float scale = append_packed(packed, embedding, type);
  if (output.base64) {
    json.string(encode_base64(std::as_bytes(std::span(packed))));
  } else {
    write_packed(json, packed, type);
  }
  return scale;
}

std::string octet_reply(const EmbedReply& reply) {
  std::string rows;
  append_rows(rows, reply);
  return rows;
}

std::string npy_reply(const EmbedReply& reply) {
  const ElementType type = element_type(reply.output);
  const auto dimensions = static_cast<std::size_t>(reply.dimensions);
  const std::size_t columns = type == ElementType::kBinary ? packed_size(dimensions, type) : dimensions;
  std::string array = write_npy_header(
      npy_dtype(type), {static_cast<std::int64_t>(reply.embeddings.size()), static_cast<std::int64_t>(columns)});
  append_rows(array, reply);
  return array;
}

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
