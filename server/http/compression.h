// gzip for responses, where the client asks for it and the body is worth it.
#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "server/http/message.h"
#include "server/http/request_scope.h"

namespace mobileclip::server {

inline constexpr std::size_t kMinCompressedBytes = 1024;  ///< of smaller ones the headers are most

/// A gzip member (RFC 1952). Throws std::bad_alloc.
std::string gzip(std::string_view bytes);

/// The same of bytes that come piece by piece. What add() has returned so far unpacks to all that it was given: a
/// reader need not wait for the next piece. Throws std::bad_alloc.
class GzipStream {
 public:
  GzipStream();
  ~GzipStream();
  GzipStream(GzipStream&&) noexcept;
  GzipStream& operator=(GzipStream&&) noexcept;

  [[nodiscard]] std::string add(std::string_view bytes);
  /// The last bytes, if any, and the member's end.
  [[nodiscard]] std::string finish(std::string_view bytes = {});

 private:
  struct Deflater;
  std::unique_ptr<Deflater> deflater_;
};

/// Whether the client would rather have gzip.
bool accepts_gzip(const RequestHead& head);

/// Compresses JSON and text, on `pool`; the values of binary embeddings hardly shrink and are left as they are. Says
/// Vary for whatever it might have compressed.
boost::asio::awaitable<void> compress(Response& response, const RequestHead& head, boost::asio::any_io_executor pool,
                                      RequestScope& scope);

}  // namespace mobileclip::server
