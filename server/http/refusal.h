// What is wrong with a request, before it has any protocol's shape.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

namespace mobileclip::server {

struct Refusal {
  struct Item {
    std::size_t index;
    std::string code;
    std::string message;
  };
  unsigned status;
  std::string code;  ///< "invalid_argument": http_status.h's error_name(), or what the HTTP layer calls it
  std::string message;
  std::string input;        ///< which list `items` index, where a request has several
  std::vector<Item> items;  ///< in order; empty where the request as a whole is at fault
};

/// A refusal as a protocol words it; the reply's headers stay.
struct ErrorReply {
  unsigned status;
  std::string body;  ///< JSON
};
using ErrorFormat = ErrorReply (*)(const Refusal&);

}  // namespace mobileclip::server
