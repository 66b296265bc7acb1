#include "server/handlers/engine_service.h"

namespace mobileclip::server {

const EngineInfo& EngineService::info() const noexcept { return engine_->info(); }
bool EngineService::healthy() const noexcept { return engine_->healthy(); }
std::size_t EngineService::queue_depth(Lane lane) const noexcept { return engine_->queue_depth(lane); }

std::optional<Error> EngineService::submit_images(std::vector<ImageBytes> images, const EmbedRequest& request,
                                                  EmbedCallback done) {
  return engine_->submit_images(std::move(images), request, std::move(done));
}

std::optional<Error> EngineService::submit_texts(std::vector<std::string> texts, const EmbedRequest& request,
                                                 EmbedCallback done) {
  return engine_->submit_texts(std::move(texts), request, std::move(done));
}

std::optional<Error> EngineService::submit_token_ids(std::vector<TokenIds> texts, const EmbedRequest& request,
                                                     EmbedCallback done) {
  return engine_->submit_token_ids(std::move(texts), request, std::move(done));
}

const Tokenizer& EngineService::tokenizer() const noexcept { return engine_->tokenizer(); }

}  // namespace mobileclip::server
