// The engine itself as EmbeddingService.
#pragma once

#include <memory>
#include <utility>

#include "server/handlers/embedding_service.h"

namespace mobileclip::server {

class EngineService final : public EmbeddingService {
 public:
  explicit EngineService(std::unique_ptr<Engine> engine) : engine_(std::move(engine)) {}
  [[nodiscard]] const EngineInfo& info() const noexcept override;
  [[nodiscard]] bool healthy() const noexcept override;
  [[nodiscard]] std::size_t queue_depth(Lane lane) const noexcept override;
  [[nodiscard]] std::optional<Error> submit_images(std::vector<ImageBytes> images, const EmbedRequest& request,
                                                   EmbedCallback done) override;
  [[nodiscard]] std::optional<Error> submit_texts(std::vector<std::string> texts, const EmbedRequest& request,
                                                  EmbedCallback done) override;
  [[nodiscard]] std::optional<Error> submit_token_ids(std::vector<TokenIds> texts, const EmbedRequest& request,
                                                      EmbedCallback done) override;
  [[nodiscard]] const Tokenizer& tokenizer() const noexcept override;

 private:
  std::unique_ptr<Engine> engine_;
};

}  // namespace mobileclip::server
