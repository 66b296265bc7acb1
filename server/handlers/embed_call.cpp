#include "server/handlers/embed_call.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <iterator>

#include "server/handlers/stages.h"
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

/// Completes once every list is answered. The engine calls back from different threads.
template <typename Complete>
struct Join {
  Complete complete;
  Answers answers;
  std::atomic<int> pending;

  void arrived() {
    if (--pending == 0) complete(std::move(answers));
  }
};

std::optional<Error> check_counts(const EmbedCall& call, std::size_t limit) {
  const std::size_t most = std::max({call.images.size(), call.texts.size(), call.token_ids.size()});
  if (most <= limit) return std::nullopt;
  return Error{ErrorCode::kInvalidArgument, "expected at most " + std::to_string(limit) +
                                                (call.images.size() == most ? " images" : " texts") +
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
                                                        EmbedCall call) {
  if (auto error = check_counts(call, context.config.max_items_per_request)) co_return error_response(*error);
  const std::string_view images_name = call.name_lists ? "images" : "";
  const std::string_view texts_name = call.name_lists ? "texts" : "";
  if (auto response = failure_among(call.images, images_name)) co_return *std::move(response);

  const EmbedRequest item_request{.normalize = call.options.normalize,
                                  .dimensions = call.options.dimensions,
                                  .truncate = call.options.truncate,
                                  .prompt_name = call.options.prompt_name,
                                  .deadline = request.deadline,
                                  .abandoned = request.abandoned};
  auto submit = [&](auto complete) -> std::optional<Error> {
    const bool has_images = !call.images.empty();
    const bool has_texts = !call.texts.empty() || !call.token_ids.empty();
    using State = Join<decltype(complete)>;
    auto join = std::make_shared<State>(std::move(complete), Answers{}, int{has_images} + int{has_texts});
    if (has_images) {
      auto refused = call.model.service.submit_images(values_of(std::move(call.images)), item_request,
                                                      [join](ItemResults results) {
                                                        join->answers.images = std::move(results);
                                                        join->arrived();
                                                      });
      if (refused) return refused;
    }
    if (has_texts) {
      const auto answered = [join](ItemResults results) {
        join->answers.texts = std::move(results);
        join->arrived();
      };
      auto refused = call.token_ids.empty()
                         ? call.model.service.submit_texts(std::move(call.texts), item_request, answered)
                         : call.model.service.submit_token_ids(std::move(call.token_ids), item_request, answered);
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
  call.model.metrics.images_embedded(embedded.images.size());
  call.model.metrics.texts_embedded(embedded.texts.size());
  co_return embedded;
}

std::optional<Response> refuse_if_full(const HandlerContext& context, const Request& request, Lane lane) {
  const bool full = std::ranges::all_of(context.models, [&](const ServedModel& model) {
    return model.service.queue_depth(lane) >= context.config.engine.max_queue_items;
  });
  if (!full || request.body->size() <= kInlineBytes) return std::nullopt;
  return error_response(Error{ErrorCode::kOverloaded, "the " + std::string(to_string(lane)) + " queue is full"});
}

namespace {

/// Elements [first, first + count) of `all`, as far as there are so many.
template <typename T>
std::vector<T> take_part(std::vector<T>& all, std::size_t first, std::size_t count) {
  const auto begin = all.begin() + static_cast<std::ptrdiff_t>(std::min(first, all.size()));
  const auto end = all.begin() + static_cast<std::ptrdiff_t>(std::min(first + count, all.size()));
  return {std::make_move_iterator(begin), std::make_move_iterator(end)};
}

void append(std::vector<EmbeddedItem>& all, std::vector<EmbeddedItem>& part) {
  std::move(part.begin(), part.end(), std::back_inserter(all));
}

}  // namespace

std::size_t most_items_at_once(const ServerConfig& config) {
  return std::min(config.max_items_per_request, config.engine.max_queue_items);
}

asio::awaitable<std::variant<Embedded, Response>> embed_in_parts(const HandlerContext& context, const Request& request,
                                                                 EmbedCall call) {
  const std::size_t part = most_items_at_once(context.config);
  const std::size_t most = std::max({call.images.size(), call.texts.size(), call.token_ids.size()});
  // What is known to be bad is said before anything is computed.
  if (auto response = failure_among(call.images, call.name_lists ? "images" : "")) co_return *std::move(response);
  Embedded all;
  for (std::size_t first = 0; first < most; first += part) {
    EmbedCall some{.model = call.model,
                   .images = take_part(call.images, first, part),
                   .texts = take_part(call.texts, first, part),
                   .token_ids = take_part(call.token_ids, first, part),
                   .name_lists = call.name_lists,
                   .options = call.options};
    auto outcome = co_await embed(context, request, std::move(some));
    if (auto* response = std::get_if<Response>(&outcome)) {
      Refusal refusal = *response->refusal;
      for (Refusal::Item& item : refusal.items) item.index += first;
      co_return error_response(std::move(refusal));
    }
    append(all.images, std::get<Embedded>(outcome).images);
    append(all.texts, std::get<Embedded>(outcome).texts);
  }
  co_return all;
}

std::vector<std::size_t> truncated_indices(const std::vector<EmbeddedItem>& texts) {
  std::vector<std::size_t> indices;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (texts[i].truncated) indices.push_back(i);
  }
  return indices;
}

void note_truncation(Response& response, std::size_t truncated) {
  if (truncated > 0) response.headers.add("X-Truncated-Inputs", std::to_string(truncated));
}

}  // namespace mobileclip::server
