// POST /embed/batch: any number of lines in, as many out, in their order.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <map>
#include <memory>
#include <optional>

#include "server/handlers/bulk_share.h"
#include "server/handlers/handler_context.h"
#include "server/http/message.h"
#include "server/http/request_scope.h"
#include "server/http/stream_exchange.h"

namespace mobileclip::server {

/// The streams' share of each of a model's lanes.
struct BulkShares {
  explicit BulkShares(const EngineOptions& engine);

  std::size_t max_items;  ///< of a lane, and unanswered lines of one stream
  std::shared_ptr<BulkShare> images;
  std::shared_ptr<BulkShare> texts;
};

using SharesByModel = std::map<const ServedModel*, BulkShares>;
/// Refers to `models`' elements.
SharesByModel make_shares(const Models& models, const EngineOptions& engine);

/// The response where the request is refused as a whole; nullopt once `exchange` has answered or its client has left.
boost::asio::awaitable<std::optional<Response>> embed_batch(const HandlerContext& context, const SharesByModel& shares,
                                                            const Request& request, RequestScope& scope,
                                                            StreamExchange& exchange);

}  // namespace mobileclip::server
