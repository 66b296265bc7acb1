#include "server/cache/cached_lane.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <latch>
#include <random>
#include <string>
#include <thread>

#include "server/metrics/metrics.h"

namespace mobileclip::server {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using Results = std::vector<Result<EmbeddedItem>>;

ContentKey key_of(const std::string& text) {
  ContentKey key{};
  std::memcpy(key.data(), text.data(), std::min(text.size(), key.size()));
  return key;
}

EmbeddedItem embedded(const std::string& text) {
  EmbeddedItem item{.embedding = {static_cast<float>(text.size()), static_cast<float>(text.front())},
                    .timings = {.prepare = std::chrono::nanoseconds(1),
                                .queue = std::chrono::nanoseconds(2),
                                .inference = std::chrono::nanoseconds(3)}};
  item.tokens = static_cast<std::uint32_t>(text.size());
  item.truncated = text.size() > 5;
  return item;
}

/// An engine that answers when the test says so.
struct Submitted {
  std::vector<std::string> inputs;
  EmbedRequest request;
  EmbedCallback done;

  void answer() const {
    Results results;
    for (const std::string& input : inputs) results.emplace_back(embedded(input));
    done(std::move(results));
  }
  void fail(ErrorCode code) const { done(Results(inputs.size(), Error{code, "no"})); }
};

struct Asked {
  std::optional<Error> refused;
  std::optional<Results> results;

  [[nodiscard]] const EmbeddedItem& item(std::size_t i = 0) const { return results->at(i).value(); }
  [[nodiscard]] ErrorCode error(std::size_t i = 0) const { return results->at(i).error().code; }
};

class CachedLaneTest : public ::testing::Test {
 protected:
  explicit CachedLaneTest(std::size_t max_bytes = 1 << 20)
      : lane(std::make_shared<CachedLane<std::string>>(
            Lane::kText, max_bytes,
            [this](std::vector<std::string> inputs, const EmbedRequest& request,
                   EmbedCallback done) -> std::optional<Error> {
              if (refusal) return refusal;
              submitted.push_back({std::move(inputs), request, std::move(done)});
              return std::nullopt;
            },
            model_metrics)) {}

  std::shared_ptr<Asked> ask(std::vector<std::string> texts, const EmbedRequest& request = {}) {
    auto asked = std::make_shared<Asked>();
    std::vector<ContentKey> keys;
    for (const std::string& text : texts) keys.push_back(key_of(text));
    asked->refused = lane->submit(std::move(texts), keys, request, [asked](Results results) {
      EXPECT_FALSE(asked->results) << "answered twice";
      asked->results = std::move(results);
    });
    return asked;
  }

  double metric(const std::string& name) {
    const std::string page = metrics.render();
    const std::size_t at = page.find("\n" + name + " ");
    return at == std::string::npos ? -1 : std::stod(page.substr(at + name.size() + 2));
  }
  double lookups(const std::string& outcome) {
    return metric("mobileclip_cache_lookups_total{lane=\"text\",model=\"m\",outcome=\"" + outcome + "\"}");
  }

