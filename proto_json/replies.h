// The native protocol's JSON replies.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proto_json/json_writer.h"
#include "proto_json/output_options.h"

namespace mobileclip::proto {

struct EmbedReply {
  std::string_view model;
  int dimensions = 0;
  std::vector<std::vector<float>> embeddings;
  std::uint64_t tokens = 0;            ///< texts: ids used in all
  std::vector<std::size_t> truncated;  ///< texts: input indices of those that were cut
  OutputOptions output = {};
};

/// {"model", "dimensions", "embeddings"}, and where `output` is not the default "dtype" ("f32", "f16", "int8",
/// "binary"), "encoding_format", and for int8 "scales", one a row.
std::string image_reply(const EmbedReply& reply);
std::string text_reply(const EmbedReply& reply);  ///< the same and "tokens", "truncated"

/// One row after another, without a header (packed_embedding.h).
std::string octet_reply(const EmbedReply& reply);
/// A .npy array [rows, dimensions] of <f4, <f2, |i1; for binary [rows, ceil(dimensions / 8)] of |u1.
std::string npy_reply(const EmbedReply& reply);

/// An embedding as a JSON value: a list of numbers, or a string of base64. Returns int8's scale, 1 for other types.
float write_embedding(JsonWriter& json, std::span<const float> embedding, const OutputOptions& output);

/// About how large a reply will be, so that a large one is written elsewhere than on the connections' thread.
std::size_t estimated_bytes(const EmbedReply& reply);

/// A rows x columns matrix, row-major.
struct Matrix {
  std::size_t rows = 0;
  std::size_t columns = 0;
  std::vector<float> values;
  [[nodiscard]] std::span<const float> row(std::size_t i) const { return {values.data() + i * columns, columns}; }
};

struct SimilarityReply {
  std::string_view model;
  int dimensions = 0;
  std::string_view rows;     ///< what a row is: "images" or "texts"
  std::string_view columns;  ///< what a column is
  float logit_scale = 0;
  Matrix similarity;                    ///< cosines
  std::optional<Matrix> probabilities;  ///< softmax over texts, an image a row; only of images against texts
  std::vector<std::size_t> truncated;   ///< indices into "texts"
};

/// {"model", "dimensions", "rows", "columns", "similarity", "probabilities"?, "logit_scale", "truncated"}
std::string similarity_reply(const SimilarityReply& reply);

/// One item of a request that could not be served.
struct ItemFailure {
  std::size_t index;
  std::string_view code;
  std::string_view message;
};

struct ErrorReply {
  std::string_view code;
  std::string_view message;
  std::string_view input;                ///< which list `items` index, where a request has several: "images", "texts"
  std::span<const ItemFailure> items{};  ///< in order; empty where the request as a whole is at fault
};

/// {"error": {"code", "message"}}, and for items "index" (the first), "input"?, "errors": [{"index", "code",
/// "message"}]
std::string error_reply(const ErrorReply& reply);

}  // namespace mobileclip::proto
