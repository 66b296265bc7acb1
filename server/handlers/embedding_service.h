// What the handlers need of the engine, so that they are tested without one and a cache can stand in front of it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "engine/runtime/engine.h"

namespace mobileclip::server {

/// Thread-safe. Each function means what the Engine's of that name means.
class EmbeddingService {
 public:
  virtual ~EmbeddingService() = default;
  [[nodiscard]] virtual const EngineInfo& info() const noexcept = 0;
  [[nodiscard]] virtual bool healthy() const noexcept = 0;
  [[nodiscard]] virtual std::size_t queue_depth(Lane lane) const noexcept = 0;
  [[nodiscard]] virtual std::optional<Error> submit_images(std::vector<ImageBytes> images, const EmbedRequest& request,
                                                           EmbedCallback done) = 0;
  [[nodiscard]] virtual std::optional<Error> submit_texts(std::vector<std::string> texts, const EmbedRequest& request,
                                                          EmbedCallback done) = 0;
  [[nodiscard]] virtual std::optional<Error> submit_token_ids(std::vector<TokenIds> texts, const EmbedRequest& request,
                                                              EmbedCallback done) = 0;
  [[nodiscard]] virtual const Tokenizer& tokenizer() const noexcept = 0;
};

}  // namespace mobileclip::server
