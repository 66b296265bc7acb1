// A chunked body: however the network cuts it, it is the same body, or refused for the same reason.
#include <algorithm>
#include <string>

#include "server/http/chunked_decoder.h"
#include "tests/fuzz/check.h"

namespace mobileclip::server {
namespace {

using Status = ChunkedDecoder::Status;

constexpr std::size_t kMaxBody = 4096;

struct Outcome {
  Status status = Status::kMore;
  std::string body;
  std::string_view reason;
  std::size_t read = 0;
};

Outcome decode(std::string_view text, std::size_t step) {
  Outcome outcome;
  ChunkedDecoder decoder(kMaxBody);
  while (outcome.status == Status::kMore && outcome.read < text.size()) {
    std::string_view piece = text.substr(outcome.read, step);
    const std::size_t offered = piece.size();
    outcome.status = decoder.decode(piece, outcome.body);
    if (outcome.status == Status::kMore) CHECK(piece.empty());
    outcome.read += offered - piece.size();
  }
  outcome.reason = decoder.reason();
  return outcome;
}

void run(std::string_view text) {
  const Outcome whole = decode(text, std::max<std::size_t>(text.size(), 1));
  CHECK(whole.body.size() <= kMaxBody);
  CHECK(whole.read <= text.size() && whole.body.size() <= whole.read);
  CHECK((whole.status == Status::kMalformed) == !whole.reason.empty());
  for (const std::size_t step : {1, 2, 3, 7, 64}) {
    const Outcome cut = decode(text, step);
    CHECK(cut.status == whole.status && cut.body == whole.body && cut.reason == whole.reason);
    if (whole.status == Status::kDone) CHECK(cut.read == whole.read);
  }
}

}  // namespace
}  // namespace mobileclip::server

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  mobileclip::server::run(mobileclip::fuzz::text_of(data, size));
  return 0;
}
