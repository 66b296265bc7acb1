// Reading inference requests: JSON, and the tensors behind it.
#include <algorithm>
#include <bit>
#include <cstdint>
#include <cstring>
#include <limits>
#include <nlohmann/json.hpp>
#include <span>

#include "proto_json/image_source.h"
#include "proto_json/json_document.h"
#include "proto_json/json_fields.h"
#include "proto_json/open_inference.h"
#include "proto_json/open_inference_models.h"

namespace mobileclip::proto {
namespace {

using Json = nlohmann::json;
using SharedBody = std::shared_ptr<const std::string>;

static_assert(std::endian::native == std::endian::little, "tensors are read as they lie in memory");

constexpr std::size_t kMaxElements = 16u << 20;  // of one tensor: products of its shape stay far from overflow
constexpr std::size_t kLengthBytes = sizeof(std::uint32_t);  // before each BYTES element

Error invalid(std::string message) { return {ErrorCode::kInvalidArgument, std::move(message)}; }

std::string shown(const std::vector<std::size_t>& shape) {
  std::string text = "[";
  for (const std::size_t size : shape) text += (text.size() > 1 ? "," : "") + std::to_string(size);
  return text + "]";
}

/// One of the request's "inputs", as its JSON says.
struct InputTensor {
  std::string name;
  std::string datatype;
  std::vector<std::size_t> shape;
  std::optional<std::size_t> binary_bytes;
  Json* data = nullptr;

