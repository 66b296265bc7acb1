#include "server/bulk/embedding_file.h"

#include "engine/weights/npy_header.h"
#include "engine/weights/replacement_file.h"
#include "engine/weights/safetensors.h"
#include "proto_json/json_writer.h"
#include "server/bulk/json_path.h"

namespace mobileclip::server {
namespace {

std::string array_header(EmbeddingFormat format, const EmbeddingRows& rows) {
  const Shape shape{static_cast<std::int64_t>(rows.paths.size()), static_cast<std::int64_t>(rows.dimensions)};
  if (format == EmbeddingFormat::kNpy) return write_npy_header(DType::kF32, shape);
  return safetensors_header({{.name = "embeddings", .dtype = DType::kF32, .shape = shape, .fill = {}}}, rows.about);
}

/// {"input": "dog.jpg", "kind": "image", "embedding": […]}
std::string json_line(const std::string& path, std::span<const float> values) {
  proto::JsonWriter numbers(values.size() * proto::kMaxFloatBytes);
  numbers.numbers(values);
  return "{\"input\":" + json_path(path) + R"(,"kind":"image","embedding":)" + std::move(numbers).take() + "}\n";
}

void write_paths(const std::filesystem::path& file, const std::vector<std::string>& paths) {
  ReplacementFile out(file);
  for (const std::string& path : paths) out.write(json_path(path) + "\n");
  out.commit();
}

}  // namespace

std::optional<EmbeddingFormat> embedding_format(const std::filesystem::path& file) {
  const std::filesystem::path ending = file.extension();
  if (ending == ".npy") return EmbeddingFormat::kNpy;
  if (ending == ".ndjson" || ending == ".jsonl") return EmbeddingFormat::kNdjson;
  if (ending == ".safetensors") return EmbeddingFormat::kSafetensors;
  return std::nullopt;
}

std::filesystem::path list_of_paths(const std::filesystem::path& file) { return file.string() + ".paths.jsonl"; }

void write_embeddings(const std::filesystem::path& file, const EmbeddingRows& rows) {
  const EmbeddingFormat format = embedding_format(file).value();
  const bool is_array = format != EmbeddingFormat::kNdjson;
  if (is_array) write_paths(list_of_paths(file), rows.paths);
  ReplacementFile out(file);
  if (is_array) out.write(array_header(format, rows));
  std::vector<float> values(rows.dimensions);
  for (const std::string& path : rows.paths) {
    rows.read(path, values);
    if (is_array) {
      out.write(std::as_bytes(std::span(values)));
    } else {
      out.write(json_line(path, values));
    }
  }
  out.commit();
}

}  // namespace mobileclip::server
