#include "proto_json/open_inference.h"

#include <algorithm>
#include <array>
#include <bit>

#include "proto_json/json_writer.h"
#include "proto_json/open_inference_models.h"

namespace mobileclip::proto {
namespace {

static_assert(std::endian::native == std::endian::little, "tensors are written as they lie in memory");

constexpr std::array kSpecs = {
    InferModelSpec{InferModel::kImage, "image", "image", "BYTES", 1},
    InferModelSpec{InferModel::kText, "text", "text", "BYTES", 1},
    InferModelSpec{InferModel::kTextTokens, "text-tokens", "token_ids", "INT64", 2},
};

void write_tensor(JsonWriter& json, std::string_view name, std::string_view datatype, std::size_t rank, int last) {
  json.begin_object();
  json.key("name").string(name);
  json.key("datatype").string(datatype);
  json.key("shape").begin_array();
  for (std::size_t i = 0; i + 1 < rank; ++i) json.integer(-1);
  json.integer(last);
  json.end_array().end_object();
}

}  // namespace

const InferModelSpec& infer_spec(InferModel model) {
  return *std::find_if(kSpecs.begin(), kSpecs.end(),
                       [model](const InferModelSpec& spec) { return spec.model == model; });
}

std::string_view to_string(InferModel model) { return infer_spec(model).name; }

std::optional<InferModel> infer_model(std::string_view name) {
  for (const InferModelSpec& spec : kSpecs) {
    if (spec.name == name) return spec.model;
  }
  return std::nullopt;
}

InferReplyBody infer_reply(const InferReply& reply) {
  const std::size_t columns = reply.embeddings.front().size();
  const std::size_t floats = reply.embeddings.size() * columns;
  const std::size_t binary_bytes = floats * sizeof(float);
  JsonWriter json(256 + (reply.binary ? binary_bytes : floats * kMaxFloatBytes));
  json.begin_object();
  json.key("model_name").string(reply.model_name);
  json.key("model_version").string(kInferModelVersion);
  if (!reply.id.empty()) json.key("id").string(reply.id);
  json.key("outputs").begin_array().begin_object();
  json.key("name").string(kInferOutput);
  json.key("datatype").string("FP32");
  json.key("shape").begin_array().integer(reply.embeddings.size()).integer(columns).end_array();
  if (reply.binary) {
    json.key("parameters").begin_object().key("binary_data_size").integer(binary_bytes).end_object();
  } else {
    std::vector<float> flat;
    flat.reserve(floats);
    for (const auto& embedding : reply.embeddings) flat.insert(flat.end(), embedding.begin(), embedding.end());
    json.key("data").numbers(flat);
  }
  json.end_object().end_array().end_object();

  InferReplyBody result{.body = std::move(json).take(), .json_length = {}};
  if (!reply.binary) return result;
  result.json_length = result.body.size();
  for (const auto& embedding : reply.embeddings) {
    result.body.append(reinterpret_cast<const char*>(embedding.data()), embedding.size() * sizeof(float));
  }
  return result;
}

std::string infer_server_metadata(std::string_view version) {
  JsonWriter json;
  json.begin_object();
  json.key("name").string("mobileclip-server");
  json.key("version").string(version);
  json.key("extensions").begin_array().string("binary_tensor_data").end_array();
  json.end_object();
  return std::move(json).take();
}

std::string infer_model_metadata(std::string_view name, InferModel model, const EngineInfo& engine) {
  const InferModelSpec& spec = infer_spec(model);
  JsonWriter json;
  json.begin_object();
  json.key("name").string(name);
  json.key("versions").begin_array().string(kInferModelVersion).end_array();
  json.key("platform").string("mobileclip-server");
  json.key("inputs").begin_array();
  write_tensor(json, spec.input, spec.datatype, spec.rank, -1);
  json.end_array();
  json.key("outputs").begin_array();
  write_tensor(json, kInferOutput, "FP32", 2, engine.embed_dim);
  json.end_array();
  json.key("parameters").begin_object();
  json.key("model").string(engine.model);
  json.key("fingerprint").string(engine.fingerprint);
  json.end_object().end_object();
  return std::move(json).take();
}

std::string infer_flag(std::string_view name, bool value) {
  JsonWriter json;
  json.begin_object().key(name).boolean(value).end_object();
  return std::move(json).take();
}

std::string infer_error(std::string_view message) {
  JsonWriter json;
  json.begin_object().key("error").string(message).end_object();
  return std::move(json).take();
}

}  // namespace mobileclip::proto
