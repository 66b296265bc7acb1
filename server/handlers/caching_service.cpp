#include "server/handlers/caching_service.h"

#include <span>
#include <utility>

namespace mobileclip::server {

CachingService::CachingService(EmbeddingService& inner, const EngineOptions& engine, const CacheSizes& sizes,
                               ModelMetrics& metrics)
    : inner_(inner), hasher_(inner.info(), engine) {
  if (sizes.images > 0) {
    const auto submit = [&inner](std::vector<ImageBytes> images, const EmbedRequest& request, EmbedCallback done) {
      return inner.submit_images(std::move(images), request, std::move(done));
    };
    images_ = std::make_shared<CachedLane<ImageBytes>>(Lane::kImage, sizes.images, submit, metrics);
  }
  if (sizes.texts > 0) {
    const auto submit = [&inner](std::vector<std::string> texts, const EmbedRequest& request, EmbedCallback done) {
      return inner.submit_texts(std::move(texts), request, std::move(done));
    };
    texts_ = std::make_shared<CachedLane<std::string>>(Lane::kText, sizes.texts, submit, metrics);
  }
}

CachingService::~CachingService() {
  if (images_) images_->close();
  if (texts_) texts_->close();
}

const EngineInfo& CachingService::info() const noexcept { return inner_.info(); }
bool CachingService::healthy() const noexcept { return inner_.healthy(); }
std::size_t CachingService::queue_depth(Lane lane) const noexcept { return inner_.queue_depth(lane); }

std::optional<Error> CachingService::submit_images(std::vector<ImageBytes> images, const EmbedRequest& request,
                                                   EmbedCallback done) {
  if (!images_ || images.empty()) return inner_.submit_images(std::move(images), request, std::move(done));
  std::vector<ContentKey> keys;
  keys.reserve(images.size());
  for (const ImageBytes& image : images) keys.push_back(hasher_.key(Lane::kImage, request, image.bytes));
  return images_->submit(std::move(images), keys, request, std::move(done));
}

std::optional<Error> CachingService::submit_texts(std::vector<std::string> texts, const EmbedRequest& request,
                                                  EmbedCallback done) {
  if (!texts_ || texts.empty()) return inner_.submit_texts(std::move(texts), request, std::move(done));
  std::vector<ContentKey> keys;
  keys.reserve(texts.size());
  for (const std::string& text : texts)
    keys.push_back(hasher_.key(Lane::kText, request, std::as_bytes(std::span(text))));
  return texts_->submit(std::move(texts), keys, request, std::move(done));
}

std::optional<Error> CachingService::submit_token_ids(std::vector<TokenIds> texts, const EmbedRequest& request,
                                                      EmbedCallback done) {
  return inner_.submit_token_ids(std::move(texts), request, std::move(done));
}

const Tokenizer& CachingService::tokenizer() const noexcept { return inner_.tokenizer(); }

}  // namespace mobileclip::server
