#include "server/http/compression.h"

#include <zlib.h>

#include <new>

#include "server/http/completion.h"
#include "server/http/negotiation.h"

namespace mobileclip::server {

namespace asio = boost::asio;

namespace {

// Digits of embeddings are close to random: level 6 takes seven times level 1's time for a tenth less.
constexpr int kLevel = 1;
constexpr int kGzipWindow = 15 + 16;  // zlib: the largest window, with gzip's header
constexpr int kMemoryLevel = 8;
constexpr std::size_t kMaxBytes = 1u << 30;  // zlib counts in 32 bits
constexpr std::size_t kFlushBytes = 64;      // more than the marker of a flush takes

bool is_compressible(const Response& response) {
  const std::string_view type = response.content_type;
  return response.body.size() >= kMinCompressedBytes && response.body.size() <= kMaxBytes &&
         (type.starts_with("application/json") || type.starts_with("text/")) &&
         !response.headers.find("Content-Encoding");
}

}  // namespace

struct GzipStream::Deflater {
  Deflater() {
    if (deflateInit2(&stream, kLevel, Z_DEFLATED, kGzipWindow, kMemoryLevel, Z_DEFAULT_STRATEGY) != Z_OK) {
      throw std::bad_alloc();
    }
  }
  ~Deflater() { deflateEnd(&stream); }
  Deflater(const Deflater&) = delete;
  Deflater& operator=(const Deflater&) = delete;

  /// `flush` is zlib's: Z_SYNC_FLUSH gives out all there is, Z_FINISH ends the member.
  std::string pack(std::string_view bytes, int flush) {
    std::string packed;
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // zlib does not write to it
    stream.avail_in = static_cast<uInt>(bytes.size());
    std::size_t room = deflateBound(&stream, bytes.size()) + kFlushBytes;
    do {
      const std::size_t begin = packed.size();
      packed.resize(begin + room);
      stream.next_out = reinterpret_cast<Bytef*>(packed.data() + begin);
      stream.avail_out = static_cast<uInt>(room);
      deflate(&stream, flush);
      packed.resize(packed.size() - stream.avail_out);
      room = kFlushBytes;
    } while (stream.avail_out == 0);
    return packed;
  }

  z_stream stream{};
};

GzipStream::GzipStream() : deflater_(std::make_unique<Deflater>()) {}
GzipStream::~GzipStream() = default;
GzipStream::GzipStream(GzipStream&&) noexcept = default;
GzipStream& GzipStream::operator=(GzipStream&&) noexcept = default;

std::string GzipStream::add(std::string_view bytes) { return deflater_->pack(bytes, Z_SYNC_FLUSH); }

std::string GzipStream::finish(std::string_view bytes) { return deflater_->pack(bytes, Z_FINISH); }

std::string gzip(std::string_view bytes) { return GzipStream().finish(bytes); }

bool accepts_gzip(const RequestHead& head) {
  const auto accepted = head.headers.list("Accept-Encoding");
  return accepted && prefers_gzip(*accepted);
}

asio::awaitable<void> compress(Response& response, const RequestHead& head, asio::any_io_executor pool,
                               RequestScope& scope) {
  if (!is_compressible(response)) co_return;
  response.headers.add("Vary", "Accept-Encoding");
  if (!accepts_gzip(head)) co_return;
  const auto timer = scope.time(RequestStage::kCompress);
  auto pack = [&response]() -> Result<std::string> { return gzip(response.body); };
  auto packed = co_await run_on(std::move(pool), std::move(pack));
  if (!packed) co_return;  // no memory to spare: the plain body will do
  response.body = *std::move(packed);
  response.headers.add("Content-Encoding", "gzip");
}

}  // namespace mobileclip::server
