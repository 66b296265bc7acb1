#include "server/handlers/releasable_service.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <stdexcept>

#include "server/handlers/model_keeper.h"
#include "tests/unit/server/handlers/fake_service.h"

namespace mobileclip::server {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using ItemResults = std::vector<Result<EmbeddedItem>>;

/// Embeds a text of n bytes as {n}: at once, from any number of threads, or when answer() is called.
class QuickService final : public EmbeddingService {
 public:
  explicit QuickService(const std::string& id) : fake_(id) {}
  ~QuickService() override { EXPECT_TRUE(held_.empty()) << "released with work in hand"; }

  const EngineInfo& info() const noexcept override { return fake_.info(); }
  bool healthy() const noexcept override { return true; }
  std::size_t queue_depth(Lane /*lane*/) const noexcept override { return 0; }
  std::optional<Error> submit_images(std::vector<ImageBytes>, const EmbedRequest&, EmbedCallback) override {
    return Error{ErrorCode::kInternal, "not asked for"};
  }
  std::optional<Error> submit_token_ids(std::vector<TokenIds>, const EmbedRequest&, EmbedCallback) override {
    return Error{ErrorCode::kInternal, "not asked for"};
  }
  std::optional<Error> submit_texts(std::vector<std::string> texts, const EmbedRequest&, EmbedCallback done) override {
    if (refusal) return refusal;
    ItemResults results;
    for (const std::string& text : texts)
      results.emplace_back(EmbeddedItem{.embedding = {static_cast<float>(text.size())}, .timings = {}});
    if (holds) {
      held_.push_back([results, done = std::move(done)] { done(results); });
    } else {
      done(std::move(results));
    }
    return std::nullopt;
  }
  const Tokenizer& tokenizer() const noexcept override { return fake_.tokenizer(); }

  void answer() {
    for (const auto& answer : std::exchange(held_, {})) answer();
  }

  bool holds = false;
  std::optional<Error> refusal;

 private:
  FakeService fake_;
  std::vector<std::function<void()>> held_;
};

/// A model that answers at once and can be told to fail to load.
struct Loadable {
  explicit Loadable(std::string name, Metrics& metrics, std::size_t bytes = 100, EngineOptions options = {})
      : id(std::move(name)),
        service({.id = id,
                 .loaded = std::make_unique<QuickService>(id),
                 .load = [this] { return load(); },
                 .tokenizer = nullptr,
                 .bytes = bytes},
                options, metrics.add_model(id)) {}

  std::unique_ptr<EmbeddingService> load() {
    ++loads;
    if (fails) throw std::runtime_error("the disk is gone");
    return std::make_unique<QuickService>(changed ? "other" : id);
  }

  std::future<ItemResults> ask(std::vector<std::string> texts = {"a"}) {
    const auto answer = std::make_shared<std::promise<ItemResults>>();
    refused = service.submit_texts(std::move(texts), {}, [answer](ItemResults r) { answer->set_value(std::move(r)); });
    return answer->get_future();
  }

  std::string id;
  std::atomic<int> loads{0};
  std::atomic<bool> fails{false};
  std::atomic<bool> changed{false};
  std::optional<Error> refused;
  ReleasableService service;
};

class ReleasableServiceTest : public ::testing::Test {
 protected:
  [[nodiscard]] double metric(const std::string& name) {
    const std::string page = metrics.render();
    const std::string before = "\n" + name + "{model=\"m\"} ";
    const std::size_t at = page.find(before);
    return at == std::string::npos ? -1 : std::stod(page.substr(at + before.size()));
  }

