#include "proto_json/requests.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <string>

namespace mobileclip::proto {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

template <typename T>
std::string failure(const Result<T>& result) {
  return result ? "no error" : result.error().message;
}

TEST(EmbedTextRequest, TakesOneTextOrSeveral) {
  EXPECT_THAT(parse_embed_text(R"({"text": "a"})")->texts, ElementsAre("a"));
  EXPECT_THAT(parse_embed_text(R"({"texts": "a"})")->texts, ElementsAre("a"));
  EXPECT_THAT(parse_embed_text(R"({"texts": ["a", "", "ü"]})")->texts, ElementsAre("a", "", "ü"));
  EXPECT_THAT(parse_embed_text(R"({"text": ["a", "b"]})")->texts, ElementsAre("a", "b"));
  EXPECT_THAT(parse_embed_text("{}")->texts, ElementsAre());
}

TEST(EmbedTextRequest, ReadsOptionsOverTheDefaults) {
  const auto plain = parse_embed_text(R"({"text": "a"})");
  EXPECT_TRUE(plain->options.normalize);
  EXPECT_TRUE(plain->options.truncate);
  EXPECT_EQ(plain->options.dimensions, 0);
  const auto set = parse_embed_text(R"({"text": "a", "normalize": false, "truncate": false, "dimensions": 64})");
  EXPECT_FALSE(set->options.normalize);
  EXPECT_FALSE(set->options.truncate);
  EXPECT_EQ(set->options.prompt_name, std::nullopt);
  EXPECT_EQ(parse_embed_text(R"({"text": "a", "prompt_name": "query"})")->options.prompt_name, "query");
  EXPECT_EQ(parse_embed_text(R"({"text": "a", "prompt_name": null})", {.prompt_name = "query"})->options.prompt_name,
            "query");
  EXPECT_EQ(parse_similarity(R"({"texts": "a", "prompt_name": "query"})")->options.prompt_name, "query");
  EXPECT_EQ(set->options.dimensions, 64);
  const auto over = parse_embed_text(R"({"text": "a", "normalize": true})", {.normalize = false, .dimensions = 32});
  EXPECT_TRUE(over->options.normalize);
  EXPECT_EQ(over->options.dimensions, 32);
}

TEST(EmbedTextRequest, NamesWhatIsWrong) {
  EXPECT_THAT(failure(parse_embed_text("[]")), AllOf(HasSubstr("expected an object"), HasSubstr("array")));
  EXPECT_THAT(failure(parse_embed_text(R"({"text": 5})")), AllOf(HasSubstr("\"text\""), HasSubstr("number")));
  EXPECT_THAT(failure(parse_embed_text(R"({"texts": ["a", null]})")), AllOf(HasSubstr("texts[1]"), HasSubstr("null")));
  EXPECT_THAT(failure(parse_embed_text(R"({"text": "a", "texts": ["b"]})")), HasSubstr("not both"));
  EXPECT_THAT(failure(parse_embed_text(R"({"text": "a", "colour": 1})")),
              AllOf(HasSubstr("\"colour\""), HasSubstr("texts"), HasSubstr("truncate")));
  EXPECT_THAT(failure(parse_embed_text(R"({"text": "a", "normalize": 1})")),
              HasSubstr("\"normalize\": expected true or false"));
  EXPECT_THAT(failure(parse_embed_text("{\"text\": \"\xff\"}")), HasSubstr("UTF-8"));
  EXPECT_THAT(failure(parse_embed_text("{" + std::string("\"") + std::string(1000, 'k') + "\": 1}")),
              HasSubstr("unknown key"));
  EXPECT_LT(failure(parse_embed_text("{" + std::string("\"") + std::string(1000, 'k') + "\": 1}")).size(), 200u);
}

TEST(EmbedTextRequest, RefusesKeysGivenTwice) {
  EXPECT_THAT(failure(parse_embed_text(R"({"text": "a", "normalize": true, "text": "b"})")),
              HasSubstr("\"text\" is given twice"));
  EXPECT_THAT(failure(parse_embed_text(R"({"text": "a", "colour": 1, "colour": 2})")), HasSubstr("unknown key"));
}

TEST(EmbedTextRequest, TakesOnlySensibleDimensions) {
  for (const char* bad : {"0", "-1", "1.5", "512.0", "\"64\"", "null", "2147483648", "18446744073709551615", "1e3"}) {
    EXPECT_THAT(failure(parse_embed_text(std::string(R"({"text": "a", "dimensions": )") + bad + "}")),
                HasSubstr("\"dimensions\""))
        << bad;
  }
}

TEST(EmbedImageRequest, KeepsABadImageInItsPlace) {
  const auto request =
      parse_embed_image(R"({"images": ["Zm9v", "???", "data:image/png;base64,Zg=="], "dimensions": 8})");
  ASSERT_TRUE(request.ok());
  ASSERT_EQ(request->images.size(), 3u);
  EXPECT_TRUE(request->images[0].ok());
  EXPECT_FALSE(request->images[1].ok());
  EXPECT_EQ(request->images[2]->bytes.size(), 1u);
  EXPECT_EQ(request->options.dimensions, 8);
  EXPECT_EQ(parse_embed_image(R"({"image": "Zm9v"})")->images.size(), 1u);
}

TEST(EmbedImageRequest, NamesWhatIsWrong) {
  EXPECT_THAT(failure(parse_embed_image(R"({"images": [1]})")), HasSubstr("images[0]"));
  EXPECT_THAT(failure(parse_embed_image(R"({"images": [], "truncate": true})")), HasSubstr("unknown key \"truncate\""));
  EXPECT_THAT(failure(parse_embed_image(R"({"image": "Zm9v", "images": []})")), HasSubstr("not both"));
}

TEST(SimilarityRequest, ReadsAllFourLists) {
  const auto request = parse_similarity(
      R"({"images": ["Zm9v"], "texts": ["a", "b"], "image_embeddings": [[1, 2.5], [3, -4]], "text_embeddings": [[0, 1e-3]]})");
  ASSERT_TRUE(request.ok());
  EXPECT_EQ(request->images.size(), 1u);
  EXPECT_THAT(request->texts, ElementsAre("a", "b"));
  EXPECT_THAT(request->image_embeddings, ElementsAre(ElementsAre(1, 2.5f), ElementsAre(3, -4)));
  EXPECT_THAT(request->text_embeddings, ElementsAre(ElementsAre(0, 1e-3f)));
}

TEST(SimilarityRequest, NamesWhatIsWrong) {
  EXPECT_THAT(failure(parse_similarity(R"({"image_embeddings": [1]})")), HasSubstr("image_embeddings[0]"));
  EXPECT_THAT(failure(parse_similarity(R"({"text_embeddings": [[1], [2, "x"]]})")), HasSubstr("text_embeddings[1][1]"));
  EXPECT_THAT(failure(parse_similarity(R"({"text_embeddings": [[1e39]]})")), HasSubstr("float32"));
  EXPECT_THAT(failure(parse_similarity(R"({"text_embeddings": [[-1e300]]})")), HasSubstr("float32"));
  EXPECT_THAT(failure(parse_similarity(R"({"text": "a"})")), HasSubstr("unknown key \"text\""));
}

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
/// The process's largest resident size since its peak was reset, in bytes.
std::size_t peak_bytes() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word != "VmHWM:") continue;
    std::size_t kilobytes = 0;
    status >> kilobytes;
    return kilobytes * 1024;
  }
  return 0;
}

TEST(EmbedImageRequest, ALargeImageIsNotCopiedOverAndOver) {
  const std::string body = R"({"image": ")" + std::string(12u << 20, 'A') + R"("})";
  std::ofstream("/proc/self/clear_refs") << 5;  // resets the peak
  const std::size_t before = peak_bytes();
  const auto request = parse_embed_image(body);
  ASSERT_TRUE(request.ok());
  EXPECT_EQ((*request->images.front()).bytes.size(), std::size_t{9} << 20);
  EXPECT_LT(peak_bytes() - before, 4 * body.size()) << "the body itself not counted";
}
#endif

}  // namespace
}  // namespace mobileclip::proto
