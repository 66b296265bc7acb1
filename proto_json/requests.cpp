#include "proto_json/requests.h"

#include <nlohmann/json.hpp>

#include "proto_json/json_document.h"
#include "proto_json/json_fields.h"

namespace mobileclip::proto {
namespace {

using nlohmann::json;

Field output(std::string_view key, OutputOptions& out) {
  return {key, [&out](std::string_view k, json& value) -> FieldError {
            std::string word;
            if (FieldError error = read_text(k, value, word)) return error;
            return set_output_option(out, k, word);
          }};
}

FieldError not_both(const json& document, const char* one, const char* other) {
  if (!document.contains(one) || !document.contains(other)) return std::nullopt;
  return Error{ErrorCode::kInvalidArgument,
               std::string("give either \"") + one + "\" or \"" + other + "\", not both: they mean the same"};
}

}  // namespace

Result<EmbedTextRequest> parse_embed_text(std::string_view body, const EmbedOptions& defaults) {
  Result<json> document = parse_json(body);
  if (!document) return std::move(document).error();
  EmbedTextRequest request{.texts = {}, .options = defaults};
  FieldError error = read_fields(*document, {
                                                strings("texts", request.texts),
                                                strings("text", request.texts),
                                                text("model", request.options.model),
                                                flag("normalize", request.options.normalize),
                                                positive("dimensions", request.options.dimensions),
                                                flag("truncate", request.options.truncate),
                                                or_null(text("prompt_name", request.options.prompt_name)),
                                                output("encoding_format", request.options.output),
                                                output("dtype", request.options.output),
                                                output("quantize", request.options.output),
                                            });
  if (!error) error = not_both(*document, "text", "texts");
  if (error) return *std::move(error);
  return request;
}

Result<EmbedImageRequest> parse_embed_image(std::string_view body, const EmbedOptions& defaults) {
  Result<json> document = parse_json(body);
  if (!document) return std::move(document).error();
  EmbedImageRequest request{.images = {}, .options = defaults};
  FieldError error = read_fields(*document, {
                                                images("images", request.images),
                                                images("image", request.images),
                                                text("model", request.options.model),
                                                flag("normalize", request.options.normalize),
                                                positive("dimensions", request.options.dimensions),
                                                output("encoding_format", request.options.output),
                                                output("dtype", request.options.output),
                                                output("quantize", request.options.output),
                                            });
  if (!error) error = not_both(*document, "image", "images");
  if (error) return *std::move(error);
  return request;
}

Result<SimilarityRequest> parse_similarity(std::string_view body, const EmbedOptions& defaults) {
  Result<json> document = parse_json(body);
  if (!document) return std::move(document).error();
  SimilarityRequest request{
      .images = {}, .texts = {}, .image_embeddings = {}, .text_embeddings = {}, .options = defaults};
  FieldError error = read_fields(*document, {
                                                images("images", request.images),
                                                strings("texts", request.texts),
                                                vectors("image_embeddings", request.image_embeddings),
                                                vectors("text_embeddings", request.text_embeddings),
                                                text("model", request.options.model),
                                                flag("normalize", request.options.normalize),
                                                positive("dimensions", request.options.dimensions),
                                                flag("truncate", request.options.truncate),
                                                or_null(text("prompt_name", request.options.prompt_name)),
                                            });
  if (error) return *std::move(error);
  return request;
}

}  // namespace mobileclip::proto
