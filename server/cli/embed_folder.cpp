#include "server/cli/embed_folder.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <iostream>
#include <memory>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <utility>
#include <vector>

#include "engine/models/loaded_model.h"
#include "engine/weights/printable.h"
#include "proto_json/json_writer.h"
#include "server/bulk/embedding_file.h"
#include "server/bulk/image_folder.h"
#include "server/bulk/journal.h"
#include "server/cli/command.h"
#include "server/cli/image_file.h"
#include "server/cli/progress_bar.h"
#include "server/cli/stop_signals.h"

namespace mobileclip::server {
namespace {

constexpr int kSignalExitBase = 128;  // the shell's convention for "ended by signal n"

/// All that the embeddings depend on, for the journal.
std::string describe_work(const EmbedFolderArguments& arguments, const EngineInfo& info) {
  proto::JsonWriter json;
  json.begin_object();
  json.key("fingerprint").string(info.fingerprint);
  json.key("precision").string(info.precision);
  json.key("isa").string(info.isa);
  json.key("dimensions").integer(arguments.request.dimensions);
  json.key("normalize").boolean(arguments.request.normalize);
  json.key("exif").string(arguments.engine.exif == ExifOrientation::kApply ? "apply" : "ignore");
  json.key("decode").string(arguments.engine.decode == JpegDecoding::kFast ? "fast" : "exact");
  json.key("folder").string(std::filesystem::canonical(arguments.folder).string());
  json.end_object();
  return std::move(json).take();
}

struct Failure {
  std::string path;
  std::string message;
  auto operator<=>(const Failure&) const = default;
};

/// Images on their way through the engine. The engine's callbacks share it.
class InFlight {
 public:
  struct Landed {
    std::string path;
    FileVersion version;
    Result<EmbeddedItem> result;
  };

  [[nodiscard]] bool has_room() {
    const std::lock_guard lock(mutex_);
    return images_ < kMostImages && bytes_ < kMostBytes;
  }

  static void start(const std::shared_ptr<InFlight>& self, Engine& engine, const EmbedRequest& request,
                    std::string path, const FileVersion& version, std::vector<std::byte> encoded) {
    const auto bytes = std::make_shared<const std::vector<std::byte>>(std::move(encoded));
    const std::size_t size = bytes->size();
    {
      const std::lock_guard lock(self->mutex_);
      ++self->images_;
      self->bytes_ += size;
    }
    const auto done = [self, path = std::move(path), version, size](std::vector<Result<EmbeddedItem>> results) {
      const std::lock_guard lock(self->mutex_);
      --self->images_;
      self->bytes_ -= size;
      self->landed_.push_back({path, version, std::move(results.front())});
      self->changed_.notify_one();
    };
    if (const auto refused = engine.submit_images({{.bytes = *bytes, .owner = bytes}}, request, done))
      throw std::runtime_error(refused->message);
  }

  /// Those that landed since the last call. Waits for one, but not forever, where any is on its way.
  std::deque<Landed> take() {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds(100), [this] { return !landed_.empty() || images_ == 0; });
    return std::exchange(landed_, {});
  }

  [[nodiscard]] bool empty() {
    const std::lock_guard lock(mutex_);
    return images_ == 0 && landed_.empty();
  }

 private:
  // Enough for full batches while as many again are read and decoded.
  static constexpr std::size_t kMostImages = 96;
  static constexpr std::size_t kMostBytes = 128u << 20;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::size_t images_ = 0;
  std::size_t bytes_ = 0;
  std::deque<Landed> landed_;
};

/// One run over a folder.
class FolderRun {
 public:
  FolderRun(const EmbedFolderArguments& arguments, Engine& engine, Journal& journal)
      : arguments_(arguments), engine_(engine), journal_(journal), request_(arguments.request) {
    request_.abandoned = stopped_;
  }

  /// Records all of `images` that are not recorded yet; returns the signal that stopped it, or 0.
  int embed(const std::vector<std::string>& images, const Progress& progress) {
    const StopSignals signals;
    std::vector<std::string> missing;
    for (const std::string& image : images) {
      if (!is_recorded(image)) missing.push_back(image);
    }
    resumed_ = images.size() - missing.size();
    auto next = missing.begin();
    std::size_t done = 0;
    const auto in_flight = std::make_shared<InFlight>();
    while (true) {
      if (signals.received() != 0) *stopped_ = true;
      while (next != missing.end() && signals.received() == 0 && in_flight->has_room()) {
        if (!start(*next++, in_flight)) ++done;
      }
      for (InFlight::Landed& landed : in_flight->take()) {
        record(landed);
        ++done;
      }
      if (progress) progress("Embedding", done, missing.size());
      if (in_flight->empty() && (next == missing.end() || signals.received() != 0)) break;
    }
    return dropped_ || next != missing.end() ? signals.received() : 0;
  }

  /// Of `images`, those that are recorded as they are now.
  [[nodiscard]] std::vector<std::string> recorded(const std::vector<std::string>& images) const {
    std::vector<std::string> found;
    std::ranges::copy_if(images, std::back_inserter(found), [this](const auto& image) { return is_recorded(image); });
    return found;
  }

  /// Every image is among `rows` or among the failures.
  void explain_missing(const std::vector<std::string>& images, const std::vector<std::string>& rows) {
    std::vector<std::string> told = rows;
    for (const Failure& failure : failures_) told.push_back(failure.path);
    std::ranges::sort(told);
    for (const std::string& image : images) {
      if (!std::ranges::binary_search(told, image))
        failures_.push_back({image, "was changed or removed after it had been embedded"});
    }
  }

