// A cache in front of an EmbeddingService.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "server/cache/cached_lane.h"
#include "server/cache/content_key.h"
#include "server/handlers/embedding_service.h"

namespace mobileclip::server {

/// How many bytes of embeddings a lane may remember; at 0 it is passed on untouched.
struct CacheSizes {
  std::size_t images;
  std::size_t texts;
};

/// Answers with the bits that `inner` would give. `inner` and `metrics` outlive it; `inner` may call back after it.
class CachingService final : public EmbeddingService {
 public:
  /// `engine` is what `inner` works by.
  CachingService(EmbeddingService& inner, const EngineOptions& engine, const CacheSizes& sizes, ModelMetrics& metrics);
  ~CachingService() override;
  CachingService(const CachingService&) = delete;
  CachingService& operator=(const CachingService&) = delete;

  [[nodiscard]] const EngineInfo& info() const noexcept override;
  [[nodiscard]] bool healthy() const noexcept override;
  [[nodiscard]] std::size_t queue_depth(Lane lane) const noexcept override;
  [[nodiscard]] std::optional<Error> submit_images(std::vector<ImageBytes> images, const EmbedRequest& request,
                                                   EmbedCallback done) override;
  [[nodiscard]] std::optional<Error> submit_texts(std::vector<std::string> texts, const EmbedRequest& request,
                                                  EmbedCallback done) override;
  /// Passed on: who tokenises by himself sends each text once, mostly.
  [[nodiscard]] std::optional<Error> submit_token_ids(std::vector<TokenIds> texts, const EmbedRequest& request,
                                                      EmbedCallback done) override;
  [[nodiscard]] const Tokenizer& tokenizer() const noexcept override;

 private:
  EmbeddingService& inner_;
  ContentHasher hasher_;
  std::shared_ptr<CachedLane<ImageBytes>> images_;  ///< null: not cached
  std::shared_ptr<CachedLane<std::string>> texts_;
};

}  // namespace mobileclip::server
