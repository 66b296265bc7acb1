// POST /classify and the label sets it may name.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/runtime/engine.h"

namespace mobileclip::proto {

/// What stands for the label in a template.
inline constexpr std::string_view kLabelPlaceholder = "{}";

struct LabelSetRequest {
  std::string model;  ///< that embeds them; empty: the server's first, or its label set's
  std::vector<std::string> labels;
  std::vector<std::string> templates;  ///< each with at least one placeholder; the default where none were given
};

/// Either `label_set` names a registered set or `classes` has labels of its own.
struct ClassifyRequest {
  std::vector<Result<ImageBytes>> images;
  LabelSetRequest classes;
  std::string label_set;
  int top_k = 5;
};

// All errors are kInvalidArgument. Templates are a list of strings with "{}" or the name of a list: "photo",
// "imagenet".

/// {"labels": [str], "templates"?, "model"?}
Result<LabelSetRequest> parse_label_set(std::string_view body);

/// {"images" | "image", "labels" | "label_set", "templates"?, "top_k"?: 5, "model"?}. Images, labels and the label set
/// are left unchecked: a form may bring them beside this document; see check_classify().
Result<ClassifyRequest> parse_classify(std::string_view body);

/// That there are images and one source of labels; fills in the default templates.
Result<ClassifyRequest> check_classify(ClassifyRequest request);

/// The template with the label in every placeholder.
std::string fill_template(std::string_view text, std::string_view label);

struct Prediction {
  std::size_t index;  ///< of the label
  std::string_view label;
  float similarity;   ///< cosine
  float probability;  ///< softmax over all labels
};

struct ClassifyReply {
  std::string_view model;
  float logit_scale;
  std::vector<std::vector<Prediction>> results;  ///< an image each, likeliest first
  std::span<const std::size_t> truncated;        ///< labels of which some prompt was cut
};

/// {"model", "logit_scale", "results": [{"predictions": [{"label", "index", "similarity", "probability"}]}],
/// "truncated"}
std::string classify_reply(const ClassifyReply& reply);

struct LabelSetSummary {
  std::string_view name;
  std::string_view model;
  std::span<const std::string> labels;
  std::span<const std::string> templates;
  std::span<const std::size_t> truncated;
  std::size_t bytes;  ///< of memory
};

std::string label_set_reply(const LabelSetSummary& set);  ///< with the labels themselves
/// {"label_sets": [{"name", "labels": count, …}], "bytes", "max_bytes"}
std::string label_sets_reply(std::span<const LabelSetSummary> sets, std::size_t max_bytes);

}  // namespace mobileclip::proto