  Metrics metrics{{}};
};

TEST_F(ReleasableServiceTest, AnswersWhileItIsLoadedAndWaitsWhileItIsNot) {
  Loadable model("m", metrics);
  EXPECT_TRUE(model.ask().get().front());
  int wanted = 0;
  model.service.set_wanted([&] { ++wanted; });
  model.service.release();
  EXPECT_FALSE(model.service.is_loaded());
  EXPECT_EQ(model.service.info().fingerprint, "m-weights") << "is known all the same";
  EXPECT_TRUE(model.service.healthy());

  auto first = model.ask({"abc"});
  auto second = model.ask({"ab"});
  EXPECT_EQ(wanted, 2);
  EXPECT_EQ(model.service.queue_depth(Lane::kText), 2u);
  EXPECT_EQ(first.wait_for(0s), std::future_status::timeout);
  model.service.load();
  EXPECT_EQ(first.get().front()->embedding[0], 3);
  EXPECT_EQ(second.get().front()->embedding[0], 2);
  EXPECT_EQ(model.loads, 1) << "once for all who waited";
  EXPECT_EQ(metric("mobileclip_model_loads_total"), 2) << "the start's, too";
  EXPECT_EQ(metric("mobileclip_model_loaded"), 1);
}

TEST_F(ReleasableServiceTest, SaysWhatItHolds) {
  Loadable model("m", metrics, 1234);
  EXPECT_EQ(metric("mobileclip_model_bytes"), 1234);
  model.service.release();
  EXPECT_EQ(metric("mobileclip_model_bytes"), 0);
  EXPECT_EQ(metric("mobileclip_model_loaded"), 0);
}

TEST_F(ReleasableServiceTest, AFailureToLoadAnswersThoseWhoWaitAndTheNextTriesAgain) {
  Loadable model("m", metrics);
  model.service.release();
  model.fails = true;
  auto asked = model.ask({"a", "b"});
  model.service.load();
  const ItemResults results = asked.get();
  ASSERT_EQ(results.size(), 2u);
  EXPECT_EQ(results[1].error().code, ErrorCode::kUnavailable);
  EXPECT_THAT(results[1].error().message, HasSubstr("the model m cannot be loaded"));
  EXPECT_EQ(metric("mobileclip_model_load_failures_total"), 1);
  EXPECT_EQ(model.service.queue_depth(Lane::kText), 0u);

  model.fails = false;
  asked = model.ask();
  model.service.load();
  EXPECT_TRUE(asked.get().front());
}

TEST_F(ReleasableServiceTest, OtherWeightsInTheSameDirectoryAreNotTheSameModel) {
  Loadable model("m", metrics);
  model.service.release();
  model.changed = true;
  auto asked = model.ask();
  model.service.load();
  EXPECT_EQ(asked.get().front().error().code, ErrorCode::kUnavailable);
  EXPECT_FALSE(model.service.is_loaded());
}

TEST_F(ReleasableServiceTest, NoMoreWaitThanItsQueuesHold) {
  Loadable model("m", metrics, 100, {.max_queue_items = 2});
  model.service.release();
  auto first = model.ask({"a", "b"});
  EXPECT_FALSE(model.refused);
  (void)model.ask({"c"});
  ASSERT_TRUE(model.refused);
  EXPECT_EQ(model.refused->code, ErrorCode::kOverloaded);
  model.service.load();
  EXPECT_EQ(first.get().size(), 2u);
  EXPECT_TRUE(model.ask({"c"}).get().front());
}

TEST_F(ReleasableServiceTest, WhatIsRefusedOnceItIsLoadedIsAnswered) {
  Loadable model("m", metrics);
  model.service.release();
  auto loaded = std::make_unique<QuickService>("m");
  loaded->refusal = Error{ErrorCode::kOverloaded, "full"};
  ReleasableService service({.id = "n",
                             .loaded = std::make_unique<QuickService>("m"),
                             .load = [&loaded] { return std::move(loaded); },
                             .tokenizer = nullptr,
                             .bytes = 1},
                            {}, metrics.add_model("n"));
  service.release();
  std::promise<ItemResults> answer;
  ASSERT_FALSE(service.submit_texts({"a"}, {}, [&](ItemResults r) { answer.set_value(std::move(r)); }));
  service.load();
  EXPECT_EQ(answer.get_future().get().front().error().message, "full");
}

TEST_F(ReleasableServiceTest, FinishesWhatItHasBeforeItGoes) {
  auto owned = std::make_unique<QuickService>("m");
  QuickService& busy = *owned;
  busy.holds = true;
  ReleasableService service({.id = "m",
                             .loaded = std::move(owned),
                             .load = [] { return std::make_unique<QuickService>("m"); },
                             .tokenizer = nullptr,
                             .bytes = 1},
                            {}, metrics.add_model("m"));
  std::atomic<int> answered{0};
  int asked = 1;
  const auto count = [&answered](ItemResults) { ++answered; };
  ASSERT_FALSE(service.submit_texts({"a"}, {}, count));
  service.release_if_unused_since(ReleasableService::Clock::now() + 1h);
  EXPECT_TRUE(service.is_loaded()) << "it is at work";
  std::jthread keeper([&] { service.release(); });
  for (; service.queue_depth(Lane::kText) == 0; ++asked) {  // until what comes waits for the next load
    ASSERT_FALSE(service.submit_texts({"b"}, {}, count));
    std::this_thread::sleep_for(1ms);
  }
  EXPECT_EQ(answered, 0);
  busy.answer();
  keeper.join();
  EXPECT_FALSE(service.is_loaded());
  EXPECT_EQ(answered, asked - 1);
  service.load();
  EXPECT_EQ(answered, asked);
}

TEST_F(ReleasableServiceTest, AnswersWhoWaitsWhenItEnds) {
  std::future<ItemResults> asked;
  {
    Loadable model("m", metrics);
    model.service.release();
    asked = model.ask();
  }
  EXPECT_EQ(asked.get().front().error().code, ErrorCode::kUnavailable);
}

class ModelKeeperTest : public ::testing::Test {
 protected:
  static void wait_until(const std::function<bool()>& holds) {
    for (int i = 0; i < 5000 && !holds(); ++i) std::this_thread::sleep_for(1ms);
    EXPECT_TRUE(holds());
  }