  [[nodiscard]] std::size_t resumed() const { return resumed_; }
  [[nodiscard]] std::vector<Failure>& failures() { return failures_; }

 private:
  [[nodiscard]] bool is_recorded(const std::string& image) const {
    try {
      return journal_.has(image, file_version(arguments_.folder / image));
    } catch (const std::system_error&) {  // gone: told when it is to be read
      return false;
    }
  }

  /// False where it failed already.
  bool start(const std::string& image, const std::shared_ptr<InFlight>& in_flight) {
    try {
      const FileVersion version = file_version(arguments_.folder / image);
      auto encoded = read_image_file(arguments_.folder / image, arguments_.engine.image_limits.max_encoded_bytes);
      if (!encoded) {
        failures_.push_back({image, encoded.error().message});
        return false;
      }
      InFlight::start(in_flight, engine_, request_, image, version, std::move(*encoded));
      return true;
    } catch (const std::system_error& error) {
      failures_.push_back({image, "cannot be read: " + error.code().message()});
      return false;
    }
  }

  void record(InFlight::Landed& landed) {
    if (landed.result) {
      journal_.append(landed.path, landed.version, landed.result->embedding);
    } else if (landed.result.error().code == ErrorCode::kCancelled) {  // its turn had not come when the signal did
      dropped_ = true;
    } else {
      failures_.push_back({landed.path, landed.result.error().message});
    }
  }

  const EmbedFolderArguments& arguments_;
  Engine& engine_;
  Journal& journal_;
  const std::shared_ptr<std::atomic<bool>> stopped_ = std::make_shared<std::atomic<bool>>(false);
  EmbedRequest request_;
  bool dropped_ = false;
  std::vector<Failure> failures_;
  std::size_t resumed_ = 0;
};

void report(const std::vector<Failure>& failures) {
  for (const Failure& failure : failures)
    std::cerr << "mobileclip-server: error: " << printable(failure.path) << ": " << failure.message << '\n';
}

std::string count_of(std::size_t n, const std::string& what) {
  return std::to_string(n) + " " + what + (n == 1 ? "" : "s");
}

void check(const EmbedFolderArguments& arguments) {
  if (!embedding_format(arguments.output)) {
    throw UsageError("--recursive: expected -o with a file ending in .npy, .ndjson, .jsonl or .safetensors, found " +
                     (arguments.output.empty() ? "none" : printable(arguments.output.string())));
  }
}

ImageFolder images_of(const std::filesystem::path& folder) {
  ImageFolder found = list_images(folder);
  if (found.images.empty() && found.unreadable.empty()) {
    throw std::runtime_error(folder.string() + ": expected images (" + image_endings() + "), found none among " +
                             count_of(found.other_files, "file"));
  }
  return found;
}

}  // namespace

int embed_folder(const EmbedFolderArguments& arguments) {
  check(arguments);
  const ImageFolder folder = images_of(arguments.folder);
  std::optional<ProgressBar> bar(std::in_place);
  Engine engine(load_model(arguments.model, bar->callback()), arguments.engine);
  const EngineInfo& info = engine.info();
  if (arguments.request.dimensions > info.embed_dim) {
    throw UsageError("--dimensions: expected at most " + std::to_string(info.embed_dim) + ", found " +
                     std::to_string(arguments.request.dimensions));
  }
  const auto dimensions =
      static_cast<std::size_t>(arguments.request.dimensions > 0 ? arguments.request.dimensions : info.embed_dim);

  Journal journal(arguments.output.string() + ".journal", describe_work(arguments, info), dimensions);
  FolderRun run(arguments, engine, journal);
  const int signal = run.embed(folder.images, bar->callback());
  bar.reset();  // what is printed from here on stays
  if (signal != 0) {
    const std::size_t done = run.recorded(folder.images).size();
    std::cerr << "mobileclip-server: stopped with " << done << " of " << count_of(folder.images.size(), "image")
              << " done; the same command goes on with the others\n";
    return kSignalExitBase + signal;
  }

  std::vector<std::string> rows = run.recorded(folder.images);
  const std::size_t embedded = rows.size();
  run.explain_missing(folder.images, rows);
  write_embeddings(
      arguments.output,
      {.paths = std::move(rows),
       .dimensions = dimensions,
       .read = [&journal](const std::string& path, std::span<float> values) { journal.read(path, values); },
       .about = {{"model", info.model}, {"fingerprint", info.fingerprint}, {"precision", info.precision}}});
  journal.remove();

  for (const auto& [path, why] : folder.unreadable) run.failures().push_back({path, why});
  std::ranges::sort(run.failures());
  report(run.failures());
  std::cerr << "mobileclip-server: " << count_of(embedded, "image") << " in " << arguments.output.string();
  if (run.resumed() > 0) std::cerr << ", " << run.resumed() << " of them from an interrupted run";
  if (!run.failures().empty()) std::cerr << "; " << run.failures().size() << " failed";
  if (folder.other_files > 0) std::cerr << "; " << count_of(folder.other_files, "other file") << " left out";
  if (folder.folder_links > 0) std::cerr << "; " << count_of(folder.folder_links, "link") << " to folders not followed";
  std::cerr << '\n';
  return run.failures().empty() ? 0 : 1;
}

}  // namespace mobileclip::server
