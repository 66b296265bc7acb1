// The Open Inference Protocol v2 (KServe, NVIDIA Triton) with its binary tensor extension.
// Sources: github.com/kserve/open-inference-protocol, specification/protocol/inference_rest.md;
// github.com/triton-inference-server/server, docs/protocol/extension_binary_data.md.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/runtime/engine.h"
#include "proto_json/requests.h"

namespace mobileclip::proto {

/// What the protocol calls models: the two towers, and the text tower behind the tokeniser.
enum class InferModel { kImage, kText, kTextTokens };
inline constexpr InferModel kInferModels[] = {InferModel::kImage, InferModel::kText, InferModel::kTextTokens};
inline constexpr std::string_view kInferModelVersion = "1";

std::string_view to_string(InferModel model);  ///< "image", "text", "text-tokens"
std::optional<InferModel> infer_model(std::string_view name);

/// The list that is the model's is filled, one item an element of the tensor's first dimension.
struct InferRequest {
  std::string id;
  std::vector<Result<ImageBytes>> images;
  std::vector<std::string> texts;
  std::vector<TokenIds> token_ids;
  EmbedOptions options;
  bool binary_output = false;
};

/// `json_length` is Inference-Header-Content-Length, empty where the body is JSON throughout. Images in binary tensors
/// are not copied and keep `body` alive; in JSON they are base64. All errors are kInvalidArgument and name tensor,
/// expected and found.
Result<InferRequest> parse_infer(InferModel model, const std::shared_ptr<const std::string>& body,
                                 std::optional<std::size_t> json_length);

struct InferReply {
  std::string_view model_name;  ///< as the client called it
  std::string_view id;
  std::vector<std::vector<float>> embeddings;  ///< of one length
  bool binary;
};

struct InferReplyBody {
  std::string body;
  std::optional<std::size_t> json_length;  ///< of a binary reply: its Inference-Header-Content-Length
};

InferReplyBody infer_reply(const InferReply& reply);

std::string infer_server_metadata(std::string_view version);
std::string infer_model_metadata(std::string_view name, InferModel model, const EngineInfo& engine);
std::string infer_flag(std::string_view name, bool value);  ///< {"live": true}
std::string infer_error(std::string_view message);          ///< {"error"}

}  // namespace mobileclip::proto
