// A cache in front of an EmbeddingService.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "server/cache/cached_lane.h"
#include "server/cache/content_key.h"
#include "server/config/server_config.h"
#include "server/handlers/embedding_service.h"

namespace mobileclip::server {

/// Answers with the bits that `inner` would give. What a lane may remember is config.text_cache and config.image_cache
/// bytes; at 0 the lane is passed on untouched. `inner` and `metrics` outlive it; `inner` may call back after it.
class CachingService final : public EmbeddingService {
 public:
  CachingService(EmbeddingService& inner, const ServerConfig& config, Metrics& metrics);
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
