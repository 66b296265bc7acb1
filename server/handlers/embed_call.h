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

/// What is to be embedded, by which model and how.
struct EmbedCall {
  const ServedModel& model;
  std::vector<Result<ImageBytes>> images;
  std::vector<std::string> texts;
  std::vector<TokenIds> token_ids = {};  ///< texts that are tokenised already; then there are no others
  bool name_lists = false;               ///< an item's error says whether it is of "images" or "texts"
  proto::EmbedOptions options = {};      ///< options.model has been followed already
};

struct Embedded {
  std::vector<EmbeddedItem> images;
  std::vector<EmbeddedItem> texts;
};

/// Submits all lists at once and waits for all, until the request's deadline. Every item is embedded, or the first
/// bad one decides the response.
boost::asio::awaitable<std::variant<Embedded, Response>> embed(const HandlerContext& context, const Request& request,
                                                               EmbedCall call);

/// The same for inputs of any number: as many at a time as one request may hold, so that neither the limit nor the
/// queue's length binds. An item's error has its index in the whole list.
boost::asio::awaitable<std::variant<Embedded, Response>> embed_in_parts(const HandlerContext& context,
                                                                        const Request& request, EmbedCall call);

/// Inputs of a kind that one embed() may hold and the queue can take.
std::size_t most_items_at_once(const ServerConfig& config);

/// 429 where a body is large enough for its parsing to matter, and no model's `lane` could take one item of it anyway.
std::optional<Response> refuse_if_full(const HandlerContext& context, const Request& request, Lane lane);

/// Indices of the texts that were cut.
std::vector<std::size_t> truncated_indices(const std::vector<EmbeddedItem>& texts);

/// For protocols whose replies have no place to say it: a header with the number of texts that were cut, if any.
void note_truncation(Response& response, std::size_t truncated);

}  // namespace mobileclip::server
