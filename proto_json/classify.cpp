#include "proto_json/classify.h"

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>
#include <optional>

#include "proto_json/json_document.h"
#include "proto_json/json_fields.h"
#include "proto_json/json_writer.h"

namespace mobileclip::proto {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kPhoto[] = {"a photo of a {}."};
// The seven of eighty that do best together: github.com/openai/CLIP, notebooks/Prompt_Engineering_for_ImageNet.ipynb.
constexpr std::string_view kImageNet[] = {
    "itap of a {}.",         "a bad photo of the {}.", "a origami {}.",           "a photo of the large {}.",
    "a {} in a video game.", "art of the {}.",         "a photo of the small {}."};

Error invalid(std::string message) { return {ErrorCode::kInvalidArgument, std::move(message)}; }

void assign(std::vector<std::string>& out, std::span<const std::string_view> texts) {
  out.assign(texts.begin(), texts.end());
}

FieldError read_templates(std::string_view key, Json& value, std::vector<std::string>& out) {
  if (value == "photo" || value == "imagenet") {
    assign(out, value == "photo" ? std::span<const std::string_view>(kPhoto) : kImageNet);
    return std::nullopt;
  }
  if (!value.is_array() || value.empty()) {
    return expected("\"templates\"", R"("photo", "imagenet" or a list of strings with {})", value);
  }
  if (FieldError error = read_strings(key, value, out)) return error;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (out[i].find(kLabelPlaceholder) == std::string::npos) {
      return invalid(element(key, i) + ": expected \"{}\" where the label belongs");
    }
  }
  return std::nullopt;
}

Field templates(std::vector<std::string>& out) {
  return or_null({"templates", [&out](std::string_view key, Json& value) { return read_templates(key, value, out); }});
}

FieldError check_labels(const std::vector<std::string>& labels) {
  if (labels.empty()) return invalid("no labels: expected {\"labels\": [\"…\", …]}");
  const auto empty = std::find(labels.begin(), labels.end(), "");
  if (empty == labels.end()) return std::nullopt;
  return invalid(element("labels", static_cast<std::size_t>(empty - labels.begin())) + " is empty");
}

void write_strings(JsonWriter& json, std::string_view key, std::span<const std::string> texts) {
  json.key(key).begin_array();
  for (const std::string& text : texts) json.string(text);
  json.end_array();
}

void write_indices(JsonWriter& json, std::string_view key, std::span<const std::size_t> indices) {
  json.key(key).begin_array();
  for (const std::size_t index : indices) json.integer(index);
  json.end_array();
}

}  // namespace

Result<LabelSetRequest> parse_label_set(std::string_view body) {
  Result<Json> document = parse_json(body);
  if (!document) return std::move(document).error();
  LabelSetRequest request;
  FieldError error = read_fields(
      *document, {strings("labels", request.labels), templates(request.templates), text("model", request.model)});
  if (!error) error = check_labels(request.labels);
  if (error) return *std::move(error);
  if (request.templates.empty()) assign(request.templates, kPhoto);
  return request;
}

Result<ClassifyRequest> parse_classify(std::string_view body) {
  Result<Json> document = parse_json(body);
  if (!document) return std::move(document).error();
  ClassifyRequest request;
  FieldError error = read_fields(*document, {images("images", request.images), images("image", request.images),
                                             strings("labels", request.classes.labels),
                                             text("label_set", request.label_set), templates(request.classes.templates),
                                             positive("top_k", request.top_k), text("model", request.classes.model)});
  if (error) return *std::move(error);
  return request;
}

Result<ClassifyRequest> check_classify(ClassifyRequest request) {
  if (request.images.empty()) return invalid("no images: expected {\"images\": [\"<base64>\", …]} or files in a form");
  if (request.label_set.empty()) {
    if (FieldError error = check_labels(request.classes.labels)) return *std::move(error);
    if (request.classes.templates.empty()) assign(request.classes.templates, kPhoto);
    return request;
  }
  if (!request.classes.labels.empty()) return invalid(R"(expected "labels" or "label_set", not both)");
  if (!request.classes.templates.empty()) return invalid("\"templates\": a label set has its own");
  return request;
}

std::string fill_template(std::string_view text, std::string_view label) {
  std::string filled;
  for (std::size_t at = 0;;) {
    const std::size_t placeholder = text.find(kLabelPlaceholder, at);
    filled += text.substr(at, placeholder - at);
    if (placeholder == std::string_view::npos) return filled;
    filled += label;
    at = placeholder + kLabelPlaceholder.size();
  }
}

std::string classify_reply(const ClassifyReply& reply) {
  JsonWriter json(256 + 128 * reply.results.size() * (reply.results.empty() ? 0 : reply.results.front().size()));
  json.begin_object();
  json.key("model").string(reply.model);
  json.key("logit_scale").number(reply.logit_scale);
  json.key("results").begin_array();
  for (const auto& predictions : reply.results) {
    json.begin_object().key("predictions").begin_array();
    for (const Prediction& prediction : predictions) {
      json.begin_object();
      json.key("label").string(prediction.label);
      json.key("index").integer(prediction.index);
      json.key("similarity").number(prediction.similarity);
      json.key("probability").number(prediction.probability);
      json.end_object();
    }
    json.end_array().end_object();
  }
  json.end_array();
  write_indices(json, "truncated", reply.truncated);
  json.end_object();
  return std::move(json).take();
}

std::string label_set_reply(const LabelSetSummary& set) {
  JsonWriter json;
  json.begin_object();
  json.key("name").string(set.name);
  json.key("model").string(set.model);
  write_strings(json, "labels", set.labels);
  write_strings(json, "templates", set.templates);
  write_indices(json, "truncated", set.truncated);
  json.key("bytes").integer(set.bytes);
  json.end_object();
  return std::move(json).take();
}

std::string label_sets_reply(std::span<const LabelSetSummary> sets, std::size_t max_bytes) {
  JsonWriter json;
  std::size_t bytes = 0;
  json.begin_object();
  json.key("label_sets").begin_array();
  for (const LabelSetSummary& set : sets) {
    json.begin_object();
    json.key("name").string(set.name);
    json.key("model").string(set.model);
    json.key("labels").integer(set.labels.size());
    json.key("templates").integer(set.templates.size());
    json.key("bytes").integer(set.bytes);
    json.end_object();
    bytes += set.bytes;
  }
  json.end_array();
  json.key("bytes").integer(bytes);
  json.key("max_bytes").integer(max_bytes);
  json.end_object();
  return std::move(json).take();
}

}  // namespace mobileclip::proto
