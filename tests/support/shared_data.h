// Where tests find data. ../shared (or $MOBILECLIP_SHARED) holds what the project may not take in; tests that need it
// are skipped where it is absent.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <optional>
#include <string_view>

namespace mobileclip::testing {

/// The project's own root: tests/golden and tests/reference lie below it.
std::filesystem::path source_dir();

/// `relative` below the shared folder, where both exist.
std::optional<std::filesystem::path> shared_path(std::string_view relative);

}  // namespace mobileclip::testing

/// Defines `variable` as the path of `relative` in the shared folder, or skips the test and says why.
#define REQUIRE_SHARED(variable, relative)                                                              \
  const auto variable##_found = ::mobileclip::testing::shared_path(relative);                           \
  if (!variable##_found) GTEST_SKIP() << "needs " << (relative) << " of the shared folder (../shared)"; \
  const std::filesystem::path& variable = *variable##_found
