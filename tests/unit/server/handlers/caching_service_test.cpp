#include "server/handlers/caching_service.h"

#include <gtest/gtest.h>

#include <future>

#include "tests/unit/server/handlers/fake_service.h"

namespace mobileclip::server {
namespace {

using ItemResults = std::vector<Result<EmbeddedItem>>;

/// Counts what reaches the engine.
class CountingService final : public EmbeddingService {
 public:
  const EngineInfo& info() const noexcept override { return fake.info(); }
  bool healthy() const noexcept override { return fake.healthy(); }
  std::size_t queue_depth(Lane lane) const noexcept override { return fake.queue_depth(lane); }
  std::optional<Error> submit_images(std::vector<ImageBytes> images, const EmbedRequest& request,
                                     EmbedCallback done) override {
    image_count += images.size();
    return fake.submit_images(std::move(images), request, std::move(done));
  }
  std::optional<Error> submit_texts(std::vector<std::string> texts, const EmbedRequest& request,
                                    EmbedCallback done) override {
    text_count += texts.size();
    return fake.submit_texts(std::move(texts), request, std::move(done));
  }
  std::optional<Error> submit_token_ids(std::vector<TokenIds> texts, const EmbedRequest& request,
                                        EmbedCallback done) override {
    text_count += texts.size();
    return fake.submit_token_ids(std::move(texts), request, std::move(done));
  }
  const Tokenizer& tokenizer() const noexcept override { return fake.tokenizer(); }

  FakeService fake;
  std::size_t image_count = 0;
  std::size_t text_count = 0;
};

class CachingServiceTest : public ::testing::Test {
 protected:
  static ItemResults wait_for(const std::function<std::optional<Error>(EmbedCallback)>& submit) {
    const auto answer = std::make_shared<std::promise<ItemResults>>();
    const auto refused = submit([answer](ItemResults results) { answer->set_value(std::move(results)); });
    EXPECT_FALSE(refused);
    return answer->get_future().get();
  }
  static ItemResults embed_texts(EmbeddingService& service, std::vector<std::string> texts,
                                 const EmbedRequest& request = {}) {
    return wait_for(
        [&](EmbedCallback done) { return service.submit_texts(std::move(texts), request, std::move(done)); });
  }
  static ItemResults embed_image(EmbeddingService& service, std::string content) {
    const auto owner = std::make_shared<const std::string>(std::move(content));
    return wait_for([&](EmbedCallback done) {
      return service.submit_images({{.bytes = std::as_bytes(std::span(*owner)), .owner = owner}}, {}, std::move(done));
    });
  }

  Metrics metrics{{}};
  ModelMetrics& model_metrics = metrics.add_model("m");
  CacheSizes sizes{.images = 0, .texts = 1 << 20};
  CountingService engine;
};

TEST_F(CachingServiceTest, RemembersWhatHasRoom) {
  CachingService service(engine, {}, sizes, model_metrics);
  for (int i = 0; i < 3; ++i) {
    embed_texts(service, {"a cat", "a dog"});
    embed_image(service, "pixels");
  }
  EXPECT_EQ(engine.text_count, 2u);
  EXPECT_EQ(engine.image_count, 3u);
}

TEST_F(CachingServiceTest, EachLaneCanBeSwitched) {
  sizes.texts = 0;
  sizes.images = 1 << 20;
  CachingService service(engine, {}, sizes, model_metrics);
  for (int i = 0; i < 3; ++i) {
    embed_texts(service, {"a cat"});
    embed_image(service, "pixels");
    embed_image(service, "pixelt");
  }
  EXPECT_EQ(engine.text_count, 3u);
  EXPECT_EQ(engine.image_count, 2u);
}

TEST_F(CachingServiceTest, OptionsAreNotMixedUp) {
  CachingService service(engine, {}, sizes, model_metrics);
  for (int i = 0; i < 2; ++i) {
    EXPECT_EQ(embed_texts(service, {"a very long text"}).front()->embedding.size(), 4u);
    EXPECT_TRUE(embed_texts(service, {"a very long text"}).front()->truncated);
    EXPECT_EQ(embed_texts(service, {"a very long text"}, {.dimensions = 2}).front()->embedding.size(), 2u);
    const auto refused = embed_texts(service, {"a very long text"}, {.truncate = false});
    EXPECT_EQ(refused.front().error().code, ErrorCode::kTextTooLong);
  }
}

TEST_F(CachingServiceTest, WhatIsNotAboutItemsIsTheEngines) {
  CachingService service(engine, {}, sizes, model_metrics);
  EXPECT_EQ(&service.info(), &engine.info());
  EXPECT_EQ(service.queue_depth(Lane::kText), 5u);
  engine.fake.is_healthy = false;
  EXPECT_FALSE(service.healthy());
  engine.fake.texts_refusal = Error{ErrorCode::kOverloaded, "full"};
  const auto refused = service.submit_texts({"a"}, {}, [](ItemResults) { FAIL(); });
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->message, "full");
}

TEST_F(CachingServiceTest, PassesTokenIdsOn) {
  CachingService service(engine, {}, sizes, model_metrics);
  for (int i = 0; i < 2; ++i) {
    const auto answers = wait_for([&](EmbedCallback done) {
      return service.submit_token_ids({{49406, 320, 49407}}, {}, std::move(done));
    });
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_TRUE(answers[0].ok());
  }
  EXPECT_EQ(engine.text_count, 2U);
  EXPECT_EQ(&service.tokenizer(), &engine.tokenizer());
}

}  // namespace
}  // namespace mobileclip::server
