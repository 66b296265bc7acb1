#include "server/handlers/line_splitter.h"

namespace mobileclip::server {

void LineSplitter::feed(std::string_view piece) {
  buffer_.erase(0, begin_);
  scanned_ -= begin_;
  begin_ = 0;
  buffer_ += piece;
}

std::optional<BodyLine> LineSplitter::next() {
  const std::size_t end = buffer_.find('\n', scanned_);
  if (end != std::string::npos) {
    BodyLine line = take(end - begin_);
    begin_ = end + 1;
    scanned_ = begin_;
    return line;
  }
  if (finished_ && (begin_ < buffer_.size() || too_long_)) {
    BodyLine line = take(buffer_.size() - begin_);
    begin_ = scanned_ = buffer_.size();
    return line;
  }
  if (buffer_.size() - begin_ > max_line_bytes_) {  // the rest of it is dropped as it comes
    too_long_ = true;
    begin_ = buffer_.size();
  }
  scanned_ = buffer_.size();
  return std::nullopt;
}

BodyLine LineSplitter::take(std::size_t length) {
  BodyLine line{.number = number_++, .text = {}, .too_long = too_long_ || length > max_line_bytes_};
  too_long_ = false;
  if (line.too_long) return line;
  if (length > 0 && buffer_[begin_ + length - 1] == '\r') --length;
  line.text.assign(buffer_, begin_, length);
  return line;
}

}  // namespace mobileclip::server
