// From a request's images and texts to their embeddings, or to the response that says why not.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "proto_json/requests.h"
#include "server/handlers/handler_context.h"
#include "server/http/message.h"

namespace mobileclip::server {

struct EmbedInputs {
  std::vector<Result<ImageBytes>> images;
  std::vector<std::string> texts;
  bool name_lists = false;  ///< an item's error says whether it is of "images" or "texts"
};

struct Embedded {
  std::vector<EmbeddedItem> images;
  std::vector<EmbeddedItem> texts;
};

/// Submits both lists at once and waits for both, until the request's deadline. Every item is embedded, or the first
/// bad one decides the response.
boost::asio::awaitable<std::variant<Embedded, Response>> embed(const HandlerContext& context, const Request& request,
                                                               EmbedInputs inputs, proto::EmbedOptions options);

/// 429 where a body is large enough for its parsing to matter, and `lane` could not take one item of it anyway.
std::optional<Response> refuse_if_full(const HandlerContext& context, const Request& request, Lane lane);

/// Indices of the texts that were cut.
std::vector<std::size_t> truncated_indices(const std::vector<EmbeddedItem>& texts);

}  // namespace mobileclip::server
