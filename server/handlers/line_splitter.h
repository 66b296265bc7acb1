// Lines out of a body that comes in pieces.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace mobileclip::server {

struct BodyLine {
  std::size_t number;     ///< from 1
  std::string text;       ///< without its line break, LF or CRLF
  bool too_long = false;  ///< `text` is then empty
};

/// Never holds more than a line's limit and a piece.
class LineSplitter {
 public:
  explicit LineSplitter(std::size_t max_line_bytes) : max_line_bytes_(max_line_bytes) {}

  void feed(std::string_view piece);
  /// No more pieces follow: what is left is a line, too.
  void finish() { finished_ = true; }

  /// The next line; nullopt where more must be fed first.
  std::optional<BodyLine> next();
  /// Of the line that next() will give, or that is being received.
  [[nodiscard]] std::size_t line_number() const { return number_; }

 private:
  BodyLine take(std::size_t length);

  const std::size_t max_line_bytes_;
  std::string buffer_;
  std::size_t begin_ = 0;    // of the next line in buffer_
  std::size_t scanned_ = 0;  // up to here there is no line break
  std::size_t number_ = 1;
  bool too_long_ = false;  // of the next line
  bool finished_ = false;
};

}  // namespace mobileclip::server
