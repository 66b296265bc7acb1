// An inference request: JSON, and behind the first NUL byte, which JSON has none of, its tensors.
#include "proto_json/open_inference.h"

#include <nlohmann/json.hpp>

#include "proto_json/json_document.h"
#include "tests/fuzz/check.h"

namespace mobileclip::proto {
namespace {

void check_request(InferModel model, const InferRequest& request, const std::shared_ptr<const std::string>& body) {
  CHECK(model == InferModel::kImage || request.images.empty());
  CHECK(model == InferModel::kText || request.texts.empty());
  CHECK(model == InferModel::kTextTokens || request.token_ids.empty());
  CHECK(request.images.size() + request.texts.size() + request.token_ids.size() > 0);
  for (const auto& image : request.images) {
    if (!image) continue;
    const std::string_view bytes{reinterpret_cast<const char*>(image->bytes.data()), image->bytes.size()};
    CHECK(!bytes.empty() && image->owner);
    // Binary tensors are not copied; base64 is decoded into memory of its own.
    CHECK(image->owner != body || fuzz::lies_in(bytes, *body));
  }
  for (const TokenIds& ids : request.token_ids) {
    CHECK(ids.size() == request.token_ids.front().size());
    for (const std::int32_t id : ids) CHECK(id >= 0);
  }
  const InferReplyBody reply = infer_reply(
      {.model_name = "m", .id = request.id, .embeddings = {{1, -0.5F}, {0, 2}}, .binary = request.binary_output});
  CHECK(reply.json_length.has_value() == request.binary_output);
  const std::size_t json_length = reply.json_length.value_or(reply.body.size());
  const auto document = parse_json(std::string_view(reply.body).substr(0, json_length));
  CHECK(document);
  CHECK(request.id.empty() || (*document)["id"] == request.id);
  CHECK(reply.body.size() == json_length + (request.binary_output ? 4 * sizeof(float) : 0));
}

void run(std::string_view input) {
  const std::size_t nul = input.find('\0');
  const auto body = std::make_shared<std::string>(input);
  std::optional<std::size_t> json_length;
  if (nul != std::string_view::npos) {
    body->erase(nul, 1);
    json_length = nul;
  }
  for (const InferModel model : kInferModels) {
    const auto request = parse_infer(model, body, json_length);
    if (request) {
      check_request(model, *request, body);
    } else {
      CHECK(request.error().code == ErrorCode::kInvalidArgument);
      CHECK(parse_json(infer_error(request.error().message)));
    }
  }
  CHECK(!parse_infer(InferModel::kText, body, body->size() + 1));
}

}  // namespace
}  // namespace mobileclip::proto

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  mobileclip::proto::run(mobileclip::fuzz::text_of(data, size));
  return 0;
}
