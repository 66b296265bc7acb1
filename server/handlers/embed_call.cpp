#include "server/handlers/embed_call.h"

#include <algorithm>
#include <atomic>
#include <cmath>

#include "server/http/completion.h"
#include "server/http/responses.h"

namespace mobileclip::server {

namespace asio = boost::asio;

namespace {

using ItemResults = std::vector<Result<EmbeddedItem>>;

struct Answers {
  ItemResults images;
  ItemResults texts;
};

/// Completes once both lanes have answered. The engine calls back from different threads.
template <typename Complete>
struct Join {
  Complete complete;
  Answers answers;
  std::atomic<int> pending;

  void arrived() {
    if (--pending == 0) complete(std::move(answers));
  }
};

std::optional<Error> check_counts(const EmbedInputs& inputs, std::size_t limit) {
  const std::size_t most = std::max(inputs.images.size(), inputs.texts.size());
  if (most <= limit) return std::nullopt;
  return Error{ErrorCode::kInvalidArgument, "expected at most " + std::to_string(limit) +
                                                (inputs.texts.size() == most ? " texts" : " images") +
                                                " in one call, found " + std::to_string(most)};
}

/// Whether an item's failure is the item's own fault; others concern the request, whichever item met them first.
bool is_about_item(ErrorCode code) {
  switch (code) {
    case ErrorCode::kOverloaded:
    case ErrorCode::kDeadlineExceeded:
    case ErrorCode::kCancelled:
    case ErrorCode::kUnavailable:
    case ErrorCode::kInternal:
      return false;
    default:
      return true;
  }
}

template <typename T>
std::optional<Response> failure_among(const std::vector<Result<T>>& results, std::string_view list) {
  std::vector<ItemError> errors;
  for (std::size_t i = 0; i < results.size(); ++i) {
    if (results[i].ok()) continue;
    if (!is_about_item(results[i].error().code)) return error_response(results[i].error());
    errors.push_back({.index = i, .error = results[i].error()});
  }
  if (errors.empty()) return std::nullopt;
  return item_error_response(errors, list);
}

template <typename T>
std::vector<T> values_of(std::vector<Result<T>> results) {
  std::vector<T> values;
  values.reserve(results.size());
  for (Result<T>& result : results) values.push_back(std::move(result).value());
  return values;
}

bool all_finite(const std::vector<EmbeddedItem>& items) {
  return std::all_of(items.begin(), items.end(), [](const EmbeddedItem& item) {
    return std::all_of(item.embedding.begin(), item.embedding.end(), [](float x) { return std::isfinite(x); });
  });
}

}  // namespace

asio::awaitable<std::variant<Embedded, Response>> embed(const HandlerContext& context, const Request& request,
                                                        EmbedInputs inputs, proto::EmbedOptions options) {
  if (auto error = check_counts(inputs, context.config.max_items_per_request)) co_return error_response(*error);
  const std::string_view images_name = inputs.name_lists ? "images" : "";
  const std::string_view texts_name = inputs.name_lists ? "texts" : "";
  if (auto response = failure_among(inputs.images, images_name)) co_return *std::move(response);

  const EmbedRequest item_request{.normalize = options.normalize,
                                  .dimensions = options.dimensions,
                                  .truncate = options.truncate,
                                  .deadline = request.deadline,
                                  .abandoned = request.abandoned};
  auto submit = [&](auto complete) -> std::optional<Error> {
    const bool has_images = !inputs.images.empty();
    const bool has_texts = !inputs.texts.empty();
    using State = Join<decltype(complete)>;
    auto join = std::make_shared<State>(std::move(complete), Answers{}, int{has_images} + int{has_texts});
    if (has_images) {
      auto refused =
          context.service.submit_images(values_of(std::move(inputs.images)), item_request, [join](ItemResults results) {
            join->answers.images = std::move(results);
            join->arrived();
          });
      if (refused) return refused;
    }
    if (has_texts) {
      auto refused = context.service.submit_texts(std::move(inputs.texts), item_request, [join](ItemResults results) {
        join->answers.texts = std::move(results);
        join->arrived();
      });
      // A request is served whole or not at all: its images, if admitted, are not wanted any more.
      if (refused) *request.abandoned = true;
      if (refused) return refused;
    }
    return std::nullopt;
  };
  Result<Answers> answers = co_await completion_of<Answers>(request.deadline, std::move(submit));
  if (!answers) co_return error_response(answers.error());
  if (auto response = failure_among(answers->images, images_name)) co_return *std::move(response);
  if (auto response = failure_among(answers->texts, texts_name)) co_return *std::move(response);

  Embedded embedded{.images = values_of(std::move(answers->images)), .texts = values_of(std::move(answers->texts))};
  if (!all_finite(embedded.images) || !all_finite(embedded.texts)) {
    co_return error_response(Error{ErrorCode::kInternal, "the model gave an embedding that is not finite"});
  }
  request.trace->add(Lane::kImage, embedded.images);
  request.trace->add(Lane::kText, embedded.texts);
  context.metrics.images_embedded(embedded.images.size());
  context.metrics.texts_embedded(embedded.texts.size());
  co_return embedded;
}

std::vector<std::size_t> truncated_indices(const std::vector<EmbeddedItem>& texts) {
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (texts[i].truncated) indices.push_back(i);
  }
  return indices;
}

}  // namespace mobileclip::server
