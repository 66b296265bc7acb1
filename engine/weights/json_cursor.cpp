#include "engine/weights/json_cursor.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace mobileclip {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

void append_utf8(std::string& out, std::uint32_t code_point) {
  const auto push = [&out](std::uint32_t byte) { out += static_cast<char>(byte); };
  if (code_point < 0x80) {
    push(code_point);
  } else if (code_point < 0x800) {
    push(0xC0 | code_point >> 6);
    push(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    push(0xE0 | code_point >> 12);
    push(0x80 | ((code_point >> 6) & 0x3F));
    push(0x80 | (code_point & 0x3F));
  } else {
    push(0xF0 | code_point >> 18);
    push(0x80 | ((code_point >> 12) & 0x3F));
    push(0x80 | ((code_point >> 6) & 0x3F));
    push(0x80 | (code_point & 0x3F));
  }
}

/// A number that no double holds, such as 1e999; those too small are zero.
bool overflows(std::string_view number) {
  double value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error != std::errc::result_out_of_range) return false;
  return std::isinf(
      std::strtod(std::string(number).c_str(), nullptr));  // which end of the range, from_chars does not say
}

}  // namespace

void JsonCursor::fail(std::string_view expected) { fail(expected, describe_next()); }

void JsonCursor::fail(std::string_view expected, std::string_view found) const {
  throw JsonError("expected " + std::string(expected) + ", found " + std::string(found) + " at byte " +
                  std::to_string(at_));
}

void JsonCursor::skip_white_space() {
  while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\r' || text_[at_] == '\t')) {
    ++at_;
  }
}

char JsonCursor::peek() {
  skip_white_space();
  return at_ < text_.size() ? text_[at_] : '\0';
}

std::string_view JsonCursor::describe_next() {
  skip_white_space();
  if (at_ >= text_.size()) return "the end";
  switch (const char c = text_[at_]; c) {
    case '{':
      return "an object";
    case '[':
      return "an array";
    case '"':
      return "a string";
    case 't':
    case 'f':
      return "a boolean";
    case 'n':
      return "null";
    case '-':
      return "a negative number";
    case ',':
    case ':':
    case '}':
    case ']':
      return text_.substr(at_, 1);
    default:
      return is_digit(c) ? "a number" : "no JSON";
  }
}

void JsonCursor::enter(char open, std::string_view expected) {
  if (peek() != open) fail(expected);
  if (++depth_ > kMaxDepth) fail("at most 127 levels of nesting", "more");
  ++at_;
  first_ = true;
}

bool JsonCursor::step(char close, std::string_view expected) {
  const bool first = std::exchange(first_, false);
  const char c = peek();
  if (c == close) {
    ++at_;
    --depth_;
    return false;
  }
  if (first) return true;
  if (c != ',') fail(expected);
  ++at_;
  return true;
}

void JsonCursor::enter_object() { enter('{', "an object"); }
void JsonCursor::enter_array() { enter('[', "an array"); }

bool JsonCursor::next_member(std::string& key) {
  if (!step('}', "',' or '}'")) return false;
  if (peek() != '"') fail("a member's name in double quotes");
  key = read_string();
  if (peek() != ':') fail("':'");
  ++at_;
  return true;
}

bool JsonCursor::next_element() {
  if (!step(']', "',' or ']'")) return false;
  if (peek() == ']') fail("a value after ','");
  return true;
}

std::string JsonCursor::read_string() {
  if (peek() != '"') fail("a string");
  ++at_;
  std::string out;
  for (;;) {
    const std::size_t run = at_;
    while (at_ < text_.size() && text_[at_] != '"' && text_[at_] != '\\' &&
           static_cast<unsigned char>(text_[at_]) >= 0x20) {
      ++at_;
    }
    out.append(text_, run, at_ - run);
    if (at_ >= text_.size()) fail("a string's closing quote", "the end");
    if (text_[at_] == '"') break;
    if (text_[at_] != '\\') fail("a string without raw control characters", "one");
    ++at_;
    append_escape(out);
  }
  ++at_;
  return out;
}

void JsonCursor::append_escape(std::string& out) {
  const char c = at_ < text_.size() ? text_[at_] : '\0';
  ++at_;
  switch (c) {
    case '"':
    case '\\':
    case '/':
      out += c;
      return;
    case 'b':
      out += '\b';
      return;
    case 'f':
      out += '\f';
      return;
    case 'n':
      out += '\n';
      return;
    case 'r':
      out += '\r';
      return;
    case 't':
      out += '\t';
      return;
    case 'u':
      break;
    default:
      fail("an escape sequence of JSON", "another");
  }
  const std::uint32_t unit = read_hex4();
  if (unit < 0xD800 || unit > 0xDFFF) return append_utf8(out, unit);
  if (unit > 0xDBFF || text_.substr(at_, 2) != "\\u") fail("a pair of surrogates", "a lone one");
  at_ += 2;
  const std::uint32_t low = read_hex4();
  if (low < 0xDC00 || low > 0xDFFF) fail("a pair of surrogates", "a lone one");
  append_utf8(out, 0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00));
}

