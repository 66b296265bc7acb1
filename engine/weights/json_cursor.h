// A strict JSON reader (RFC 8259) that walks a document once and keeps nothing of it, so that a 100 MB safetensors
// header costs no more memory than what it declares. As strict as serde_json, which the reference reader uses.
#pragma once

#include <cstddef>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <string_view>

namespace mobileclip {

/// Message says what was expected and what was found, and at which byte.
class JsonError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// Every function throws JsonError and skips white space first.
class JsonCursor {
 public:
  /// `text` is valid UTF-8 (is_valid_utf8) and outlives the cursor.
  explicit JsonCursor(std::string_view text) : text_(text) {}

  /// The first byte of the next token, '\0' at the end.
  char peek();
  /// "an object", "a string", …: what the next token begins.
  std::string_view describe_next();

  void enter_object();
  /// Steps to the object's next member and leaves its name in `key`; false after the closing brace.
  bool next_member(std::string& key);
  void enter_array();
  /// Steps to the array's next element; false after the closing bracket.
  bool next_element();

  std::string read_string();
  /// A non-negative integer below 2^64, without fraction or exponent.
  std::uint64_t read_unsigned();
  void read_null();
  /// Any value, checked as strictly as those that are wanted.
  void skip_value();
  /// Nothing but white space may follow.
  void expect_end();

  [[nodiscard]] std::size_t position() const { return at_; }
  [[noreturn]] void fail(std::string_view expected);
  [[noreturn]] void fail(std::string_view expected, std::string_view found) const;

 private:
  /// serde_json's limit of 128, which it counts down to 0 before it refuses.
  static constexpr int kMaxDepth = 127;

  void skip_white_space();
  void enter(char open, std::string_view expected);
  bool step(char close, std::string_view expected);
  void read_literal(std::string_view literal);
  std::string_view read_number();
  void append_escape(std::string& out);
  std::uint32_t read_hex4();

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  bool first_ = false;  ///< a container was just entered: no comma yet
};

/// Unicode's well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_valid_utf8(std::string_view text);

}  // namespace mobileclip
