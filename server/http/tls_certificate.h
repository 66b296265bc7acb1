// The certificate and key that TLS connections are served with.
#pragma once

#include <boost/asio/ssl/context.hpp>
#include <filesystem>
#include <memory>
#include <mutex>

namespace mobileclip::server {

/// Thread-safe.
class TlsCertificate {
 public:
  /// PEM files: the certificate followed by its chain, and its key, without a passphrase. Throws std::runtime_error
  /// naming the file and the reason.
  TlsCertificate(std::filesystem::path certificate, std::filesystem::path key);

  /// Reads both files anew, for connections accepted from then on. Throws as the constructor, and then the certificate
  /// stays as it was.
  void reload();

  /// TLS 1.2 and above. Kept alive by the connections that use it.
  [[nodiscard]] std::shared_ptr<boost::asio::ssl::context> context() const;

 private:
  [[nodiscard]] std::shared_ptr<boost::asio::ssl::context> load() const;

  const std::filesystem::path certificate_;
  const std::filesystem::path key_;
  mutable std::mutex mutex_;
  std::shared_ptr<boost::asio::ssl::context> context_;
};

}  // namespace mobileclip::server
