// The chunked transfer coding (RFC 9112 section 7.1), decoded as it arrives. Stricter than Beast's: what surrounds the
// data (chunk extensions, leading zeros, trailers) is bounded, and each line has one reading only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mobileclip::server {

/// Bounds of one body. Extensions and trailers are read past, never used.
inline constexpr std::size_t kMaxChunkLineBytes = 256;        ///< a chunk's size and extensions
inline constexpr std::size_t kMaxChunkExtensionBytes = 4096;  ///< extensions of all chunks
inline constexpr std::size_t kMaxTrailerBytes = 4096;         ///< all trailer fields

/// One body. Not thread-safe.
class ChunkedDecoder {
 public:
  explicit ChunkedDecoder(std::size_t max_body_bytes) : max_body_bytes_(max_body_bytes) {}

  enum class Status {
    kMore,       ///< all of the input was taken, and more is to come
    kDone,       ///< the body is whole; what follows in the input is the next request's
    kMalformed,  ///< reason() says why
    kTooLarge,   ///< more than max_body_bytes of data
  };

  /// Appends the data in `input` to `body` and removes from `input` what was read. Not to be called after any status
  /// but kMore.
  Status decode(std::string_view& input, std::string& body);

  /// Of kMalformed: a literal.
  [[nodiscard]] std::string_view reason() const { return reason_; }

 private:
  enum class Part { kSizeLine, kData, kDataEnd, kTrailer };

  /// Gathers a line up to its CRLF in line_. kDone once it is there, kMore where the input ended before.
  Status take_line(std::string_view& input, std::size_t max_bytes);
  Status begin_chunk();
  Status end_trailer_line();
  Status take_data(std::string_view& input, std::string& body);
  Status malformed(std::string_view reason);

  const std::size_t max_body_bytes_;
  Part part_ = Part::kSizeLine;
  std::string line_;
  std::uint64_t chunk_left_ = 0;
  std::size_t taken_ = 0;
  std::size_t extension_bytes_ = 0;
  std::size_t trailer_bytes_ = 0;
  std::string_view reason_;
};

}  // namespace mobileclip::server
