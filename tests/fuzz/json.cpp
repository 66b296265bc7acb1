// Every JSON request type and the document under them: one input goes to all parsers, for all begin alike.
#include "proto_json/json_document.h"

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "engine/tokenizer/utf8.h"
#include "proto_json/bulk_line.h"
#include "proto_json/classify.h"
#include "proto_json/immich.h"
#include "proto_json/json_writer.h"
#include "proto_json/openai.h"
#include "proto_json/replies.h"
#include "proto_json/requests.h"
#include "proto_json/tei.h"
#include "proto_json/weaviate.h"
#include "tests/fuzz/check.h"

namespace mobileclip::proto {
namespace {

using nlohmann::json;

bool fits_float(double value) { return std::abs(value) <= double{std::numeric_limits<float>::max()}; }

/// Members without a value (given twice) are left out, numbers beyond float32 are null.
void write(JsonWriter& writer, const json& value) {
  if (value.is_object()) {
    writer.begin_object();
    for (const auto& [key, member] : value.items()) {
      if (!member.is_discarded()) write(writer.key(key), member);
    }
    writer.end_object();
  } else if (value.is_array()) {
    writer.begin_array();
    for (const json& element : value) write(writer, element);
    writer.end_array();
  } else if (value.is_string()) {
    writer.string(value.get_ref<const std::string&>());
  } else if (value.is_boolean()) {
    writer.boolean(value.get<bool>());
  } else if (value.is_number_unsigned()) {
    writer.integer(value.get<std::uint64_t>());
  } else if (value.is_number_integer()) {
    writer.integer(value.get<std::int64_t>());
  } else if (value.is_number_float() && fits_float(value.get<double>())) {
    writer.number(static_cast<float>(value.get<double>()));
  } else {
    writer.null();
  }
}

void check_same(const json& given, const json& reread) {
  if (given.is_object()) {
    CHECK(reread.is_object());
    std::size_t members = 0;
    for (const auto& [key, member] : given.items()) {
      if (member.is_discarded()) continue;
      CHECK(reread.contains(key));
      check_same(member, reread[key]);
      ++members;
    }
    CHECK(reread.size() == members);
  } else if (given.is_array()) {
    CHECK(reread.is_array() && reread.size() == given.size());
    for (std::size_t i = 0; i < given.size(); ++i) check_same(given[i], reread[i]);
  } else if (given.is_number_float()) {
    const double value = given.get<double>();
    if (!fits_float(value)) {
      CHECK(reread.is_null());
    } else {
      CHECK(reread.is_number() && static_cast<float>(reread.get<double>()) == static_cast<float>(value));
    }
  } else {
    CHECK(reread == given);
  }
}

void check_document(std::string_view text) {
  const auto document = parse_json(text);
  if (!document) {
    CHECK(document.error().code == ErrorCode::kInvalidArgument && !document.error().message.empty());
    return;
  }
  JsonWriter writer;
  write(writer, *document);
  const auto again = parse_json(std::move(writer).take());
  CHECK(again);
  check_same(*document, *again);
}

/// Whatever bytes a client sent, a string of them is JSON.
void check_string(std::string_view bytes) {
  JsonWriter writer;
  writer.string(bytes);
  const auto reread = parse_json(std::move(writer).take());
  CHECK(reread && reread->is_string());
  if (decode_utf8(bytes).valid_bytes == bytes.size()) CHECK(reread->get_ref<const std::string&>() == bytes);
}

void check_error(const Error& error) {
  CHECK(error.code == ErrorCode::kInvalidArgument && !error.message.empty());
  CHECK(parse_json(error_reply({.code = "invalid_argument", .message = error.message, .input = {}})));
}

template <typename T>
const Result<T>& checked(const Result<T>& result) {
  if (!result) check_error(result.error());
  return result;
}

void check_images(const std::vector<Result<ImageBytes>>& images) {
  for (const auto& image : images) CHECK(!checked(image) || (!image->bytes.empty() && image->owner));
}

void check_token_ids(const std::vector<TokenIds>& lists) {
  for (const TokenIds& ids : lists) {
    CHECK(!ids.empty());
    for (const std::int32_t id : ids) CHECK(id >= 0);
  }
}

void check_native(std::string_view text) {
  if (const auto request = parse_embed_text(text); checked(request)) CHECK(request->options.dimensions >= 0);
  if (const auto request = parse_embed_image(text); checked(request)) check_images(request->images);
  if (const auto request = parse_similarity(text); checked(request)) {
    check_images(request->images);
    for (const auto* vectors : {&request->image_embeddings, &request->text_embeddings}) {
      for (const auto& vector : *vectors) {
        for (const float value : vector) CHECK(std::isfinite(value));
      }
    }
  }
}

void check_classify_requests(std::string_view text) {
  if (const auto set = parse_label_set(text); checked(set)) {
    CHECK(!set->labels.empty() && !set->templates.empty());
    for (const std::string& sentence : set->templates) {
      CHECK(sentence.find(kLabelPlaceholder) != std::string::npos);
      CHECK(fill_template(sentence, "a label").find("a label") != std::string::npos);
    }
  }
  auto request = parse_classify(text);
  if (!checked(request)) return;
  check_images(request->images);
  CHECK(request->top_k >= 1);
  if (const auto whole = check_classify(*std::move(request)); checked(whole)) {
    CHECK(!whole->images.empty() && whole->classes.labels.empty() != whole->label_set.empty());
  }
}

void check_openai(std::string_view text) {
  const auto request = parse_openai_embeddings(text);
  if (!checked(request)) return;
  CHECK(request->order.size() <= kMaxOpenAiInputs);
  CHECK(request->order.size() == request->texts.size() + request->token_ids.size() + request->images.size());
  CHECK(request->texts.empty() || request->token_ids.empty());
  check_images(request->images);
  check_token_ids(request->token_ids);
}

void check_tei(std::string_view text) {
  if (const auto request = parse_tei_embed(text); checked(request)) {
    CHECK(request->texts.empty() || request->token_ids.empty());
    check_token_ids(request->token_ids);
  }
  (void)checked(parse_tei_tokenize(text));
  if (const auto request = parse_tei_similarity(text); checked(request)) {
    CHECK(is_tei_similarity(text));
    CHECK(request->texts.size() != 1);
  }
}

void check_others(std::string_view text) {
  if (const auto request = parse_weaviate(text); checked(request)) check_images(request->images);
  (void)checked(parse_immich_entries(text));
}

void check_bulk(std::string_view text) {
  const BulkLine line = parse_bulk_line(text);
  CHECK(line.id.size() <= kMaxBulkIdBytes);
  if (!line.id.empty()) CHECK(parse_json(line.id));
  const std::string reply = bulk_error({.line = 1, .id = line.id}, "invalid_argument",
                                       checked(line.input) ? "none" : line.input.error().message);
  CHECK(reply.find('\n') == reply.size() - 1);
  CHECK(parse_json(reply));
}

}  // namespace
}  // namespace mobileclip::proto

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mobileclip::proto;
  const std::string_view text = mobileclip::fuzz::text_of(data, size);
  check_document(text);
  check_string(text);
  check_native(text);
  check_classify_requests(text);
  check_openai(text);
  check_tei(text);
  check_others(text);
  check_bulk(text);
  return 0;
}
