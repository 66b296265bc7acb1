#include "proto_json/classify.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace mobileclip::proto {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(Classify, TemplatesByNameOrAsAList) {
  EXPECT_THAT(parse_label_set(R"({"labels": ["a"]})")->templates, ElementsAre("a photo of a {}."));
  const auto imagenet = parse_label_set(R"({"labels": ["a"], "templates": "imagenet"})");
  EXPECT_EQ(imagenet->templates.size(), 7u);
  EXPECT_THAT(imagenet->templates, Each(HasSubstr("{}")));
  EXPECT_THAT(parse_label_set(R"({"labels": ["a"], "templates": ["{}", "b {}"]})")->templates,
              ElementsAre("{}", "b {}"));
  EXPECT_THAT(parse_label_set(R"({"labels": ["a"], "templates": ["{}", "b"]})").error().message,
              HasSubstr("templates[1]"));
  EXPECT_THAT(parse_label_set(R"({"labels": []})").error().message, HasSubstr("no labels"));
}

TEST(Classify, EveryPlaceholderIsFilled) {
  EXPECT_EQ(fill_template("{}: a {}.", "cat"), "cat: a cat.");
  EXPECT_EQ(fill_template("{}", "{}"), "{}") << "what is filled in is not filled again";
  EXPECT_EQ(fill_template("x{}", ""), "x");
}

TEST(Classify, LabelsOrALabelSet) {
  const auto check = [](const char* body) { return check_classify(*parse_classify(body)); };
  EXPECT_EQ(check(R"({"image": "YQ==", "labels": ["a"]})")->classes.templates.size(), 1u);
  EXPECT_EQ(check(R"({"image": "YQ==", "label_set": "s", "top_k": 2})")->top_k, 2);
  EXPECT_THAT(check(R"({"image": "YQ==", "label_set": "s", "labels": ["a"]})").error().message, HasSubstr("not both"));
  EXPECT_THAT(check(R"({"image": "YQ==", "label_set": "s", "templates": ["{}"]})").error().message,
              HasSubstr("templates"));
  EXPECT_THAT(check(R"({"label_set": "s"})").error().message, HasSubstr("no images"));
}

TEST(Classify, Replies) {
  const std::vector<std::size_t> truncated{3};
  EXPECT_EQ(classify_reply({.model = "m",
                            .logit_scale = 100,
                            .results = {{{.index = 1, .label = "cat", .similarity = 0.5F, .probability = 0.75F}}},
                            .truncated = truncated}),
            R"({"model":"m","logit_scale":100,"results":[{"predictions":[{"label":"cat","index":1,"similarity":0.5,)"
            R"("probability":0.75}]}],"truncated":[3]})");
}

}  // namespace
}  // namespace mobileclip::proto