  [[nodiscard]] std::string where() const { return "input \"" + name + "\""; }
  [[nodiscard]] std::size_t elements() const {
    std::size_t product = 1;
    for (const std::size_t size : shape) product *= size;
    return product;
  }
};

FieldError read_size(std::string_view key, const Json& value, std::optional<std::size_t>& out) {
  if (!value.is_number_unsigned()) return expected(key, "a number of bytes", value);
  out = value.get<std::size_t>();
  return std::nullopt;
}

FieldError read_shape(std::string_view key, const Json& value, std::vector<std::size_t>& out) {
  if (!value.is_array()) return expected(key, "a list of sizes", value);
  std::size_t elements = 1;
  for (const Json& size : value) {
    if (!size.is_number_unsigned() || size.get<std::uint64_t>() > kMaxElements) {
      return invalid("\"shape\": expected sizes from 0 to " + std::to_string(kMaxElements));
    }
    out.push_back(size.get<std::size_t>());
    elements *= out.back();
    if (elements > kMaxElements) return invalid("\"shape\": more than " + std::to_string(kMaxElements) + " elements");
  }
  return std::nullopt;
}

Field object(std::string_view key, std::function<FieldError(Json&)> read) {
  return or_null({key, [read = std::move(read)](std::string_view, Json& value) { return read(value); }});
}

FieldError read_input(Json& value, InputTensor& tensor) {
  const Field shape{"shape", [&](std::string_view key, Json& given) { return read_shape(key, given, tensor.shape); }};
  const Field data{"data", [&](std::string_view, Json& given) -> FieldError {
                     tensor.data = &given;
                     return std::nullopt;
                   }};
  const Field binary_size{"binary_data_size", [&](std::string_view key, Json& given) {
                            return read_size(key, given, tensor.binary_bytes);
                          }};
  const Field parameters = object("parameters", [&](Json& given) { return read_fields(given, {binary_size}); });
  return read_fields(value, {text("name", tensor.name), text("datatype", tensor.datatype), shape, data, parameters});
}

/// The one tensor that the model takes.
Result<InputTensor> read_inputs(const InferModelSpec& spec, Json* inputs) {
  const std::string wanted = "one tensor \"" + std::string(spec.input) + "\" of " + std::string(spec.datatype);
  if (inputs == nullptr || !inputs->is_array()) return invalid("\"inputs\": expected a list of " + wanted);
  if (inputs->size() != 1)
    return invalid("\"inputs\": expected " + wanted + ", found " + std::to_string(inputs->size()));
  InputTensor tensor;
  if (FieldError error = read_input(inputs->front(), tensor)) return invalid("inputs[0]: " + error->message);
  if (tensor.name != spec.input)
    return invalid("\"inputs\": expected " + wanted + ", found \"" + tensor.name.substr(0, 64) + "\"");
  const bool narrow_ids = spec.datatype == "INT64" && tensor.datatype == "INT32";
  if (tensor.datatype != spec.datatype && !narrow_ids) {
    return invalid(tensor.where() + ": expected datatype " + std::string(spec.datatype) +
                   (spec.datatype == "INT64" ? " or INT32" : "") + ", found \"" + tensor.datatype.substr(0, 64) + "\"");
  }
  // Triton's clients send a batch of strings as [N, 1] as well as [N].
  const bool column = spec.rank == 1 && tensor.shape.size() == 2 && tensor.shape[1] == 1;
  if ((tensor.shape.size() != spec.rank && !column) || tensor.elements() == 0) {
    return invalid(tensor.where() + ": expected shape " + (spec.rank == 1 ? "[N] or [N,1]" : "[N,L]") +
                   " with no empty dimension, found " + shown(tensor.shape));
  }
  if (tensor.binary_bytes.has_value() == (tensor.data != nullptr)) {
    return invalid(tensor.where() + R"(: expected either "data" or the parameter "binary_data_size")");
  }
  return tensor;
}

/// Leaves of the nested lists, in order: data may be nested as the shape says or flat.
bool collect(Json& value, std::size_t depth, std::vector<Json*>& leaves) {
  if (!value.is_array()) {
    leaves.push_back(&value);
    return true;
  }
  if (depth == 0) return false;
  return std::all_of(value.begin(), value.end(), [&](Json& child) { return collect(child, depth - 1, leaves); });
}

Result<std::vector<Json*>> json_elements(const InputTensor& tensor) {
  std::vector<Json*> leaves;
  if (!tensor.data->is_array() || !collect(*tensor.data, tensor.shape.size(), leaves)) {
    return invalid(tensor.where() + ": \"data\" is not a list nested as its shape " + shown(tensor.shape) + " says");
  }
  if (leaves.size() != tensor.elements()) {
    return invalid(tensor.where() + ": shape " + shown(tensor.shape) + " has " + std::to_string(tensor.elements()) +
                   " elements, \"data\" has " + std::to_string(leaves.size()));
  }
  return leaves;
}

/// The elements of a BYTES tensor: each its length as a little-endian uint32, then as many bytes.
Result<std::vector<std::string_view>> binary_elements(const InputTensor& tensor, std::string_view bytes) {
  std::vector<std::string_view> elements;
  for (std::size_t i = 0; i < tensor.elements(); ++i) {
    std::uint32_t length = 0;
    if (bytes.size() < kLengthBytes) {
      return invalid(tensor.where() + ": the binary data ends before the length of element " + std::to_string(i));
    }
    std::memcpy(&length, bytes.data(), kLengthBytes);
    bytes.remove_prefix(kLengthBytes);
    if (bytes.size() < length) {
      return invalid(tensor.where() + ": element " + std::to_string(i) + " is said to have " + std::to_string(length) +
                     " bytes, " + std::to_string(bytes.size()) + " are left");
    }
    elements.push_back(bytes.substr(0, length));
    bytes.remove_prefix(length);
  }
  if (!bytes.empty()) {
    return invalid(tensor.where() + ": " + std::to_string(bytes.size()) + " bytes behind the last element");
  }
  return elements;
}

Result<std::vector<std::int64_t>> binary_ids(const InputTensor& tensor, std::string_view bytes) {
  const std::size_t width = tensor.datatype == "INT32" ? sizeof(std::int32_t) : sizeof(std::int64_t);
  if (bytes.size() != tensor.elements() * width) {
    return invalid(tensor.where() + ": shape " + shown(tensor.shape) + " of " + tensor.datatype + " takes " +
                   std::to_string(tensor.elements() * width) + " bytes, found " + std::to_string(bytes.size()));
  }
  std::vector<std::int64_t> ids(tensor.elements());
  for (std::size_t i = 0; i < ids.size(); ++i) {
    std::int32_t narrow = 0;
    if (width == sizeof narrow) {
      std::memcpy(&narrow, bytes.data() + i * width, width);
      ids[i] = narrow;
    } else {
      std::memcpy(&ids[i], bytes.data() + i * width, width);
    }
  }
  return ids;
}

Result<std::vector<std::int64_t>> json_ids(const InputTensor& tensor) {
  const auto leaves = json_elements(tensor);
  if (!leaves) return leaves.error();
  std::vector<std::int64_t> ids;
  for (const Json* leaf : *leaves) {
    if (!leaf->is_number_integer()) return expected(tensor.where(), "integers", *leaf);
    // What int64 cannot hold is no token id either.
    ids.push_back(leaf->is_number_unsigned() && leaf->get<std::uint64_t>() > INT32_MAX ? -1
                                                                                       : leaf->get<std::int64_t>());
  }
  return ids;
}

FieldError fill_token_ids(const InputTensor& tensor, std::string_view binary, InferRequest& request) {
  const auto ids = tensor.data != nullptr ? json_ids(tensor) : binary_ids(tensor, binary);
  if (!ids) return ids.error();
  const std::size_t length = tensor.shape[1];
  for (std::size_t row = 0; row < tensor.shape[0]; ++row) {
    TokenIds& text_ids = request.token_ids.emplace_back();
    for (const std::int64_t id : std::span(*ids).subspan(row * length, length)) {
      if (id < 0 || id > std::numeric_limits<std::int32_t>::max()) {
        return invalid(tensor.where() + ": row " + std::to_string(row) + " has a value that is no token id");
      }
      text_ids.push_back(static_cast<std::int32_t>(id));
    }
  }
  return std::nullopt;
}

FieldError fill_from_json(const InputTensor& tensor, InferModel model, InferRequest& request) {
  const auto leaves = json_elements(tensor);
  if (!leaves) return leaves.error();
  for (Json* leaf : *leaves) {
    if (!leaf->is_string()) return expected(tensor.where(), "strings", *leaf);
    auto& value = leaf->get_ref<Json::string_t&>();
    if (model == InferModel::kImage) {
      request.images.push_back(image_from_text(std::move(value)));
    } else {
      request.texts.push_back(std::move(value));
    }
  }
  return std::nullopt;
}

FieldError fill_from_binary(const InputTensor& tensor, InferModel model, std::string_view binary,
                            const SharedBody& owner, InferRequest& request) {
  const auto elements = binary_elements(tensor, binary);
  if (!elements) return elements.error();
  for (const std::string_view element_bytes : *elements) {
    if (model == InferModel::kText) {
      request.texts.emplace_back(element_bytes);
    } else if (element_bytes.empty()) {
      request.images.emplace_back(invalid("the image is empty"));
    } else {
      request.images.emplace_back(ImageBytes{.bytes = std::as_bytes(std::span(element_bytes)), .owner = owner});
    }
  }
  return std::nullopt;
}

FieldError read_outputs(Json& value, bool& binary) {
  if (!value.is_array()) return expected("\"outputs\"", "a list", value);
  for (Json& output : value) {
    std::string name;
    const Field parameters =
        object("parameters", [&](Json& given) { return read_fields(given, {flag("binary_data", binary)}); });
    if (FieldError error = read_fields(output, {text("name", name), parameters})) {
      return invalid("\"outputs\": " + error->message);
    }
    if (name != kInferOutput) {
      return invalid(R"("outputs": the only output is ")" + std::string(kInferOutput) + "\", found \"" +
                     name.substr(0, 64) + "\"");
    }
  }
  return std::nullopt;
}

/// The whole JSON part; "inputs" is left in `inputs`.
FieldError read_request(Json& document, InferRequest& request, Json*& inputs) {
  bool all_binary = false;
  std::optional<bool> binary;
  const Field keep_inputs{"inputs", [&](std::string_view, Json& value) -> FieldError {
                            inputs = &value;
                            return std::nullopt;
                          }};
  const Field outputs = or_null({"outputs", [&](std::string_view, Json& value) -> FieldError {
                                   bool asked = false;
                                   FieldError error = read_outputs(value, asked);
                                   if (value.is_array() && !value.empty()) binary = asked;
                                   return error;
                                 }});
  const Field parameters = object("parameters", [&](Json& value) {
    return read_fields(
        value, {flag("binary_data_output", all_binary), flag("normalize", request.options.normalize),
                positive("dimensions", request.options.dimensions), flag("truncate", request.options.truncate)});
  });
  FieldError error = read_fields(document, {or_null(text("id", request.id)), keep_inputs, outputs, parameters});
  request.binary_output = all_binary || binary.value_or(false);
  return error;
}

}  // namespace

