// The engine whole, on a model of the real architecture but a few channels wide, so that it runs in milliseconds.
#include "engine/runtime/engine.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <fstream>
#include <future>
#include <latch>
#include <thread>

#include "engine/runtime/workers.h"
#include "engine/tokenizer/demo_vocabulary.h"
#include "tests/support/synthetic_model.h"

namespace mobileclip {
namespace {

namespace fs = std::filesystem;
using Results = std::vector<Result<EmbeddedItem>>;

constexpr int kEmbedDim = 32;

LoadedClipModel tiny_model(const std::function<bool()>& damaged = {}) {
  ModelConfig config{.name = "tiny",
                     .image = MciConfig{.name = "tiny",
                                        .layers = {1, 1, 1, 1},
                                        .embed_dims = {16, 32, 64, 128},
                                        .mlp_ratio = 2,
                                        .se_downsamples = {false, false, false, false}},
                     .text = {.width = 64, .heads = 1, .layers = 2, .mlp_width = 256},
                     .embed_dim = kEmbedDim,
                     .preprocess = {.image_size = 64}};
  // Squeeze-excite of the real models is a multiple of 16 wide; final_conv's is final_dim / 16 = 16 here.
  const fs::path vocabulary = fs::path(::testing::TempDir()) / ("tokenizer" + std::to_string(::getpid()) + ".json");
  std::ofstream(vocabulary) << demo_tokenizer_json();
  LoadedClipModel model{.config = config,
                        .image = testing::synthetic_tower(image_tensors(config, ImageForm::kFused), 1),
                        .text = testing::synthetic_tower(text_tensors(config.text, kEmbedDim), 1),
                        .logit_scale = 100.0F,
                        .tokenizer = ClipTokenizer::load(vocabulary),
                        .fingerprint = "0",
                        .source_layout = "memory",
                        .synthetic = true,
                        .damaged = damaged};
  fs::remove(vocabulary);
  return model;
}

/// A 24-bit BMP whose pixels follow from `seed`.
ImageBytes bmp(int seed, int width = 70, int height = 66) {
  const int row = (width * 3 + 3) / 4 * 4;
  auto file = std::make_shared<std::vector<std::uint8_t>>(static_cast<std::size_t>(54 + row * height));
  const auto put = [&](int at, std::uint32_t v) { std::memcpy(file->data() + at, &v, 4); };
  (*file)[0] = 'B';
  (*file)[1] = 'M';
  put(2, static_cast<std::uint32_t>(file->size()));
  put(10, 54);
  put(14, 40);
  put(18, static_cast<std::uint32_t>(width));
  put(22, static_cast<std::uint32_t>(height));
  put(26, 1 | (24 << 16));
  for (std::size_t i = 54; i < file->size(); ++i)
    (*file)[i] = static_cast<std::uint8_t>(seed == 0 ? 0 : (i * static_cast<std::size_t>(seed) * 7) >> 3);
  return {.bytes = std::as_bytes(std::span(*file)), .owner = file};
}

class EngineTest : public ::testing::Test {
 protected:
  static std::unique_ptr<Engine> make(EngineOptions options = {}, EngineObserver* observer = nullptr) {
    if (options.threads == 0) options.threads = 3;
    return std::make_unique<Engine>(tiny_model(), options, observer);
  }

  static Results images(Engine& engine, std::vector<ImageBytes> inputs, const EmbedRequest& request = {}) {
    std::promise<Results> promise;
    const auto refused =
        engine.submit_images(std::move(inputs), request, [&](Results r) { promise.set_value(std::move(r)); });
    EXPECT_FALSE(refused) << refused->message;
    return promise.get_future().get();
  }

  static Results texts(Engine& engine, std::vector<std::string> inputs, const EmbedRequest& request = {}) {
    std::promise<Results> promise;
    const auto refused =
        engine.submit_texts(std::move(inputs), request, [&](Results r) { promise.set_value(std::move(r)); });
    EXPECT_FALSE(refused) << refused->message;
    return promise.get_future().get();
  }

