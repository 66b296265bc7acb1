#include "proto_json/bulk_line.h"

#include <nlohmann/json.hpp>
#include <utility>

#include "proto_json/image_source.h"
#include "proto_json/json_document.h"
#include "proto_json/json_fields.h"
#include "proto_json/json_writer.h"
#include "proto_json/packed_embedding.h"
#include "proto_json/replies.h"

namespace mobileclip::proto {
namespace {

using nlohmann::json;

Error invalid(std::string message) { return {ErrorCode::kInvalidArgument, std::move(message)}; }

FieldError read_id(const json& value, std::string& out) {
  std::string text = value.dump();
  if ((!value.is_string() && !value.is_number_integer()) || text.size() > kMaxBulkIdBytes) {
    return invalid("\"id\": expected a string or an integer of at most " + std::to_string(kMaxBulkIdBytes) + " bytes");
  }
  out = std::move(text);
  return std::nullopt;
}

JsonWriter begin_line(const BulkPlace& place, std::size_t expected_bytes) {
  JsonWriter line(expected_bytes);
  line.begin_object();
  line.key("line").integer(place.line);
  if (!place.id.empty()) line.key("id").raw(place.id);
  return line;
}

std::string end_line(JsonWriter line) {
  line.end_object();
  std::string text = std::move(line).take();
  text += '\n';
  return text;
}

}  // namespace

BulkLine parse_bulk_line(std::string_view line) {
  BulkLine parsed{.id = {}, .input = invalid("expected {\"text\": …} or {\"image\": \"<base64>\"}")};
  Result<json> document = parse_json(line);
  if (!document) {
    parsed.input = std::move(document).error();
    return parsed;
  }
  std::optional<std::string> text;
  std::optional<std::string> image;
  const auto into = [](std::optional<std::string>& out) {
    return [&out](std::string_view key, json& value) { return read_text(key, value, out.emplace()); };
  };
  FieldError error =
      read_fields(*document, {{"id", [&](std::string_view, json& value) { return read_id(value, parsed.id); }},
                              {"text", into(text)},
                              {"image", into(image)}});
  if (!error && text && image) error = invalid("expected \"text\" or \"image\", found both");
  if (error) {
    parsed.input = *std::move(error);
  } else if (text) {
    parsed.input = BulkInput(*std::move(text));
  } else if (image) {
    Result<ImageBytes> bytes = image_from_text(*std::move(image));
    if (bytes) {
      parsed.input = BulkInput(std::move(*bytes));
    } else {
      parsed.input = std::move(bytes).error();
    }
  }
  return parsed;
}

std::string bulk_reply(const BulkPlace& place, const EmbeddedItem& item, const OutputOptions& output) {
  constexpr std::size_t kEnvelopeBytes = 128;
  JsonWriter line = begin_line(place, kEnvelopeBytes + place.id.size() + item.embedding.size() * kMaxFloatBytes);
  line.key("embedding");
  const float scale = write_embedding(line, item.embedding, output);
  if (element_type(output) == ElementType::kInt8) line.key("scale").number(scale);
  if (item.tokens > 0) {
    line.key("tokens").integer(item.tokens);
    line.key("truncated").boolean(item.truncated);
  }
  return end_line(std::move(line));
}

std::string bulk_error(const BulkPlace& place, std::string_view code, std::string_view message) {
  JsonWriter line = begin_line(place, 256);
  line.key("error").begin_object();
  line.key("code").string(code);
  line.key("message").string(message);
  line.end_object();
  return end_line(std::move(line));
}

}  // namespace mobileclip::proto
