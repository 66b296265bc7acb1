#include "server/http/http_status.h"

namespace mobileclip::server {

unsigned http_status(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
    case ErrorCode::kInvalidText:
      return 400;
    case ErrorCode::kImageTooLarge:
      return 413;
    case ErrorCode::kUnsupportedImage:
      return 415;
    case ErrorCode::kTextTooLong:
    case ErrorCode::kUnsupportedInput:
    case ErrorCode::kInvalidImage:
      return 422;
    case ErrorCode::kOverloaded:
      return 429;
    case ErrorCode::kCancelled:
    case ErrorCode::kUnavailable:
      return 503;
    case ErrorCode::kDeadlineExceeded:
      return 504;
    case ErrorCode::kInternal:
      return 500;
  }
  return 500;
}

std::string_view error_name(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return "invalid_argument";
    case ErrorCode::kInvalidText:
      return "invalid_text";
    case ErrorCode::kTextTooLong:
      return "text_too_long";
    case ErrorCode::kUnsupportedInput:
      return "unsupported_input";
    case ErrorCode::kUnsupportedImage:
      return "unsupported_image";
    case ErrorCode::kInvalidImage:
      return "invalid_image";
    case ErrorCode::kImageTooLarge:
      return "image_too_large";
    case ErrorCode::kOverloaded:
      return "overloaded";
    case ErrorCode::kDeadlineExceeded:
      return "deadline_exceeded";
    case ErrorCode::kCancelled:
      return "cancelled";
    case ErrorCode::kUnavailable:
      return "unavailable";
    case ErrorCode::kInternal:
      return "internal";
  }
  return "internal";
}

}  // namespace mobileclip::server
