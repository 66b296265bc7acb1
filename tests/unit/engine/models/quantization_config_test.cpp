#include "engine/models/quantization_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/engine/models/model_fixture.h"

namespace mobileclip {
namespace {

using ::testing::HasSubstr;
using testing::load_error_of;

constexpr AffineFormat kFourBits{.bits = 4, .group_size = 64};

QuantizationConfig parse(std::string_view json) { return parse_quantization(json, "config.json"); }

TEST(QuantizationConfig, IsEmptyWhereNothingIsQuantised) {
  for (const char* json : {"{}", R"({"hidden_size": 384})", R"({"quantization": null, "quantization_config": null})"}) {
    const QuantizationConfig config = parse(json);
    EXPECT_FALSE(config.format) << json;
    EXPECT_FALSE(config.of("encoder.layer.0.attention.self.query")) << json;
  }
  EXPECT_EQ(read_quantization("/nowhere/config.json"), QuantizationConfig{});
}

TEST(QuantizationConfig, ReadsWhatMlxWrites) {
  constexpr const char* kDocument = R"({
    "quantization": {"group_size": 64, "bits": 4, "mode": "affine",
                     "a.b": {"group_size": 32, "bits": 8}, "c": false, "d": true, "e": {"bits": 8}},
    "quantization_config": {"group_size": 64, "bits": 4, "mode": "affine",
                            "a.b": {"group_size": 32, "bits": 8}, "c": false, "d": true, "e": {"bits": 8}}})";
  const QuantizationConfig config = parse(kDocument);
  EXPECT_EQ(config.of("anything"), kFourBits);
  EXPECT_EQ(config.of("a.b"), (AffineFormat{.bits = 8, .group_size = 32}));
  EXPECT_EQ(config.of("a"), kFourBits);
  EXPECT_FALSE(config.of("c"));
  EXPECT_EQ(config.of("d"), kFourBits);
  EXPECT_EQ(config.of("e"), (AffineFormat{.bits = 8, .group_size = 64}));
}

TEST(QuantizationConfig, TakesEitherMemberAndNoMode) {
  EXPECT_EQ(parse(R"({"quantization": {"group_size": 64, "bits": 4}})").format, kFourBits);
  EXPECT_EQ(parse(R"({"quantization_config": {"group_size": 64, "bits": 4, "note": "x"}})").format, kFourBits);
}

TEST(QuantizationConfig, NamesWhatItRefuses) {
  const std::pair<const char*, const char*> cases[] = {
      {"[]", "config.json: expected an object, found array"},
      {"{", "bad JSON"},
      {R"({"quantization": 4})", "quantization: expected an object, found number"},
      {R"({"quantization": {"bits": 4}})", "quantization.group_size: expected an integer, found none"},
      {R"({"quantization": {"group_size": 64}})", "quantization.bits: expected an integer, found none"},
      {R"({"quantization": {"group_size": 64, "bits": "4"}})", "quantization.bits: expected an integer of 1 to 1024"},
      {R"({"quantization": {"group_size": 64, "bits": 4.5}})", "found 4.5"},
      {R"({"quantization": {"group_size": -64, "bits": 4}})", "found -64"},
      {R"({"quantization": {"group_size": 18446744073709551615, "bits": 4}})", "found 18446744073709551615"},
      {R"({"quantization": {"group_size": 64, "bits": 3}})",
       "quantization: expected 4 or 8 bits in groups of 32, 64 or 128, found 3 bits in groups of 64"},
      {R"({"quantization": {"group_size": 16, "bits": 4}})", "found 4 bits in groups of 16"},
      {R"({"quantization": {"group_size": 32, "bits": 4, "mode": "mxfp4"}})",
       R"(quantization.mode: expected "affine", which is all this engine computes, found "mxfp4")"},
      {R"({"quantization": {"group_size": 64, "bits": 4, "a.b": {"bits": 4, "mode": "nvfp4"}}})",
       "quantization.'a.b'.mode"},
      {R"({"quantization": {"group_size": 64, "bits": 4, "a.b": {"bits": 6}}})",
       "quantization.'a.b': expected 4 or 8 bits in groups of 32, 64 or 128, found 6 bits in groups of 64"},
      {R"({"quantization_config": {"quant_method": "gptq", "bits": 4, "group_size": 128}})",
       R"(quantization_config.quant_method: expected none: MLX's affine quantisation, found "gptq")"},
      {R"({"quantization": {"group_size": 64, "bits": 4}, "quantization_config": {"group_size": 64, "bits": 8}})",
       "expected quantization and quantization_config to say the same"}};
  for (const auto& [json, expected] : cases) {
    EXPECT_THAT(load_error_of([&] { parse(json); }), HasSubstr(expected)) << json;
  }
}

}  // namespace
}  // namespace mobileclip
