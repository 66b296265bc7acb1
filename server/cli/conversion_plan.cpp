#include "server/cli/conversion_plan.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "server/cli/weights_options.h"

namespace mobileclip::server {
namespace {

std::string in_bytes(std::uint64_t bytes) { return with_thousands(bytes) + " bytes"; }

/// By loss, least first: f16 keeps 11 bits of each value (bf16, of the same size, 8), a group's 8 and 4 bits less the
/// more weights share a scale.
std::vector<WeightsForm> forms_by_loss() {
  std::vector<WeightsForm> forms{{.dtype = DType::kF32}, {.dtype = DType::kF16}};
  for (const int bits : {8, 4}) {
    for (const int group_size : kAffineGroupSizes) {
      forms.push_back({.dtype = DType::kF16, .quantized = AffineFormat{.bits = bits, .group_size = group_size}});
    }
  }
  return forms;
}

bool can_take(const ConversionOutline& outline, const WeightsForm& form) {
  return !form.quantized || (!outline.quantized_as && quantizable_matrices(outline, *form.quantized) > 0);
}

WeightsForm fitting_form(const ConversionOutline& outline, TargetSize target) {
  std::optional<std::pair<std::uint64_t, WeightsForm>> smallest;
  for (const WeightsForm& form : forms_by_loss()) {
    if (!can_take(outline, form)) continue;
    const std::uint64_t bytes = converted_bytes(outline, form);
    if (bytes <= target.bytes) return form;
    if (!smallest || bytes < smallest->first) smallest.emplace(bytes, form);
  }
  throw LoadError("target_size_mb: expected at least " + in_bytes(smallest->first) + ", " + outline.source.string() +
                  " as " + to_string(smallest->second) + ", found " + in_bytes(target.bytes));
}

void check_task(const ConversionEntry& entry, const ConversionOutline& outline) {
  const ModelTask actual = outline.embeds_images ? ModelTask::kImageText : ModelTask::kText;
  if (!entry.task || *entry.task == actual) return;
  throw LoadError("task: expected " + to_string(actual) + ", as " + entry.source.string() + " is " + outline.model +
                  ", found " + to_string(*entry.task));
}

}  // namespace

ConversionPlan plan_conversion(const ConversionEntry& entry) {
  const ConversionOutline outline = outline_conversion(entry.source);
  check_task(entry, outline);
  const auto* const target = std::get_if<TargetSize>(&entry.form);
  const WeightsForm form = target ? fitting_form(outline, *target) : std::get<WeightsForm>(entry.form);
  check_can_take(outline, form);
  const std::uint64_t bytes = converted_bytes(outline, form);
  return {.form = form,
          .bytes = bytes,
          .summary = entry.source.string() + " (" + outline.model + ", " + outline.source_layout + ") as " +
                     to_string(form) + (target ? " to fit " + in_bytes(target->bytes) : "") + ", weights of " +
                     in_bytes(bytes)};
}

}  // namespace mobileclip::server
