#include "proto_json/openai.h"

#include <bit>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>

#include "engine/base/base64.h"
#include "proto_json/image_source.h"
#include "proto_json/json_document.h"
#include "proto_json/json_fields.h"
#include "proto_json/json_writer.h"

namespace mobileclip::proto {
namespace {

using Json = nlohmann::json;
using Kind = OpenAiEmbeddingsRequest::Kind;

static_assert(std::endian::native == std::endian::little, "base64 embeddings are written as they lie in memory");

constexpr std::string_view kInputForms =
    "a string, a list of strings or of {\"text\": …} and {\"image\": …}, a list of token ids, or a list of such lists";

Error invalid(std::string message) { return {ErrorCode::kInvalidArgument, std::move(message)}; }

/// One value of "encoding_format" or "modality": the first of `names` is false, the second true.
Field choice(std::string_view key, std::string_view no, std::string_view yes, bool& out) {
  return {key, [no, yes, &out](std::string_view k, Json& value) -> FieldError {
            if (value != no && value != yes) {
              return invalid("\"" + std::string(k) + "\": expected \"" + std::string(no) + "\" or \"" +
                             std::string(yes) + "\"");
            }
            out = value == yes;
            return std::nullopt;
          }};
}

/// Sorts the inputs into the request's lists.
class InputReader {
 public:
  InputReader(OpenAiEmbeddingsRequest& request, bool strings_are_images)
      : request_(request), strings_are_images_(strings_are_images) {}

  FieldError read(Json& input) {
    if (input.is_string()) return add_string(input, "\"input\"");
    if (!input.is_array()) return expected("\"input\"", kInputForms, input);
    if (input.empty()) return invalid("\"input\" is empty: expected " + std::string(kInputForms));
    if (input.front().is_number()) return add_token_ids(input, "input");
    if (input.size() > kMaxOpenAiInputs) {
      return invalid("\"input\": expected at most " + std::to_string(kMaxOpenAiInputs) + " entries, found " +
                     std::to_string(input.size()));
    }
    const bool tokens = input.front().is_array();
    for (std::size_t i = 0; i < input.size(); ++i) {
      FieldError error = tokens ? add_token_ids(input[i], element("input", i)) : add_entry(input[i], i);
      if (error) return error;
    }
    return std::nullopt;
  }

 private:
  FieldError add_string(Json& value, const std::string& where) {
    auto& string = value.get_ref<Json::string_t&>();
    if (string.empty()) return invalid(where + " is an empty string");
    if (strings_are_images_) {
      add_image(std::move(string));
    } else {
      add_text(std::move(string));
    }
    return std::nullopt;
  }

  FieldError add_entry(Json& value, std::size_t index) {
    const std::string where = element("input", index);
    if (value.is_string()) return add_string(value, where);
    if (!value.is_object()) return expected(where, "a string, {\"text\": …} or {\"image\": …}", value);
    if (value.size() != 1) return invalid(where + R"(: expected one key, "text" or "image")");
    std::string text_of_it;
    std::string image_of_it;
    if (FieldError error = read_fields(value, {text("text", text_of_it), text("image", image_of_it)})) {
      return invalid(where + ": " + error->message);
    }
    if (value.contains("image")) {
      add_image(std::move(image_of_it));
    } else {
      add_text(std::move(text_of_it));
    }
    return std::nullopt;
  }

  FieldError add_token_ids(const Json& value, const std::string& where) {
    if (FieldError error = read_token_ids(where, value, request_.token_ids)) return error;
    request_.order.push_back(Kind::kText);
    return std::nullopt;
  }

  void add_text(std::string value) {
    request_.texts.push_back(std::move(value));
    request_.order.push_back(Kind::kText);
  }
  void add_image(std::string value) {
    request_.images.push_back(image_from_text(std::move(value)));
    request_.order.push_back(Kind::kImage);
  }

