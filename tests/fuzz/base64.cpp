// Base64: bytes survive being encoded, and what is accepted is the one text that stands for its bytes.
#include "engine/base/base64.h"

#include "proto_json/image_source.h"
#include "tests/fuzz/check.h"

namespace mobileclip::proto {
namespace {

void run(std::string_view input) {
  std::string bytes = encode_base64(std::as_bytes(std::span(input)));
  CHECK(bytes.size() == (input.size() + 2) / 3 * 4);
  CHECK(!decode_base64(bytes) && bytes == input);

  std::string decoded(input);
  const auto error = decode_base64(decoded);
  if (error) {
    CHECK(error->code == ErrorCode::kInvalidArgument && !error->message.empty());
  } else {
    CHECK(encode_base64(std::as_bytes(std::span(decoded))) == input);
  }
  const std::size_t offset = input.size() / 3;
  std::string behind(input);
  if (!decode_base64(behind, offset)) CHECK(encode_base64(std::as_bytes(std::span(behind))) == input.substr(offset));

  const auto image = image_from_text(std::string(input));
  if (image && !error) CHECK(image->bytes.size() == decoded.size());
  if (!image) CHECK(image.error().code == ErrorCode::kInvalidArgument && !image.error().message.empty());
}

}  // namespace
}  // namespace mobileclip::proto

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  mobileclip::proto::run(mobileclip::fuzz::text_of(data, size));
  return 0;
}
