// Checks as lines of text: what was checked, what was found, and where that will not do what was expected.
#pragma once

#include <cstddef>
#include <iosfwd>
#include <string_view>

namespace mobileclip::server {

struct SelfTestResult {
  std::size_t passed = 0;
  std::size_t failed = 0;
};

class CheckReport {
 public:
  explicit CheckReport(std::ostream& out) : out_(out) {}

  /// `measured` says what was found; `expected` is printed where it will not do.
  void check(bool ok, std::string_view name, std::string_view measured, std::string_view expected);
  void skip(std::string_view name, std::string_view why);

  [[nodiscard]] const SelfTestResult& result() const { return result_; }

 private:
  std::ostream& out_;
  SelfTestResult result_;
};

}  // namespace mobileclip::server
