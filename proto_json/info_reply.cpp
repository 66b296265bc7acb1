#include "proto_json/info_reply.h"

#include "proto_json/json_writer.h"
#include "proto_json/tei.h"

namespace mobileclip::proto {
namespace {

void write_preprocessing(JsonWriter& json, const ImageInput& input, const EngineOptions& options) {
  json.key("preprocessing").begin_object();
  json.key("image_size").integer(input.preprocess.image_size);
  json.key("interpolation").string(input.preprocess.interpolation == Interpolation::kBicubic ? "bicubic" : "bilinear");
  json.key("exif_orientation").string(options.exif == ExifOrientation::kApply ? "apply" : "ignore");
  json.key("decode").string(options.decode == JpegDecoding::kFast ? "fast" : "exact");
  json.key("mean").numbers(input.mean);
  json.key("std").numbers(input.std);
  json.end_object();
}

void write_limits(JsonWriter& json, const InfoReply& reply) {
  const EngineOptions& options = reply.options;
  json.key("limits").begin_object();
  json.key("max_body_bytes").integer(reply.max_body_bytes);
  json.key("max_items_per_request").integer(reply.max_items_per_request);
  json.key("max_image_bytes").integer(options.image_limits.max_encoded_bytes);
  json.key("max_image_pixels").integer(options.image_limits.max_pixels);
  json.key("max_image_side").integer(options.image_limits.max_side);
  json.key("max_batch").integer(options.max_batch);
  json.key("max_queue_items").integer(options.max_queue_items);
  json.key("max_queue_bytes").integer(options.max_queue_bytes);
  json.key("request_timeout_ms").integer(reply.request_timeout_ms);
  json.end_object();
}

void write_models(JsonWriter& json, std::span<const InfoModel> models) {
  json.key("models").begin_array();
  for (const auto& [id, engine] : models) {
    json.begin_object();
    json.key("id").string(id);
    json.key("model").string(engine.model);
    json.key("fingerprint").string(engine.fingerprint);
    json.key("layout").string(engine.layout);
    json.key("dimensions").integer(engine.embed_dim);
    json.key("context_length").integer(engine.context_length);
    json.key("logit_scale").number(engine.logit_scale);
    json.key("images").boolean(engine.image_input.has_value());
    json.key("prompts").begin_array();
    for (const std::string& name : engine.prompts) json.string(name);
    json.end_array();
    json.end_object();
  }
  json.end_array();
}

}  // namespace

std::string info_reply(const InfoReply& reply) {
  const EngineInfo& engine = reply.models.front().engine;
  JsonWriter json(1024);
  json.begin_object();
  json.key("name").string("mobileclip-server");
  json.key("version").string(reply.version);
  json.key("revision").string(reply.revision);
  json.key("model").string(engine.model);
  json.key("synthetic").boolean(engine.synthetic);
  if (engine.synthetic) {
    json.key("notice").string("synthetic weights: the embeddings mean nothing");
  }
  json.key("fingerprint").string(engine.fingerprint);
  json.key("layout").string(engine.layout);
  json.key("dimensions").integer(engine.embed_dim);
  json.key("context_length").integer(engine.context_length);
  json.key("logit_scale").number(engine.logit_scale);
  json.key("precision").string(engine.precision);
  json.key("arithmetic").string(engine.arithmetic);
  json.key("isa").string(engine.isa);
  json.key("threads").integer(engine.threads);
  if (engine.image_input) write_preprocessing(json, *engine.image_input, reply.options);
  write_models(json, reply.models);
  write_limits(json, reply);
  write_tei_info(json, reply);
  json.end_object();
  return std::move(json).take();
}

}  // namespace mobileclip::proto
