#include "server/http/request_id.h"

#include <random>

#include "server/http/ascii.h"

namespace mobileclip::server {

std::string request_id(const Headers& headers) {
  const auto given = headers.find("X-Request-Id");
  const bool usable = given && headers.count("X-Request-Id") == 1 && !given->empty() &&
                      given->size() <= kMaxRequestIdBytes && consists_of_alphanumerics_and("-_.:=+/@~", *given);
  return usable ? std::string(*given) : random_request_id();
}

std::string random_request_id() {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::random_device device;
  std::string id;
  for (int word = 0; word < 4; ++word) {
    const unsigned bits = device();
    for (int shift = 0; shift < 32; shift += 4) id += kHex[bits >> shift & 15];
  }
  return id;
}

}  // namespace mobileclip::server
