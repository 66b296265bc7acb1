// What can go wrong with a request, and what can go wrong at load. Requests return Result<T> (result.h); loading
// throws.
#pragma once

#include <stdexcept>
#include <string>

namespace mobileclip {

/// Why a request, or one item of it, was not served. The server maps each code to one HTTP status
/// (server/http_status.h).
enum class ErrorCode {
  kInvalidArgument,   ///< the request's own form or options are wrong
  kInvalidText,       ///< not UTF-8
  kTextTooLong,       ///< more tokens than the context, and truncation was refused
  kUnsupportedInput,  ///< the model has no tower for that kind, or no prompt of that name
  kUnsupportedImage,  ///< not one of the accepted image formats
  kInvalidImage,      ///< of an accepted format, but damaged
  kImageTooLarge,     ///< more pixels, a longer side or more bytes than the limits allow
  kOverloaded,        ///< a queue is full; retrying later may succeed
  kDeadlineExceeded,  ///< the request's deadline passed before its turn
  kCancelled,         ///< the client went away
  kUnavailable,       ///< shutting down, out of memory, or the engine has failed
  kInternal,          ///< a defect of ours
};

struct Error {
  ErrorCode code;
  std::string message;  ///< for the client: what was wrong and what was expected
};

/// A model, vocabulary or configuration that cannot be used. The message names file, item, expected and found.
class LoadError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace mobileclip
