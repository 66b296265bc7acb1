#include "server/http/tls_certificate.h"

#include <openssl/ssl.h>

#include <stdexcept>
#include <string>
#include <utility>

#include "server/http/secret_file.h"

namespace mobileclip::server {

namespace ssl = boost::asio::ssl;

namespace {

/// A client that asks by ALPN gets HTTP/1.1, or goes on without (RFC 7301 section 3.2).
int choose_http11(SSL* /*ssl*/, const unsigned char** chosen, unsigned char* chosen_size, const unsigned char* offered,
                  unsigned offered_size, void* /*unused*/) {
  static constexpr unsigned char kHttp11[] = "\x08http/1.1";
  unsigned char* found = nullptr;
  const int outcome = SSL_select_next_proto(&found, chosen_size, kHttp11, sizeof(kHttp11) - 1, offered, offered_size);
  if (outcome != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_NOACK;
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

void check(const boost::system::error_code& error, const char* what, const std::filesystem::path& file) {
  if (error) throw std::runtime_error(std::string("TLS: ") + what + " " + file.string() + ": " + error.message());
}

}  // namespace

TlsCertificate::TlsCertificate(std::filesystem::path certificate, std::filesystem::path key)
    : certificate_(std::move(certificate)), key_(std::move(key)), context_(load()) {}

void TlsCertificate::reload() {
  auto loaded = load();
  const std::lock_guard lock(mutex_);
  context_ = std::move(loaded);
}

std::shared_ptr<ssl::context> TlsCertificate::context() const {
  const std::lock_guard lock(mutex_);
  return context_;
}

std::shared_ptr<ssl::context> TlsCertificate::load() const {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  SSL_CTX* const native = context->native_handle();
  SSL_CTX_set_min_proto_version(native, TLS1_2_VERSION);
  SSL_CTX_set_options(native, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(native, SSL_MODE_RELEASE_BUFFERS);  // an idle connection keeps no more memory than it needs
  SSL_CTX_set_alpn_select_cb(native, choose_http11, nullptr);

  boost::system::error_code error;
  // Else OpenSSL would ask for a passphrase at the terminal.
  context->set_password_callback([](std::size_t, ssl::context::password_purpose) { return std::string(); }, error);
  context->use_certificate_chain_file(certificate_.string(), error);
  check(error, "the certificate", certificate_);
  context->use_private_key_file(key_.string(), ssl::context::pem, error);
  check(error, "the key", key_);
  warn_if_world_readable(key_, "TLS key");
  return context;
}

}  // namespace mobileclip::server
