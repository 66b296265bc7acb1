#include "server/cli/conversion_batch.h"

#include <algorithm>
#include <array>
#include <ostream>
#include <stdexcept>
#include <string>
#include <system_error>
#include <utility>

#include "engine/base/error.h"
#include "engine/models/convert.h"
#include "engine/models/loaded_model.h"
#include "engine/models/model_weights.h"
#include "engine/models/output_directory.h"
#include "engine/runtime/engine.h"
#include "engine/tensor/shape.h"

namespace mobileclip::server {
namespace {

namespace fs = std::filesystem;

/// By loss: bf16 keeps the range of F32, f16 three more bits of each value; both are half its size.
constexpr std::array kDTypes{DType::kF32, DType::kF16};

std::uint64_t parameters_of(const ModelConfig& config) {
  std::uint64_t count = 0;
  for (const TensorTable& table :
       {image_tensors(config, ImageForm::kFused), text_tensors(config.text, config.embed_dim)}) {
    for (const auto& [name, shape] : table) count += static_cast<std::uint64_t>(element_count(shape));
  }
  return count;
}

std::uint64_t bytes_as(DType dtype, std::uint64_t parameters) { return parameters * (dtype == DType::kF32 ? 4 : 2); }

std::string megabytes(std::uint64_t bytes) { return std::to_string((bytes + 500'000) / 1'000'000) + " MB"; }

DType choose_dtype(const WeightsForm& form, std::uint64_t parameters) {
  if (!form.target_bytes) return form.dtype;
  for (const DType dtype : kDTypes) {
    if (bytes_as(dtype, parameters) <= *form.target_bytes) return dtype;
  }
  throw LoadError("target_size_mb: expected at least " + megabytes(bytes_as(kDTypes.back(), parameters)) +
                  ", the weights in f16, found " + megabytes(*form.target_bytes));
}

void check_task(ModelTask task, bool embeds_images) {
  if (task == ModelTask::kImageText && !embeds_images) throw LoadError("expected a model of images and texts");
  if (task == ModelTask::kText && embeds_images)
    throw LoadError("expected a model of texts only, found an image tower");
}

/// Loads it and embeds: what cannot be served is not left behind.
void check_serves(const fs::path& directory, ModelTask task, const Progress& progress) {
  Engine engine(load_model(directory, progress), {});
  check_task(task, engine.info().image_input.has_value());
  engine.warm_up(progress);
}

/// Gives the finished directory `made` the name `target`, in the place of what is there.
void replace(const fs::path& made, const fs::path& target) {
  const fs::path old = target.string() + ".replaced";
  fs::remove_all(old);
  const bool exists = fs::exists(target);
  if (exists) fs::rename(target, old);
  try {
    fs::rename(made, target);
  } catch (...) {
    std::error_code ignored;
    if (exists) fs::rename(old, target, ignored);
    throw;
  }
  fs::remove_all(old);
}

class Batch {
 public:
  Batch(const ConversionConfig& config, const BatchOptions& options, std::ostream& out, const Progress& progress)
      : config_(config), options_(options), out_(out), progress_(progress) {}

  /// Throws what keeps the model from being made.
  void make(const ConversionEntry& entry) {
    const fs::path target = config_.output / entry.name;
    const bool exists = fs::exists(target) && !fs::is_empty(target);
    if (exists && !options_.force) {
      out_ << "skip   " << target.string() << ": is there (--force replaces it)" << std::endl;
      return;
    }
    const std::uint64_t parameters = parameters_of(read_model_weights(entry.source, progress_).config);
    const DType dtype = choose_dtype(entry.form, parameters);
    const std::string what = target.string() + ": " + entry.source.string() + " as " +
                             std::string(mobileclip::to_string(dtype)) + ", weights of " +
                             megabytes(bytes_as(dtype, parameters));
    if (options_.dry_run) {
      out_ << "would  " << (exists ? "replace " : "make ") << what << std::endl;
      return;
    }
    fs::create_directories(config_.output);
    const fs::path beside = config_.output / ("." + entry.name + ".new");
    fs::remove_all(beside);
    OutputDirectory made(beside);
    const ConvertReport report = convert_model(entry.source, made.staging(), {.dtype = dtype}, progress_);
    check_serves(made.staging(), entry.task, progress_);
    made.commit();
    replace(beside, target);
    out_ << "done   " << what << ", fingerprint " << report.fingerprint.substr(0, 12) << std::endl;
  }

 private:
  const ConversionConfig& config_;
  const BatchOptions& options_;
  std::ostream& out_;
  const Progress& progress_;
};

}  // namespace

std::size_t convert_all(const ConversionConfig& config, const BatchOptions& options, std::ostream& out,
                        const Progress& progress) {
  Batch batch(config, options, out, progress);
  std::size_t failed = 0;
  for (const ConversionEntry& entry : config.models) {
    try {
      batch.make(entry);
    } catch (const std::exception& error) {
      ++failed;
      out << "FAIL   " << entry.name << " (" << entry.place << "): " << error.what() << std::endl;
    }
  }
  return failed;
}

}  // namespace mobileclip::server