  Metrics metrics{{}};
};

TEST_F(ModelKeeperTest, ReleasesWhatNobodyUsesAndLoadsItAgain) {
  Loadable model("m", metrics);
  ModelKeeper keeper({.idle_release = 20ms});
  keeper.add(model.service);
  keeper.start();
  wait_until([&] { return !model.service.is_loaded(); });
  EXPECT_TRUE(model.ask().get().front());
  EXPECT_EQ(model.loads, 1);
  wait_until([&] { return !model.service.is_loaded(); });
}

TEST_F(ModelKeeperTest, KeepsEverythingUnlessToldOtherwise) {
  Loadable model("m", metrics);
  ModelKeeper keeper({});
  keeper.add(model.service);
  keeper.start();
  std::this_thread::sleep_for(50ms);
  EXPECT_TRUE(model.service.is_loaded());
}

TEST_F(ModelKeeperTest, TheLeastRecentlyUsedMakesRoom) {
  Loadable a("a", metrics);
  Loadable b("b", metrics);
  Loadable c("c", metrics);
  ModelKeeper keeper({.memory = 250});
  for (Loadable* model : {&a, &b, &c}) keeper.add(model->service);
  keeper.start();
  EXPECT_TRUE(a.service.is_loaded() && b.service.is_loaded()) << "the first ones";
  EXPECT_FALSE(c.service.is_loaded());
  a.ask().get();
  c.ask().get();
  EXPECT_TRUE(a.service.is_loaded());
  EXPECT_FALSE(b.service.is_loaded());
  b.ask().get();
  EXPECT_FALSE(a.service.is_loaded());
  EXPECT_EQ(a.loads + b.loads + c.loads, 2);
}

TEST_F(ModelKeeperTest, RefusesAModelThatNeverFits) {
  Loadable model("m", metrics, 300);
  ModelKeeper keeper({.memory = 250});
  try {
    keeper.add(model.service);
    FAIL();
  } catch (const std::runtime_error& error) {
    EXPECT_THAT(error.what(), HasSubstr("engine.models_memory: expected at least 300 bytes, which the model m takes"));
  }
}

TEST_F(ModelKeeperTest, ManyAskersWhileModelsComeAndGo) {
  Loadable a("a", metrics);
  Loadable b("b", metrics);
  ModelKeeper keeper({.idle_release = 1ms, .memory = 150});
  keeper.add(a.service);
  keeper.add(b.service);
  keeper.start();
  std::vector<std::jthread> askers;
  for (int asker = 0; asker < 4; ++asker) {
    askers.emplace_back([&, asker] {
      for (int i = 0; i < 100; ++i) {
        ReleasableService& service = (asker + i) % 2 == 0 ? a.service : b.service;
        std::promise<ItemResults> answer;
        ASSERT_FALSE(service.submit_texts({"abc"}, {}, [&](ItemResults r) { answer.set_value(std::move(r)); }));
        ASSERT_EQ(answer.get_future().get().front()->embedding[0], 3);
        if (i % 10 == 0) std::this_thread::sleep_for(2ms);
      }
    });
  }
}

}  // namespace
}  // namespace mobileclip::server