  static Results token_ids(Engine& engine, std::vector<TokenIds> inputs, const EmbedRequest& request = {}) {
    std::promise<Results> promise;
    const auto refused =
        engine.submit_token_ids(std::move(inputs), request, [&](Results r) { promise.set_value(std::move(r)); });
    EXPECT_FALSE(refused) << refused->message;
    return promise.get_future().get();
  }

  static double norm(const std::vector<float>& x) {
    double sum = 0;
    for (const float v : x) sum += double{v} * double{v};
    return std::sqrt(sum);
  }
};

TEST_F(EngineTest, SeveralShareTheirWorkersAndGoWhileOthersWork) {
  const auto alone = make();
  const std::vector<float> expected = texts(*alone, {"a photo of a cat"}).front()->embedding;
  Workers workers(2, "auto");
  const auto borrow = [&workers] {
    return std::make_unique<Engine>(
        workers, make_runnable(tiny_model(), arithmetic_of(Precision::kFp32, workers.kernels())), EngineOptions{});
  };
  const auto stays = borrow();
  EXPECT_EQ(stays->info().threads, 2);
  std::atomic<bool> stop{false};
  std::jthread keeps_it_busy([&] {
    while (!stop) EXPECT_TRUE(images(*stays, {bmp(1), bmp(2)}).front());
  });
  for (int i = 0; i < 5; ++i) {
    const auto goes = borrow();
    EXPECT_EQ(texts(*goes, {"a photo of a cat"}).front()->embedding, expected);
    ASSERT_FALSE(goes->submit_images({bmp(3)}, {}, [](Results) {}));
  }  // its destructor waits for what it took, not for the other's endless work
  stop = true;
}

TEST_F(EngineTest, WarmsUpAndEmbedsBothKinds) {
  const auto engine = make();
  engine->warm_up();
  EXPECT_TRUE(engine->healthy());
  const Results image = images(*engine, {bmp(1)});
  const Results text = texts(*engine, {"a cat"});
  for (const Results* results : {&image, &text}) {
    ASSERT_TRUE(results->front().ok());
    EXPECT_EQ(results->front()->embedding.size(), static_cast<std::size_t>(kEmbedDim));
    EXPECT_NEAR(norm(results->front()->embedding), 1.0, 1e-4);
  }
  EXPECT_EQ(text.front()->tokens, 2U + 4U) << "the demo vocabulary has no merges: one id a letter";
  EXPECT_NE(engine->info().model.find("mean nothing"), std::string::npos) << "synthetic weights must say so";
}

TEST_F(EngineTest, IsNotHealthyWhileAWorkerIsStuck) {
  const auto engine = make({.threads = 2, .stuck_after = std::chrono::milliseconds(50)});
  std::latch begun(1);
  std::latch released(1);
  std::promise<void> done;
  // A callback that blocks is what must not be; here it stands for any job without an end.
  ASSERT_FALSE(engine->submit_images({bmp(1)}, {}, [&](const Results&) {
    begun.count_down();
    released.wait();
    done.set_value();
  }));
  begun.wait();
  while (engine->stuck_workers() == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_FALSE(engine->healthy());
  ASSERT_TRUE(texts(*engine, {"a cat"}).front().ok()) << "the other worker serves";
  released.count_down();
  done.get_future().wait();
  while (engine->stuck_workers() > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  EXPECT_TRUE(engine->healthy());
}

TEST_F(EngineTest, AnInputGivesTheSameBitsWhateverItIsBatchedWith) {
  for (const Precision precision : {Precision::kFp32, Precision::kBf16, Precision::kInt8}) {
    const auto one_thread = make({.threads = 1, .precision = precision});
    std::vector<std::vector<float>> alone_images;
    std::vector<std::vector<float>> alone_texts;
    std::vector<ImageBytes> all_images;
    std::vector<std::string> all_texts;
    for (int i = 0; i < 13; ++i) {
      all_images.push_back(bmp(i));
      all_texts.push_back(std::string(static_cast<std::size_t>(i * 9), 'x'));
      alone_images.push_back(images(*one_thread, {all_images.back()}).front()->embedding);
      alone_texts.push_back(texts(*one_thread, {all_texts.back()}).front()->embedding);
    }
    for (const int threads : {1, 2, 5}) {
      for (const std::size_t max_batch : {1, 3, 32}) {
        const auto engine = make({.threads = threads, .precision = precision, .max_batch = max_batch});
        const Results image_results = images(*engine, all_images);
        const Results text_results = texts(*engine, all_texts);
        for (std::size_t i = 0; i < all_images.size(); ++i) {
          EXPECT_EQ(image_results[i]->embedding, alone_images[i])
              << i << ", threads " << threads << ", batch " << max_batch;
          EXPECT_EQ(text_results[i]->embedding, alone_texts[i])
              << i << ", threads " << threads << ", batch " << max_batch;
        }
      }
    }
  }
}

TEST_F(EngineTest, TextsThatInterruptImagesChangeNoBits) {
  constexpr int kMany = 60;
  const auto engine = make({.threads = 2, .max_batch = 4});
  const std::vector<float> image_alone = images(*engine, {bmp(1)}).front()->embedding;
  std::vector<std::vector<float>> texts_alone;
  for (int i = 0; i < kMany; ++i) texts_alone.push_back(texts(*engine, {std::to_string(i)}).front()->embedding);

  std::latch answered(kMany + 1);
  std::atomic<int> wrong{0};
  ASSERT_FALSE(engine->submit_images(std::vector<ImageBytes>(kMany, bmp(1)), {}, [&](const Results& results) {
    for (const auto& result : results) wrong += result->embedding != image_alone;
    answered.count_down();
  }));
  for (int i = 0; i < kMany; ++i) {
    ASSERT_FALSE(engine->submit_texts({std::to_string(i)}, {}, [&, i](const Results& results) {
      wrong += results.front()->embedding != texts_alone[static_cast<std::size_t>(i)];
      answered.count_down();
    }));
    std::this_thread::yield();
  }
  answered.wait();
  EXPECT_EQ(wrong, 0);
}

TEST_F(EngineTest, ABadImageFailsInItsPlaceAlone) {
  const auto engine = make();
  static const char kText[] = "not an image";
  const Results results =
      images(*engine, {bmp(1), {.bytes = std::as_bytes(std::span(kText)), .owner = nullptr}, bmp(2)});
  ASSERT_EQ(results.size(), 3U);
  EXPECT_TRUE(results[0].ok());
  ASSERT_FALSE(results[1].ok());
  EXPECT_EQ(results[1].error().code, ErrorCode::kUnsupportedImage);
  EXPECT_EQ(results[2]->embedding, images(*engine, {bmp(2)}).front()->embedding);
}

TEST_F(EngineTest, AppliesDimensionsThenNormalises) {
  const auto engine = make();
  const auto raw = images(*engine, {bmp(1)}, {.normalize = false}).front()->embedding;
  const auto cut = images(*engine, {bmp(1)}, {.normalize = false, .dimensions = 8}).front()->embedding;
  const auto unit = images(*engine, {bmp(1)}, {.dimensions = 8}).front()->embedding;
  ASSERT_EQ(cut.size(), 8U);
  for (std::size_t i = 0; i < 8; ++i) {
    EXPECT_EQ(cut[i], raw[i]);
    EXPECT_NEAR(unit[i], raw[i] / (norm(cut) + 1e-6), 1e-6);
  }
  for (const int dimensions : {-1, kEmbedDim + 1}) {
    const auto refused = engine->submit_images({bmp(1)}, {.dimensions = dimensions}, [](const Results&) { FAIL(); });
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->code, ErrorCode::kInvalidArgument);
  }
}

TEST_F(EngineTest, TokenIdsAreTheTextTheyStandFor) {
  const auto engine = make();
  const auto context = static_cast<std::size_t>(engine->info().context_length);
  const TokenIds whole = engine->tokenizer().encode("ab", context)->ids;
  TokenIds padded = whole;
  padded.resize(context, 0);
  const TokenIds bare(whole.begin() + 1, whole.end() - 1);
  const Results expected = texts(*engine, {"ab", ""});
  const Results results = token_ids(*engine, {whole, padded, bare, {}});
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(results[i]->embedding, expected[0]->embedding) << i;
    EXPECT_EQ(results[i]->tokens, whole.size());
  }
  EXPECT_EQ(results[3]->embedding, expected[1]->embedding);
}

TEST_F(EngineTest, TokenIdsAreCheckedAndCut) {
  const auto engine = make();
  const auto context = static_cast<std::size_t>(engine->info().context_length);
  const int vocabulary = engine->info().vocab_size;
  const Results results = token_ids(*engine, {{1}, {1, vocabulary}, {-1}, TokenIds(context, 1)});
  EXPECT_TRUE(results[0].ok());
  EXPECT_EQ(results[1].error().code, ErrorCode::kInvalidArgument);
  EXPECT_THAT(results[1].error().message, ::testing::HasSubstr("position 1"));
  EXPECT_EQ(results[2].error().code, ErrorCode::kInvalidArgument);
  EXPECT_TRUE(results[3]->truncated);
  EXPECT_EQ(results[3]->tokens, context);
  EXPECT_EQ(token_ids(*engine, {TokenIds(context, 1)}, {.truncate = false})[0].error().code, ErrorCode::kTextTooLong);
}

TEST_F(EngineTest, TruncatesOnlyWhereAllowed) {
  const auto engine = make();
  const std::string longer(100, 'a');
  const Results cut = texts(*engine, {longer, "b"});
  EXPECT_TRUE(cut[0]->truncated);
  EXPECT_EQ(cut[0]->tokens, 77U);
  EXPECT_FALSE(cut[1]->truncated);
  const Results refused = texts(*engine, {longer, "b"}, {.truncate = false});
  EXPECT_EQ(refused[0].error().code, ErrorCode::kTextTooLong);
  EXPECT_TRUE(refused[1].ok());
  EXPECT_EQ(texts(*engine, {"\xff"})[0].error().code, ErrorCode::kInvalidText);
}

TEST_F(EngineTest, EmptyAndConstantInputsGiveUnitVectors) {
  const auto engine = make();
  EXPECT_NEAR(norm(texts(*engine, {""}).front()->embedding), 1.0, 1e-4);
  EXPECT_NEAR(norm(images(*engine, {bmp(0)}).front()->embedding), 1.0, 1e-4);
}

class Drops : public EngineObserver {
 public:
  void on_batch(Lane, std::size_t items) override { batched += items; }
  void on_stage(Lane, Stage, std::chrono::nanoseconds) override { ++stages; }
  void on_dropped(Lane, DropReason reason) override { ++(reason == DropReason::kExpired ? expired : abandoned); }
  void on_tokens(std::uint64_t count) override { tokens += count; }
  std::atomic<std::size_t> batched{0}, stages{0}, expired{0}, abandoned{0}, tokens{0};
};

TEST_F(EngineTest, DropsWhatNobodyWaitsForAndCountsIt) {
  Drops drops;
  const auto engine = make({}, &drops);
  EXPECT_EQ(texts(*engine, {"a"}, {.deadline = Deadline::after(std::chrono::seconds(-1))})[0].error().code,
            ErrorCode::kDeadlineExceeded);
  const auto gone = std::make_shared<const std::atomic<bool>>(true);
  EXPECT_EQ(images(*engine, {bmp(1), bmp(2)}, {.abandoned = gone})[1].error().code, ErrorCode::kCancelled);
  EXPECT_EQ(drops.expired, 1U);
  EXPECT_EQ(drops.abandoned, 2U);
  EXPECT_EQ(drops.batched, 0U);
  EXPECT_TRUE(texts(*engine, {"ab"})[0].ok());
  EXPECT_EQ(drops.batched, 1U);
  EXPECT_EQ(drops.tokens, 4U);
  EXPECT_EQ(drops.stages, 3U) << "prepare, queue, inference";
}

/// Keeps the engine's only worker from its work until let go.
class HeldWorker {
 public:
  explicit HeldWorker(Engine& engine) {
    EXPECT_FALSE(engine.submit_texts({"a"}, {}, [latches = latches_](const Results&) {
      latches->begun.count_down();
      latches->go_on.wait();
    }));
    latches_->begun.wait();
  }
  ~HeldWorker() { let_go(); }
  void let_go() {
    if (!latches_->go_on.try_wait()) latches_->go_on.count_down();
  }

