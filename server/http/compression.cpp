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

bool is_compressible(const Response& response) {
  const std::string_view type = response.content_type;
  return response.body.size() >= kMinCompressedBytes && response.body.size() <= kMaxBytes &&
         (type.starts_with("application/json") || type.starts_with("text/")) &&
         !response.headers.find("Content-Encoding");
}

}  // namespace

std::string gzip(std::string_view bytes) {
  z_stream stream{};
  if (deflateInit2(&stream, kLevel, Z_DEFLATED, kGzipWindow, kMemoryLevel, Z_DEFAULT_STRATEGY) != Z_OK) {
    throw std::bad_alloc();
  }
  std::string packed(deflateBound(&stream, bytes.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));  // zlib does not write to it
  stream.avail_in = static_cast<uInt>(bytes.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  const int result = deflate(&stream, Z_FINISH);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  if (result != Z_STREAM_END) throw std::bad_alloc();  // deflateBound() leaves no other reason
  return packed;
}

asio::awaitable<void> compress(Response& response, const RequestHead& head, asio::any_io_executor pool,
                               RequestScope& scope) {
  if (!is_compressible(response)) co_return;
  response.headers.add("Vary", "Accept-Encoding");
  const auto accepted = head.headers.list("Accept-Encoding");
  if (!accepted || !prefers_gzip(*accepted)) co_return;
  const auto timer = scope.time(RequestStage::kCompress);
  auto pack = [&response]() -> Result<std::string> { return gzip(response.body); };
  auto packed = co_await run_on(std::move(pool), std::move(pack));
  if (!packed) co_return;  // no memory to spare: the plain body will do
  response.body = *std::move(packed);
  response.headers.add("Content-Encoding", "gzip");
}

}  // namespace mobileclip::server