Result<InferRequest> parse_infer(InferModel model, const SharedBody& body, std::optional<std::size_t> json_length) {
  if (json_length && *json_length > body->size()) {
    return invalid("Inference-Header-Content-Length is " + std::to_string(*json_length) + ", the body has " +
                   std::to_string(body->size()) + " bytes");
  }
  const std::size_t json_end = json_length.value_or(body->size());
  const std::string_view binary = std::string_view(*body).substr(json_end);
  Result<Json> document = parse_json(std::string_view(*body).substr(0, json_end));
  if (!document) return std::move(document).error();

  InferRequest request;
  Json* inputs = nullptr;
  if (FieldError error = read_request(*document, request, inputs)) return *std::move(error);
  const Result<InputTensor> tensor = read_inputs(infer_spec(model), inputs);
  if (!tensor) return tensor.error();
  if (binary.size() != tensor->binary_bytes.value_or(0)) {
    return invalid(tensor->where() + ": binary_data_size is " + std::to_string(tensor->binary_bytes.value_or(0)) +
                   ", behind the JSON are " + std::to_string(binary.size()) + " bytes");
  }
  FieldError error = model == InferModel::kTextTokens ? fill_token_ids(*tensor, binary, request)
                     : tensor->data != nullptr        ? fill_from_json(*tensor, model, request)
                                                      : fill_from_binary(*tensor, model, binary, body, request);
  if (error) return *std::move(error);
  return request;
}

}  // namespace mobileclip::proto