  Metrics metrics{{}};
  ModelMetrics& model_metrics = metrics.add_model("m");
  std::optional<Error> refusal;
  std::vector<Submitted> submitted;
  std::shared_ptr<CachedLane<std::string>> lane;
};

/// A request whose client may leave.
struct Abandonable {
  std::shared_ptr<std::atomic<bool>> left = std::make_shared<std::atomic<bool>>(false);
  EmbedRequest request = {.abandoned = left};
};

TEST_F(CachedLaneTest, AnswersAgainWithoutTheEngine) {
  const auto first = ask({"a long cat"});
  EXPECT_FALSE(first->results);
  submitted.at(0).answer();
  EXPECT_EQ(first->item().timings.inference.count(), 3);

  const auto second = ask({"a long cat"});
  ASSERT_TRUE(second->results);
  EXPECT_EQ(second->item().embedding, first->item().embedding);
  EXPECT_EQ(second->item().tokens, 10u);
  EXPECT_TRUE(second->item().truncated);
  EXPECT_EQ(second->item().timings.prepare.count(), 0);
  EXPECT_EQ(second->item().timings.queue.count(), 0);
  EXPECT_EQ(second->item().timings.inference.count(), 0);
  EXPECT_THAT(submitted, SizeIs(1));
  EXPECT_EQ(lookups("hit"), 1);
  EXPECT_EQ(lookups("miss"), 1);
  EXPECT_EQ(metric("mobileclip_cache_entries{lane=\"text\",model=\"m\"}"), 1);
  EXPECT_GT(metric("mobileclip_cache_bytes{lane=\"text\",model=\"m\"}"), 100);
}

TEST_F(CachedLaneTest, OnlyWhatIsMissingGoesToTheEngineAndOrderStays) {
  ask({"a", "bb"});
  submitted.at(0).answer();
  const auto asked = ask({"bb", "ccc", "a", "dddd"});
  EXPECT_THAT(submitted.at(1).inputs, ElementsAre("ccc", "dddd"));
  EXPECT_FALSE(asked->results);
  submitted.at(1).answer();
  ASSERT_TRUE(asked->results);
  EXPECT_THAT(asked->item(0).embedding, ElementsAre(2, 'b'));
  EXPECT_THAT(asked->item(1).embedding, ElementsAre(3, 'c'));
  EXPECT_THAT(asked->item(2).embedding, ElementsAre(1, 'a'));
  EXPECT_THAT(asked->item(3).embedding, ElementsAre(4, 'd'));
}

TEST_F(CachedLaneTest, EqualInputsOfOneRequestAreEmbeddedOnce) {
  const auto asked = ask({"a", "bb", "a", "a"});
  EXPECT_THAT(submitted.at(0).inputs, ElementsAre("a", "bb"));
  submitted.at(0).answer();
  ASSERT_TRUE(asked->results);
  for (const std::size_t i : {0u, 2u, 3u}) EXPECT_THAT(asked->item(i).embedding, ElementsAre(1, 'a'));
  EXPECT_EQ(lookups("coalesced"), 2);
}

TEST_F(CachedLaneTest, WhoAsksMeanwhileGetsTheSameAnswer) {
  const auto leader = ask({"a"});
  const auto follower = ask({"a"});
  const auto mixed = ask({"bb", "a"});
  ASSERT_THAT(submitted, SizeIs(2));
  submitted.at(0).answer();
  ASSERT_TRUE(leader->results && follower->results);
  EXPECT_EQ(follower->item().embedding, leader->item().embedding);
  EXPECT_EQ(follower->item().timings.inference.count(), 0);
  EXPECT_FALSE(mixed->results);
  submitted.at(1).answer();
  ASSERT_TRUE(mixed->results);
  EXPECT_EQ(mixed->item(1).embedding, leader->item().embedding);
  EXPECT_EQ(lookups("coalesced"), 2);
}

TEST_F(CachedLaneTest, ALeaderThatLeavesLosesNobody) {
  for (const ErrorCode reason : {ErrorCode::kCancelled, ErrorCode::kDeadlineExceeded}) {
    submitted.clear();
    const std::string text = reason == ErrorCode::kCancelled ? "cancelled" : "expired";
    const auto leader = ask({text});
    const Abandonable own;
    const auto follower = ask({text}, own.request);
    const auto last = ask({text});
    submitted.at(0).fail(reason);
    EXPECT_EQ(leader->error(), reason);
    EXPECT_FALSE(follower->results || last->results);
    ASSERT_THAT(submitted, SizeIs(2));
    EXPECT_THAT(submitted.at(1).inputs, ElementsAre(text));
    EXPECT_EQ(submitted.at(1).request.abandoned, own.left);
    submitted.at(1).answer();
    ASSERT_TRUE(follower->results && last->results);
    EXPECT_EQ(follower->item().embedding, last->item().embedding);
  }
}

TEST_F(CachedLaneTest, FollowersThatLeftDoNotLead) {
  ask({"a"});
  const Abandonable leaving;
  const auto gone = ask({"a"}, leaving.request);
  EmbedRequest late;
  late.deadline = Deadline::after(std::chrono::nanoseconds(0));
  const auto expired = ask({"a"}, late);
  const auto waiting = ask({"a"});
  leaving.left->store(true);
  submitted.at(0).fail(ErrorCode::kCancelled);
  EXPECT_EQ(gone->error(), ErrorCode::kCancelled);
  EXPECT_EQ(expired->error(), ErrorCode::kDeadlineExceeded);
  ASSERT_THAT(submitted, SizeIs(2));
  submitted.at(1).answer();
  EXPECT_TRUE(waiting->results->front().ok());
}

TEST_F(CachedLaneTest, AFlightWithoutFollowersEnds) {
  ask({"a"});
  submitted.at(0).fail(ErrorCode::kCancelled);
  const auto again = ask({"a"});
  ASSERT_THAT(submitted, SizeIs(2));
  submitted.at(1).answer();
  EXPECT_TRUE(again->results->front().ok());
}

TEST_F(CachedLaneTest, ErrorsOfTheInputReachAllAndAreForgotten) {
  const auto leader = ask({"a", "bb"});
  const auto follower = ask({"a"});
  submitted.at(0).done({Error{ErrorCode::kInvalidText, "not UTF-8"}, embedded("bb")});
  EXPECT_EQ(leader->error(0), ErrorCode::kInvalidText);
  EXPECT_TRUE(leader->results->at(1).ok());
  EXPECT_EQ(follower->error(), ErrorCode::kInvalidText);
  ask({"a"});
  EXPECT_THAT(submitted, SizeIs(2));
}

TEST_F(CachedLaneTest, AFailingEngineIsNotAskedAgainForFollowers) {
  const auto leader = ask({"a"});
  const auto follower = ask({"a"});
  submitted.at(0).fail(ErrorCode::kUnavailable);
  EXPECT_EQ(leader->error(), ErrorCode::kUnavailable);
  EXPECT_EQ(follower->error(), ErrorCode::kUnavailable);
  EXPECT_THAT(submitted, SizeIs(1));
}

TEST_F(CachedLaneTest, ARefusalIsPassedOnAndNothingStays) {
  refusal = Error{ErrorCode::kOverloaded, "full"};
  const auto asked = ask({"a", "a"});
  ASSERT_TRUE(asked->refused);
  EXPECT_EQ(asked->refused->code, ErrorCode::kOverloaded);
  EXPECT_FALSE(asked->results);
  refusal.reset();
  const auto again = ask({"a"});
  ASSERT_THAT(submitted, SizeIs(1));
  submitted.at(0).answer();
  EXPECT_TRUE(again->results);
  EXPECT_FALSE(asked->results);
  EXPECT_EQ(lookups("miss"), 1);
}

TEST_F(CachedLaneTest, ARefusedRequestThatFollowedIsNeverAnswered) {
  const auto leader = ask({"a"});
  refusal = Error{ErrorCode::kOverloaded, "full"};
  const auto refused = ask({"a", "bb"});
  ASSERT_TRUE(refused->refused);
  refusal.reset();
  submitted.at(0).fail(ErrorCode::kCancelled);
  EXPECT_THAT(submitted, SizeIs(1)) << "nobody wants it any more";
  EXPECT_TRUE(leader->results);
  EXPECT_FALSE(refused->results);
}

TEST_F(CachedLaneTest, AFollowerThatMayNotLeadIsTold) {
  ask({"a"});
  const auto follower = ask({"a"});
  const auto other = ask({"a"});
  refusal = Error{ErrorCode::kOverloaded, "full"};
  submitted.at(0).fail(ErrorCode::kDeadlineExceeded);
  EXPECT_EQ(follower->error(), ErrorCode::kOverloaded);
  EXPECT_EQ(other->error(), ErrorCode::kOverloaded);
}

TEST_F(CachedLaneTest, ClosedItLeadsNoMoreButAnswers) {
  ask({"a"});
  const auto follower = ask({"a"});
  const auto other = ask({"bb"});
  lane->close();
  const std::vector<Submitted> engine = std::move(submitted);
  submitted.clear();
  lane.reset();
  engine.at(0).fail(ErrorCode::kCancelled);
  EXPECT_EQ(follower->error(), ErrorCode::kUnavailable);
  engine.at(1).answer();
  EXPECT_TRUE(other->results->front().ok());
  EXPECT_THAT(submitted, IsEmpty());
}

class SmallCachedLaneTest : public CachedLaneTest {
 protected:
  SmallCachedLaneTest() : CachedLaneTest(800) {}
};

TEST_F(SmallCachedLaneTest, ForgetsTheOldest) {
  for (const char* text : {"a", "b", "c", "d", "e"}) {
    ask({text});
    submitted.back().answer();
  }
  EXPECT_LE(metric("mobileclip_cache_bytes{lane=\"text\",model=\"m\"}"), 800);
  const double kept = metric("mobileclip_cache_entries{lane=\"text\",model=\"m\"}");
  EXPECT_GE(kept, 2);
  EXPECT_EQ(metric("mobileclip_cache_evictions_total{lane=\"text\",model=\"m\"}"), 5 - kept);
  ask({"e"});
  EXPECT_THAT(submitted, SizeIs(5));
  ask({"a"});
  EXPECT_THAT(submitted, SizeIs(6));
}

/// Many threads ask for few texts; the engine answers on threads of its own and fails for all reasons there are.
TEST(CachedLaneThreads, EveryAskerGetsItsAnswerOnce) {
  constexpr int kAskers = 8;
  constexpr int kRounds = 300;
  Metrics metrics{{}};
  ModelMetrics& model_metrics = metrics.add_model("m");
  std::mutex threads_mutex;
  std::vector<std::jthread> threads;
  std::atomic<unsigned> calls{0};
  const auto submit = [&](std::vector<std::string> inputs, const EmbedRequest& request,
                          EmbedCallback done) -> std::optional<Error> {
    const unsigned call = calls++;
    if (call % 11 == 3) return Error{ErrorCode::kOverloaded, "full"};
    const std::lock_guard lock(threads_mutex);
    threads.emplace_back([call, inputs = std::move(inputs), abandoned = request.abandoned, done = std::move(done)] {
      std::this_thread::yield();
      Results results;
      for (const std::string& input : inputs) {
        if (abandoned->load()) {
          results.emplace_back(Error{ErrorCode::kCancelled, "left"});
        } else if (call % 7 == 1) {
          results.emplace_back(Error{ErrorCode::kDeadlineExceeded, "late"});
        } else {
          results.emplace_back(embedded(input));
        }
      }
      done(std::move(results));
    });
    return std::nullopt;
  };
  auto lane = std::make_shared<CachedLane<std::string>>(Lane::kText, 1500, submit, model_metrics);  // forgets most

  std::atomic<int> answered{0};
  std::atomic<int> refused{0};
  std::atomic<int> wrong{0};
  {
    std::vector<std::jthread> askers;
    for (int asker = 0; asker < kAskers; ++asker) {
      askers.emplace_back([&, asker] {
        std::mt19937 random(static_cast<unsigned>(asker));
        for (int round = 0; round < kRounds; ++round) {
          std::vector<std::string> texts;
          for (unsigned i = 0; i < 1 + random() % 4; ++i) texts.push_back(std::string(1 + random() % 9, 'x'));
          std::vector<ContentKey> keys;
          for (const std::string& text : texts) keys.push_back(key_of(text));
          const Abandonable asker_request;
          const auto latch = std::make_shared<std::latch>(1);
          const auto check = [&, texts, latch](Results results) {
            ++answered;
            if (results.size() != texts.size()) ++wrong;
            for (std::size_t i = 0; i < results.size(); ++i) {
              if (results[i].ok() ? results[i]->embedding != embedded(texts[i]).embedding
                                  : results[i].error().code == ErrorCode::kInternal)
                ++wrong;
            }
            latch->count_down();
          };
          const bool leaves = random() % 5 == 0;
          if (lane->submit(texts, keys, asker_request.request, check)) {
            ++refused;
            continue;
          }
          if (leaves) asker_request.left->store(true);
          latch->wait();
        }
      });
    }
  }
  {
    const std::lock_guard lock(threads_mutex);
    threads.clear();
  }
  lane->close();
  EXPECT_EQ(answered + refused, kAskers * kRounds);
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(refused, 0);
}

}  // namespace
}  // namespace mobileclip::server
