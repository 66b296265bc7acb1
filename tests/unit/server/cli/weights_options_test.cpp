#include "server/cli/weights_options.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>

namespace mobileclip::server {
namespace {

TEST(WithThousands, SetsCommas) {
  EXPECT_EQ(with_thousands(0), "0");
  EXPECT_EQ(with_thousands(999), "999");
  EXPECT_EQ(with_thousands(1000), "1,000");
  EXPECT_EQ(with_thousands(11'368'512), "11,368,512");
  EXPECT_EQ(with_thousands(123'456), "123,456");
}

TEST(DtypeOption, TakesThreeWords) {
  for (const auto& [word, expected] :
       {std::pair{"f32", DType::kF32}, std::pair{"f16", DType::kF16}, std::pair{"bf16", DType::kBF16}}) {
    CLI::App app;
    DType dtype = DType::kF64;
    add_dtype_option(app, dtype);
    app.parse(std::string("--dtype ") + word);
    EXPECT_EQ(dtype, expected) << word;
  }
  CLI::App app;
  DType dtype = DType::kF32;
  add_dtype_option(app, dtype);
  EXPECT_THROW(app.parse("--dtype f64"), CLI::ValidationError);
}

}  // namespace
}  // namespace mobileclip::server
