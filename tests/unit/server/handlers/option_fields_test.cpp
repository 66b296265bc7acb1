#include "server/handlers/option_fields.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace mobileclip::server {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string failure(std::string_view query, OptionNames known = kTextOptions) {
  const auto options = options_from_query(query, known);
  return options ? "no error" : options.error().message;
}

TEST(OptionFields, ReadsAQuery) {
  const auto options = options_from_query("normalize=false&dimensions=64&truncate=0", kTextOptions);
  ASSERT_TRUE(options.ok());
  EXPECT_FALSE(options->normalize);
  EXPECT_FALSE(options->truncate);
  EXPECT_EQ(options_from_query("prompt_name=search%20query", kTextOptions)->prompt_name, "search query");
  EXPECT_EQ(options->dimensions, 64);
  EXPECT_EQ(failure(""), "no error");
  EXPECT_EQ(failure("normalize=1&truncate=true"), "no error");
}

TEST(OptionFields, NamesWhatIsWrong) {
  EXPECT_THAT(failure("size=5"), AllOf(HasSubstr("\"size\""), HasSubstr("normalize, dimensions, truncate, prompt_name")));
  EXPECT_THAT(failure("truncate=1", kImageOptions), HasSubstr("unknown parameter \"truncate\""));
  EXPECT_THAT(failure("normalize=yes"),
              AllOf(HasSubstr("normalize"), HasSubstr("true or false"), HasSubstr("\"yes\"")));
  EXPECT_THAT(failure("normalize=1&normalize=1"), HasSubstr("twice"));
  for (const char* bad : {"0", "-1", "", "1.5", "0x10", "99999999999", "5 ", "%205"}) {
    EXPECT_THAT(failure(std::string("dimensions=") + bad), HasSubstr("dimensions: expected an integer")) << bad;
  }
  EXPECT_THAT(failure("a=%zz"), HasSubstr("invalid query"));
  EXPECT_LT(failure(std::string(3000, 'x')).size(), 200u);
}

}  // namespace
}  // namespace mobileclip::server
