// Waiting for what an engine answers through callbacks.
#pragma once

#include <future>
#include <memory>
#include <optional>
#include <stdexcept>
#include <utility>
#include <vector>

#include "engine/runtime/engine.h"

namespace mobileclip::server {

using Embedded = std::vector<Result<EmbeddedItem>>;

/// Calls submit(callback) and waits for the engine's answer. Throws std::runtime_error where it refuses the request as
/// a whole.
template <typename Submit>
Embedded await(Submit submit) {
  // Shared: the callback may still be returning when the answer has been taken.
  auto answer = std::make_shared<std::promise<Embedded>>();
  std::future<Embedded> future = answer->get_future();
  const std::optional<Error> refused = submit([answer](Embedded items) { answer->set_value(std::move(items)); });
  if (refused) throw std::runtime_error(refused->message);
  return future.get();
}

}  // namespace mobileclip::server
