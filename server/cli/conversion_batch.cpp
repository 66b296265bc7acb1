#include "server/cli/conversion_batch.h"

#include <exception>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "engine/base/error.h"
#include "engine/models/convert.h"
#include "engine/models/loaded_model.h"
#include "engine/models/model_directories.h"
#include "engine/models/output_directory.h"
#include "engine/runtime/engine.h"
#include "server/cli/conversion_plan.h"
#include "server/cli/interruptible_progress.h"

namespace mobileclip::server {
namespace {

namespace fs = std::filesystem;

/// Loads it and embeds: what cannot be served is not left behind.
void check_serves(const fs::path& directory, const Progress& progress) {
  Engine engine(load_model(directory, progress), {});
  engine.warm_up(progress);
}

/// --force replaces models, and nothing else that may have the name.
void check_replaceable(const fs::path& target) {
  if (fs::is_directory(target) && holds_model(target)) return;
  throw LoadError("--force: expected a model to replace, found " + target.string() + ", which holds none");
}

class Batch {
 public:
  Batch(const ConversionConfig& config, const BatchOptions& options, std::ostream& out, const Progress& progress)
      : config_(config), options_(options), out_(out), progress_(progress) {}

  std::size_t run() {
    for (const ConversionEntry& entry : config_.models) attempt(entry, [&] { plan(entry); });
    for (const Work& work : work_) attempt(*work.entry, [&] { make(work); });
    out_ << made_ << (options_.dry_run ? " to make, " : " made, ") << skipped_ << " skipped, " << failed_ << " failed"
         << std::endl;
    return failed_;
  }

 private:
  struct Work {
    const ConversionEntry* entry;
    fs::path target;
    bool exists;
    ConversionPlan plan;
  };

  /// Goes on after a model that cannot be made.
  void attempt(const ConversionEntry& entry, const std::function<void()>& step) {
    try {
      step();
    } catch (const Interrupted&) {
      throw;
    } catch (const std::exception& error) {
      ++failed_;
      out_ << "FAIL   " << entry.name << " (" << entry.place << "): " << error.what() << std::endl;
    }
  }

  void plan(const ConversionEntry& entry) {
    const fs::path target = config_.output / entry.name;
    const bool exists = fs::exists(target) && !(fs::is_directory(target) && fs::is_empty(target));
    if (exists && !options_.force) {
      ++skipped_;
      out_ << "skip   " << target.string() << ": is there (--force replaces it)" << std::endl;
      return;
    }
    if (exists) check_replaceable(target);
    work_.push_back({.entry = &entry, .target = target, .exists = exists, .plan = plan_conversion(entry)});
  }

  /// Throws what keeps the model from being made.
  void make(const Work& work) {
    const std::string what = work.target.string() + ": " + work.plan.summary;
    if (options_.dry_run) {
      ++made_;
      out_ << "would  " << (work.exists ? "replace " : "make ") << what << std::endl;
      return;
    }
    OutputDirectory output(work.target,
                           work.exists ? OutputDirectory::Existing::kReplace : OutputDirectory::Existing::kRefuse);
    const ConvertReport report = convert_model(work.entry->source, output.staging(), work.plan.form, progress_);
    check_serves(output.staging(), progress_);
    output.commit();
    ++made_;
    out_ << "done   " << what << ", fingerprint " << report.fingerprint.substr(0, 12) << std::endl;
  }

  const ConversionConfig& config_;
  const BatchOptions& options_;
  std::ostream& out_;
  const Progress& progress_;
  std::vector<Work> work_;
  std::size_t made_ = 0;
  std::size_t skipped_ = 0;
  std::size_t failed_ = 0;
};

}  // namespace

std::size_t convert_all(const ConversionConfig& config, const BatchOptions& options, std::ostream& out,
                        const Progress& progress) {
  return Batch(config, options, out, progress).run();
}

}  // namespace mobileclip::server