std::uint32_t JsonCursor::read_hex4() {
  const std::string_view digits = text_.substr(std::min(at_, text_.size()), 4);
  std::uint32_t unit = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), unit, 16);
  if (digits.size() != 4 || error != std::errc{} || end != digits.data() + 4) fail("four hexadecimal digits", "others");
  at_ += 4;
  return unit;
}

std::string_view JsonCursor::read_number() {
  const char next = peek();
  if (next != '-' && !is_digit(next)) fail("a number");
  const std::size_t begin = at_;
  const auto digit = [this] { return at_ < text_.size() && is_digit(text_[at_]); };
  const auto one_of = [this](char a, char b) { return at_ < text_.size() && (text_[at_] == a || text_[at_] == b); };
  const auto digits = [&] {
    if (!digit()) fail("a digit", "none");
    while (digit()) ++at_;
  };
  if (next == '-') ++at_;
  if (one_of('0', '0')) {
    ++at_;
    if (digit()) fail("a number without leading zeros", "one with");
  } else {
    digits();
  }
  if (one_of('.', '.')) {
    ++at_;
    digits();
  }
  if (one_of('e', 'E')) {
    ++at_;
    if (one_of('+', '-')) ++at_;
    digits();
  }
  return text_.substr(begin, at_ - begin);
}

std::uint64_t JsonCursor::read_unsigned() {
  constexpr std::string_view kExpected = "an unsigned 64-bit integer";
  if (!is_digit(peek())) fail(kExpected);
  const std::string_view number = read_number();
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (error != std::errc{} || end != number.data() + number.size()) {
    at_ -= number.size();
    fail(kExpected, number.substr(0, 40));
  }
  return value;
}

void JsonCursor::read_literal(std::string_view literal) {
  if (text_.substr(at_, literal.size()) != literal) fail(literal, "something else");
  at_ += literal.size();
}

void JsonCursor::read_null() {
  if (peek() != 'n') fail("null");
  read_literal("null");
}

void JsonCursor::skip_value() {  // recurses kMaxDepth levels at most
  switch (peek()) {
    case '{': {
      enter_object();
      std::string key;
      while (next_member(key)) skip_value();
      return;
    }
    case '[':
      enter_array();
      while (next_element()) skip_value();
      return;
    case '"':
      read_string();
      return;
    case 't':
      return read_literal("true");
    case 'f':
      return read_literal("false");
    case 'n':
      return read_literal("null");
    default:
      break;
  }
  if (peek() != '-' && !is_digit(peek())) fail("a value");
  if (const std::string_view number = read_number(); overflows(number)) {
    fail("a number that a double can hold", number.substr(0, 40));
  }
}

void JsonCursor::expect_end() {
  skip_white_space();
  if (at_ < text_.size()) fail("nothing after the document", "more");
}

bool is_valid_utf8(std::string_view text) {
  const auto* p = reinterpret_cast<const unsigned char*>(text.data());
  const auto* const end = p + text.size();
  const auto is_tail = [](unsigned char c) { return (c & 0xC0) == 0x80; };
  while (p < end) {
    if (end - p >= 8) {  // eight ASCII bytes at once
      std::uint64_t word;
      std::memcpy(&word, p, 8);
      if ((word & 0x8080'8080'8080'8080) == 0) {
        p += 8;
        continue;
      }
    }
    const unsigned char c = *p;
    if (c < 0x80) {
      p += 1;
    } else if (c >= 0xC2 && c <= 0xDF) {
      if (end - p < 2 || !is_tail(p[1])) return false;
      p += 2;
    } else if (c >= 0xE0 && c <= 0xEF) {
      if (end - p < 3 || !is_tail(p[1]) || !is_tail(p[2])) return false;
      if ((c == 0xE0 && p[1] < 0xA0) || (c == 0xED && p[1] > 0x9F)) return false;  // overlong, surrogate
      p += 3;
    } else if (c >= 0xF0 && c <= 0xF4) {
      if (end - p < 4 || !is_tail(p[1]) || !is_tail(p[2]) || !is_tail(p[3])) return false;
      if ((c == 0xF0 && p[1] < 0x90) || (c == 0xF4 && p[1] > 0x8F)) return false;  // overlong, above U+10FFFF
      p += 4;
    } else {
      return false;
    }
  }
  return true;
}

}  // namespace mobileclip
