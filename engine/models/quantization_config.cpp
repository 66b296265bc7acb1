#include "engine/models/quantization_config.h"

#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "engine/base/error.h"
#include "engine/weights/printable.h"

namespace mobileclip {
namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

constexpr std::uintmax_t kMaxConfigBytes = 1u << 20;

/// One of the two members, with errors that name file and member.
class Reader {
 public:
  Reader(const fs::path& file, std::string member) : file_(file), member_(std::move(member)) {}

  [[nodiscard]] QuantizationConfig read(const Json& object) const {
    if (!object.is_object()) fail("", "an object", object.type_name());
    if (const auto method = object.find("quant_method"); method != object.end()) {
      fail(".quant_method", "none: MLX's affine quantisation", method->dump());
    }
    QuantizationConfig config{.format = read_format(object, "", std::nullopt), .modules = {}};
    for (const auto& [key, value] : object.items()) {
      const std::string path = "." + printable(key);
      if (value.is_boolean()) {
        config.modules.emplace(key, value.get<bool>() ? config.format : std::nullopt);
      } else if (value.is_object()) {
        config.modules.emplace(key, read_format(value, path, config.format));
      }
    }
    return config;
  }

 private:
  [[noreturn]] void fail(const std::string& path, const std::string& expected, const std::string& found) const {
    throw LoadError(file_.string() + ": " + member_ + path + ": expected " + expected + ", found " + found);
  }

  /// `usual` fills in what an override leaves out.
  AffineFormat read_format(const Json& object, const std::string& path,
                           const std::optional<AffineFormat>& usual) const {
    if (const auto mode = object.find("mode"); mode != object.end() && *mode != "affine") {
      fail(path + ".mode", R"("affine", which is all this engine computes)", mode->dump());
    }
    const AffineFormat format{.bits = integer(object, path, "bits", usual ? usual->bits : 0),
                              .group_size = integer(object, path, "group_size", usual ? usual->group_size : 0)};
    if (!is_supported(format)) fail(path, "4 or 8 bits in groups of 32, 64 or 128", to_string(format));
    return format;
  }

  /// `usual` where it is missing, unless that is 0.
  [[nodiscard]] int integer(const Json& object, const std::string& path, const char* key, int usual) const {
    const auto member = object.find(key);
    if (member == object.end()) {
      if (usual == 0) fail(path + "." + key, "an integer", "none");
      return usual;
    }
    const bool is_good = member->is_number_integer() && *member >= 1 && *member <= 1024;
    if (!is_good) fail(path + "." + key, "an integer of 1 to 1024", member->dump());
    return member->get<int>();
  }

  const fs::path& file_;
  std::string member_;
};

}  // namespace

std::optional<AffineFormat> QuantizationConfig::of(std::string_view module) const {
  const auto found = modules.find(module);
  return found == modules.end() ? format : found->second;
}

QuantizationConfig parse_quantization(std::string_view json, const fs::path& file) {
  Json document;
  try {
    document = Json::parse(json);
  } catch (const Json::exception& error) {
    throw LoadError(file.string() + ": bad JSON: " + error.what());
  }
  if (!document.is_object()) throw LoadError(file.string() + ": expected an object, found " + document.type_name());
  std::optional<QuantizationConfig> config;
  for (const char* const member : {"quantization", "quantization_config"}) {
    const auto found = document.find(member);
    if (found == document.end() || found->is_null()) continue;
    QuantizationConfig read = Reader(file, member).read(*found);
    if (config && *config != read) {
      throw LoadError(file.string() + ": expected quantization and quantization_config to say the same, found " +
                      document["quantization"].dump() + " and " + found->dump());
    }
    config = std::move(read);
  }
  return config.value_or(QuantizationConfig{});
}

QuantizationConfig read_quantization(const fs::path& file) {
  std::error_code ignored;
  const auto size = fs::file_size(file, ignored);
  if (ignored) return {};
  if (size > kMaxConfigBytes) {
    throw LoadError(file.string() + ": expected at most 1 MiB of JSON, found " + std::to_string(size) + " bytes");
  }
  std::ifstream stream(file, std::ios::binary);
  if (!stream) throw LoadError(file.string() + ": cannot be opened");
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  return parse_quantization(text, file);
}

}  // namespace mobileclip
