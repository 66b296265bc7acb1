// Writes JSON into one string: replies are mostly floats, and those are written straight into their place.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace mobileclip::proto {

/// Commas are its business, nesting the caller's: every begin needs its end. Not thread-safe.
class JsonWriter {
 public:
  explicit JsonWriter(std::size_t expected_bytes = 512) { out_.reserve(expected_bytes); }

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }
  JsonWriter& key(std::string_view name);

  /// Bytes that are not UTF-8 become U+FFFD, so that the document stays JSON whatever a client sent.
  JsonWriter& string(std::string_view text);
  /// A value that is JSON already.
  JsonWriter& raw(std::string_view json) {
    separate();
    out_ += json;
    return *this;
  }
  JsonWriter& boolean(bool value);
  JsonWriter& null();
  template <std::integral Integer>
  JsonWriter& integer(Integer value) {
    separate();
    out_ += std::to_string(value);
    return *this;
  }
  /// Shortest decimal that reads back as the same float32. JSON has no NaN or infinity: those become null, and callers
  /// see to it that there are none.
  JsonWriter& number(float value);
  JsonWriter& numbers(std::span<const float> values);

  std::string take() && { return std::move(out_); }

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  void separate();

  std::string out_;
  bool comma_ = false;  // a value stands before the next one in this container
};

/// Bytes that a float takes at most: sign, nine digits, point, exponent, comma.
inline constexpr std::size_t kMaxFloatBytes = 17;

}  // namespace mobileclip::proto
