#include "server/http/chunked_decoder.h"

#include <algorithm>
#include <charconv>

#include "server/http/ascii.h"

namespace mobileclip::server {
namespace {

constexpr std::size_t kMaxSizeDigits = 16;  // 64 bits

bool is_printable(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c == '\t' || (c >= 0x20 && c < 0x7F); });
}

/// RFC 9110 section 5.6.2.
bool is_token(std::string_view text) { return !text.empty() && consists_of_alphanumerics_and("!#$%&'*+-.^_`|~", text); }

}  // namespace

ChunkedDecoder::Status ChunkedDecoder::malformed(std::string_view reason) {
  reason_ = reason;
  return Status::kMalformed;
}

ChunkedDecoder::Status ChunkedDecoder::take_line(std::string_view& input, std::size_t max_bytes) {
  const std::size_t end = input.find('\n');
  const std::size_t count = end == std::string_view::npos ? input.size() : end + 1;
  if (line_.size() + count > max_bytes) return malformed("a chunk's size line or trailer is too long");
  line_.append(input.substr(0, count));
  input.remove_prefix(count);
  if (end == std::string_view::npos) return Status::kMore;
  if (!line_.ends_with("\r\n")) return malformed("a line of the chunked body does not end in CRLF");
  line_.resize(line_.size() - 2);
  return Status::kDone;
}

ChunkedDecoder::Status ChunkedDecoder::begin_chunk() {
  const std::size_t digits = std::min(line_.find_first_not_of("0123456789abcdefABCDEF"), line_.size());
  if (digits == 0 || digits > kMaxSizeDigits) return malformed("a chunk's size is not a hexadecimal number");
  std::from_chars(line_.data(), line_.data() + digits, chunk_left_, 16);

  const std::string_view extensions = std::string_view(line_).substr(digits);
  extension_bytes_ += extensions.size();
  if (extension_bytes_ > kMaxChunkExtensionBytes) return malformed("the chunk extensions are too long");
  if (!extensions.empty() && (!trim(extensions).starts_with(';') || !is_printable(extensions)))
    return malformed("a chunk's size is followed by what is no chunk extension");

  line_.clear();
  if (chunk_left_ > max_body_bytes_ - taken_) return Status::kTooLarge;
  part_ = chunk_left_ == 0 ? Part::kTrailer : Part::kData;
  return Status::kMore;
}

ChunkedDecoder::Status ChunkedDecoder::take_data(std::string_view& input, std::string& body) {
  const std::size_t count = std::min<std::uint64_t>(chunk_left_, input.size());
  body.append(input.substr(0, count));
  input.remove_prefix(count);
  taken_ += count;
  chunk_left_ -= count;
  if (chunk_left_ == 0) part_ = Part::kDataEnd;
  return Status::kMore;
}

ChunkedDecoder::Status ChunkedDecoder::end_trailer_line() {
  if (line_.empty()) return Status::kDone;
  trailer_bytes_ += line_.size() + 2;
  if (trailer_bytes_ > kMaxTrailerBytes) return malformed("the trailers are too long");
  const std::size_t colon = line_.find(':');
  if (colon == std::string::npos || !is_token(std::string_view(line_).substr(0, colon)) || !is_printable(line_))
    return malformed("a trailer is no header field");
  line_.clear();
  return Status::kMore;
}

ChunkedDecoder::Status ChunkedDecoder::decode(std::string_view& input, std::string& body) {
  while (!input.empty()) {
    if (part_ == Part::kData) {
      take_data(input, body);
      continue;
    }
    if (part_ == Part::kDataEnd) {
      if (input.front() != (line_.empty() ? '\r' : '\n')) return malformed("a chunk is longer than its size says");
      line_ += input.front();
      input.remove_prefix(1);
      if (line_.size() < 2) continue;
      line_.clear();
      part_ = Part::kSizeLine;
      continue;
    }
    const Status line = take_line(input, part_ == Part::kTrailer ? kMaxTrailerBytes : kMaxChunkLineBytes);
    if (line != Status::kDone) return line;
    const Status status = part_ == Part::kSizeLine ? begin_chunk() : end_trailer_line();
    if (status != Status::kMore) return status;
  }
  return Status::kMore;
}

}  // namespace mobileclip::server
