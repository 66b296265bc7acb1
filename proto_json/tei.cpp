#include "proto_json/tei.h"

#include <nlohmann/json.hpp>
#include <optional>

#include "proto_json/json_document.h"
#include "proto_json/json_fields.h"

namespace mobileclip::proto {
namespace {

using Json = nlohmann::json;

Error invalid(std::string message) { return {ErrorCode::kInvalidArgument, std::move(message)}; }

Field no_prompt() {
  return or_null({"prompt_name", [](std::string_view, Json&) -> FieldError {
                    return invalid("\"prompt_name\": texts are tokenised as they are; put the prompt into the text");
                  }});
}

Field truncation_direction(CutSide& out) {
  return or_null({"truncation_direction", [&out](std::string_view, Json& value) -> FieldError {
                    const bool left = value == "Left" || value == "left";
                    if (!left && value != "Right" && value != "right") {
                      return invalid(R"("truncation_direction": expected "Left" or "Right")");
                    }
                    out = left ? CutSide::kLeft : CutSide::kRight;
                    return std::nullopt;
                  }});
}

FieldError read_inputs(std::string_view key, Json& value, TeiEmbedRequest& request) {
  if (value.is_array() && !value.empty() && value.front().is_number()) {
    return read_token_ids(key, value, request.token_ids);
  }
  if (!value.is_array() || value.empty() || !value.front().is_array()) return read_strings(key, value, request.texts);
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (FieldError error = read_token_ids(element(key, i), value[i], request.token_ids)) return error;
  }
  return std::nullopt;
}

/// {"key": {…}}, or nothing where null is given.
Field object(std::string_view key, std::initializer_list<Field> fields) {
  return or_null({key, [fields = std::vector<Field>(fields)](std::string_view k, Json& value) -> FieldError {
                    FieldError error = read_fields(value, fields);
                    if (error) error->message = "\"" + std::string(k) + "\": " + error->message;
                    return error;
                  }});
}

}  // namespace

Result<TeiEmbedRequest> parse_tei_embed(std::string_view body) {
  Result<Json> document = parse_json(body);
  if (!document) return std::move(document).error();
  TeiEmbedRequest request;
  FieldError error = read_fields(
      *document,
      {
          {"inputs", [&request](std::string_view key, Json& value) { return read_inputs(key, value, request); }},
          or_null(flag("truncate", request.options.truncate)),
          truncation_direction(request.cut_side),
          or_null(flag("normalize", request.options.normalize)),
          or_null(positive("dimensions", request.options.dimensions)),
          or_null(text("prompt_name", request.options.prompt_name)),
      });
  if (error) return *std::move(error);
  return request;
}

bool is_tei_similarity(std::string_view body) {
  if (body.find("\"inputs\"") == std::string_view::npos) return false;  // most bodies are not parsed twice
  const Result<Json> document = parse_json(body);
  return document && document->is_object() && document->contains("inputs");
}

Result<TeiSimilarityRequest> parse_tei_similarity(std::string_view body) {
  Result<Json> document = parse_json(body);
  if (!document) return std::move(document).error();
  TeiSimilarityRequest request;
  std::optional<std::string> source;
  std::vector<std::string> sentences;
  const Field source_sentence{"source_sentence", [&source](std::string_view key, Json& value) {
                                return read_text(key, value, source.emplace());
                              }};
  FieldError error =
      read_fields(*document, {
                                 object("inputs", {source_sentence, strings("sentences", sentences)}),
                                 object("parameters", {or_null(flag("truncate", request.options.truncate)),
                                                       truncation_direction(request.cut_side),
                                                       or_null(text("prompt_name", request.options.prompt_name))}),
                             });
  if (error) return *std::move(error);
  if (!source) return invalid(R"("inputs": expected {"source_sentence": string, "sentences": [string]})");
  if (sentences.empty()) return request;
  request.texts.push_back(*std::move(source));
  std::move(sentences.begin(), sentences.end(), std::back_inserter(request.texts));
  return request;
}

Result<TeiTokenizeRequest> parse_tei_tokenize(std::string_view body) {
  Result<Json> document = parse_json(body);
  if (!document) return std::move(document).error();
  TeiTokenizeRequest request;
  FieldError error = read_fields(
      *document,
      {strings("inputs", request.texts), or_null(flag("add_special_tokens", request.add_special_tokens)), no_prompt()});
  if (error) return *std::move(error);
  return request;
}

std::string tei_embed_reply(std::span<const std::vector<float>> embeddings) {
  const std::size_t floats = embeddings.empty() ? 0 : embeddings.size() * embeddings.front().size();
  JsonWriter json(16 + floats * kMaxFloatBytes);
  json.begin_array();
  for (const auto& embedding : embeddings) json.numbers(embedding);
  json.end_array();
  return std::move(json).take();
}

std::string tei_similarity_reply(std::span<const float> cosines) {
  JsonWriter json(16 + cosines.size() * kMaxFloatBytes);
  json.numbers(cosines);
  return std::move(json).take();
}

std::string tei_tokenize_reply(std::span<const std::vector<TokenSpan>> texts, bool add_special_tokens) {
  JsonWriter json;
  json.begin_array();
  for (const std::vector<TokenSpan>& tokens : texts) {
    json.begin_array();
    for (const TokenSpan& token : tokens) {
      if (!add_special_tokens && token.frame) continue;
      json.begin_object();
      json.key("id").integer(token.id);
      json.key("text").string(token.text);
      // The library's mask, by which TEI tells: a special token that the text has is the text's own.
      json.key("special").boolean(token.frame);
      json.key("start");
      token.range ? json.integer(token.range->begin) : json.null();
      json.key("stop");
      token.range ? json.integer(token.range->end) : json.null();
      json.end_object();
    }
    json.end_array();
  }
  json.end_array();
  return std::move(json).take();
}

std::string tei_error(std::string_view error, std::string_view error_type) {
  JsonWriter json;
  json.begin_object();
  json.key("error").string(error);
  json.key("error_type").string(error_type);
  json.end_object();
  return std::move(json).take();
}

void write_tei_info(JsonWriter& json, const InfoReply& reply) {
  const EngineInfo& engine = reply.models.front().engine;
  const EngineOptions& options = reply.options;
  json.key("model_id").string(engine.model_id);
  json.key("model_sha").string(engine.fingerprint);
  json.key("model_dtype").string(engine.precision == "bf16" ? "bfloat16" : "float32");
  json.key("model_type").begin_object().key("embedding").begin_object();
  json.key("pooling").string(engine.pooling);
  json.end_object().end_object();
  json.key("max_concurrent_requests").integer(options.max_queue_items);
  json.key("max_input_length").integer(engine.context_length);
  json.key("max_batch_tokens").integer(options.max_batch * static_cast<std::size_t>(engine.context_length));
  json.key("max_batch_requests").integer(options.max_batch);
  json.key("max_client_batch_size").integer(reply.max_items_per_request);
  json.key("auto_truncate").boolean(false);
  json.key("tokenization_workers").integer(engine.threads);
  json.key("sha").string(reply.revision);
  json.key("docker_label").null();
}

}  // namespace mobileclip::proto
