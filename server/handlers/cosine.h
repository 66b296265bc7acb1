// The arithmetic of /similarity.
#pragma once

#include <vector>

#include "proto_json/replies.h"

namespace mobileclip::server {

using Vectors = std::vector<std::vector<float>>;

/// a·b / (‖a‖ ‖b‖), summed in double; 0 where either is zero. All vectors have the same length.
proto::Matrix cosine_matrix(const Vectors& rows, const Vectors& columns);

/// exp(scale x) / Σ exp(scale x) over each row.
proto::Matrix softmax_rows(const proto::Matrix& matrix, float scale);

}  // namespace mobileclip::server