  OpenAiEmbeddingsRequest& request_;
  const bool strings_are_images_;
};

void write_model(JsonWriter& json, const OpenAiModel& model) {
  json.begin_object();
  json.key("id").string(model.id);
  json.key("object").string("model");
  json.key("created").integer(model.created);
  json.key("owned_by").string("mobileclip-server");
  json.end_object();
}

}  // namespace

Result<OpenAiEmbeddingsRequest> parse_openai_embeddings(std::string_view body) {
  Result<Json> document = parse_json(body);
  if (!document) return std::move(document).error();
  OpenAiEmbeddingsRequest request;
  bool strings_are_images = false;
  Json* input = nullptr;
  FieldError error = read_fields(*document, {
                                                {"input",
                                                 [&input](std::string_view, Json& value) -> FieldError {
                                                   input = &value;
                                                   return std::nullopt;
                                                 }},
                                                or_null(text("model", request.options.model)),
                                                or_null(choice("encoding_format", "float", "base64", request.base64)),
                                                or_null(positive("dimensions", request.options.dimensions)),
                                                ignored("user"),
                                                or_null(choice("modality", "text", "image", strings_are_images)),
                                                or_null(flag("truncate", request.options.truncate)),
                                                or_null(text("prompt_name", request.options.prompt_name)),
                                            });
  if (error) return *std::move(error);
  if (input == nullptr) return invalid("\"input\" is missing: expected " + std::string(kInputForms));
  // Last, because "modality" says what its strings are.
  if (FieldError bad_input = InputReader(request, strings_are_images).read(*input)) return *std::move(bad_input);
  return request;
}

std::string openai_embeddings_reply(const OpenAiEmbeddingsReply& reply) {
  const std::size_t floats = reply.embeddings.empty() ? 0 : reply.embeddings.size() * reply.embeddings.front().size();
  JsonWriter json(256 + 64 * reply.embeddings.size() + floats * (reply.base64 ? 6 : kMaxFloatBytes));
  json.begin_object();
  json.key("object").string("list");
  json.key("data").begin_array();
  for (std::size_t i = 0; i < reply.embeddings.size(); ++i) {
    json.begin_object();
    json.key("object").string("embedding");
    json.key("index").integer(i);
    json.key("embedding");
    if (reply.base64) {
      json.string(encode_base64(std::as_bytes(std::span(reply.embeddings[i]))));
    } else {
      json.numbers(reply.embeddings[i]);
    }
    json.end_object();
  }
  json.end_array();
  json.key("model").string(reply.model);
  json.key("usage").begin_object();
  json.key("prompt_tokens").integer(reply.tokens);
  json.key("total_tokens").integer(reply.tokens);
  json.end_object();
  if (!reply.truncated.empty()) {
    json.key("truncated").begin_array();
    for (const std::size_t index : reply.truncated) json.integer(index);
    json.end_array();
  }
  json.end_object();
  return std::move(json).take();
}

std::string openai_model(const OpenAiModel& model) {
  JsonWriter json;
  write_model(json, model);
  return std::move(json).take();
}

std::string openai_model_list(std::span<const OpenAiModel> models) {
  JsonWriter json;
  json.begin_object();
  json.key("object").string("list");
  json.key("data").begin_array();
  for (const OpenAiModel& model : models) write_model(json, model);
  json.end_array().end_object();
  return std::move(json).take();
}

std::string openai_error(const OpenAiError& error) {
  JsonWriter json;
  const auto string_or_null = [&json](std::string_view key, std::string_view value) {
    json.key(key);
    if (value.empty()) {
      json.null();
    } else {
      json.string(value);
    }
  };
  json.begin_object().key("error").begin_object();
  json.key("message").string(error.message);
  json.key("type").string(error.type);
  string_or_null("param", error.param);
  string_or_null("code", error.code);
  json.end_object().end_object();
  return std::move(json).take();
}

}  // namespace mobileclip::proto