 private:
  struct Latches {
    std::latch begun{1};
    std::latch go_on{1};
  };
  std::shared_ptr<Latches> latches_ = std::make_shared<Latches>();  // the callback's, too: it may end after this object
};

TEST_F(EngineTest, ABatchDoesNotWaitForTheOneBefore) {
  std::promise<Results> gathered;
  const auto engine = make({.threads = 2});
  HeldWorker held(*engine);
  EXPECT_TRUE(texts(*engine, {"b"})[0].ok()) << "the other thread has time";
  {
    HeldWorker other(*engine);
    ASSERT_FALSE(engine->submit_texts({"c", "d"}, {}, [&](Results r) { gathered.set_value(std::move(r)); }));
    EXPECT_FALSE(token_ids(*engine, {{-1}})[0].ok());  // refused in its turn, behind the two: they are queued
  }
  EXPECT_EQ(gathered.get_future().get()[1]->batch, 2U);
}

TEST_F(EngineTest, DropsWhatNobodyWaitsForAnyMoreOfABatchThatHasBegun) {
  Drops drops;
  const auto engine = make({.threads = 1}, &drops);
  const auto gone = std::make_shared<std::atomic<bool>>(false);
  std::vector<std::promise<Results>> answers(3);
  HeldWorker held(*engine);  // so that all three are in one batch
  for (std::promise<Results>& answer : answers) {
    ASSERT_FALSE(engine->submit_images({bmp(1)}, {.abandoned = gone}, [gone, &answer](Results results) {
      *gone = true;
      answer.set_value(std::move(results));
    }));
  }
  held.let_go();
  EXPECT_TRUE(answers[0].get_future().get()[0].ok());
  for (const std::size_t i : {1, 2}) {
    const Results results = answers[i].get_future().get();
    ASSERT_FALSE(results[0].ok());
    EXPECT_EQ(results[0].error().code, ErrorCode::kCancelled);
  }
  EXPECT_EQ(drops.abandoned, 2U);
}

TEST_F(EngineTest, RefusesWholeRequestsWhenFullAndRecovers) {
  const auto engine = make({.threads = 1, .max_queue_items = 4});
  HeldWorker held(*engine);  // so that the queue stays as full as it is
  std::promise<Results> three;
  ASSERT_FALSE(engine->submit_texts({"b", "c", "d"}, {}, [&](Results r) { three.set_value(std::move(r)); }));
  EXPECT_EQ(engine->queue_depth(Lane::kText), 3U);
  const auto refused = engine->submit_texts({"e", "f"}, {}, [](const Results&) { FAIL(); });
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->code, ErrorCode::kOverloaded);
  const auto never = engine->submit_texts(std::vector<std::string>(5, "g"), {}, [](const Results&) { FAIL(); });
  ASSERT_TRUE(never);
  EXPECT_EQ(never->code, ErrorCode::kInvalidArgument) << "more than the queue ever takes is not worth a retry";
  EXPECT_EQ(engine->submit_texts({}, {}, [](const Results&) { FAIL(); })->code, ErrorCode::kInvalidArgument);
  held.let_go();
  for (const auto& result : three.get_future().get()) EXPECT_TRUE(result.ok());
  EXPECT_EQ(engine->queue_depth(Lane::kText), 0U);
  EXPECT_TRUE(texts(*engine, {"h", "i"})[1].ok());
}

TEST_F(EngineTest, ASmallRequestDoesNotWaitForABulkOne) {
  const auto engine = make({.threads = 1, .max_batch = 2});
  std::vector<ImageBytes> bulk;
  for (int i = 0; i < 200; ++i) bulk.push_back(bmp(i));
  std::promise<void> bulk_done;
  std::promise<std::size_t> left_when_small_done;
  HeldWorker held(*engine);
  ASSERT_FALSE(engine->submit_images(std::move(bulk), {}, [&](const Results&) { bulk_done.set_value(); }));
  ASSERT_FALSE(engine->submit_images({bmp(7), bmp(8)}, {}, [&](const Results&) {
    left_when_small_done.set_value(engine->queue_depth(Lane::kImage));
  }));
  held.let_go();
  EXPECT_GT(left_when_small_done.get_future().get(), 150U) << "of the bulk request must still wait";
  bulk_done.get_future().wait();
}

TEST_F(EngineTest, RefusesWhatCouldNotBeServedInTime) {
  constexpr int kAhead = 12;  // requests, each as many
  std::latch ahead(kAhead);
  std::promise<void> small;
  std::promise<void> alone;
  const auto engine = make({.threads = 1, .max_batch = 2});  // behind what its callbacks use
  const auto many = [] {
    std::vector<ImageBytes> inputs;
    for (int i = 0; i < 64; ++i) inputs.push_back(bmp(i));
    return inputs;
  };
  images(*engine, many());  // from which the engine learns how fast it is
  const auto begun = std::chrono::steady_clock::now();
  images(*engine, many());
  const auto time_of_many = std::chrono::steady_clock::now() - begun;

  HeldWorker held(*engine);
  for (int i = 0; i < kAhead; ++i)
    ASSERT_FALSE(engine->submit_images(many(), {}, [&](const Results&) { ahead.count_down(); }));
  const EmbedRequest soon{.deadline = Deadline::after(time_of_many * 2)};
  const auto refused = engine->submit_images(many(), soon, [](const Results&) { FAIL(); });
  ASSERT_TRUE(refused) << "13 times as many cannot be done in the time of two";
  EXPECT_EQ(refused->code, ErrorCode::kOverloaded);
  EXPECT_FALSE(engine->submit_images({bmp(1)}, soon, [&](const Results&) { small.set_value(); }))
      << "it has its turn after one image of each";
  held.let_go();
  small.get_future().wait();
  ahead.wait();
  EXPECT_FALSE(engine->submit_images(many(), {.deadline = Deadline::after(time_of_many / 8)}, [&](const Results&) {
    alone.set_value();
  })) << "an empty lane tries anything";
  alone.get_future().wait();
}

TEST_F(EngineTest, TheDestructorAnswersEverything) {
  std::atomic<int> answers{0};
  {
    const auto engine = make({.threads = 2, .max_batch = 2});
    for (int i = 0; i < 40; ++i) {
      ASSERT_FALSE(engine->submit_images({bmp(i), bmp(i + 1)}, {}, [&](Results r) {
        for (const auto& result : r) {
          if (result.ok() || result.error().code == ErrorCode::kUnavailable) ++answers;
        }
      }));
    }
  }
  EXPECT_EQ(answers, 80);
}

TEST_F(EngineTest, RefusesAnUnknownIsaAndDamagedWeights) {
  EXPECT_THROW(make({.isa = "sse9"}), LoadError);
  EXPECT_THROW(Engine(tiny_model([] { return true; }), {.threads = 1}), LoadError);
}

}  // namespace
}  // namespace mobileclip
