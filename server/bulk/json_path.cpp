#include "server/bulk/json_path.h"

#include <cstdio>

#include "engine/tokenizer/utf8.h"

namespace mobileclip::server {

std::string json_path(std::string_view path) {
  std::string json = "\"";
  const auto escape = [&json](unsigned unit) {
    char text[8];
    std::snprintf(text, sizeof text, "\\u%04x", unit);
    json += text;
  };
  for (std::size_t i = 0; i < path.size();) {
    const CodePoint point = code_point_at(path, i);
    if (point.length == 0) {
      escape(0xDC00U + static_cast<unsigned char>(path[i]));
    } else if (point.value < 0x20 || point.value == 0x7F) {
      escape(point.value);
    } else {
      if (point.value == '"' || point.value == '\\') json += '\\';
      json += path.substr(i, point.length);
    }
    i += point.length == 0 ? 1 : point.length;
  }
  return json + '"';
}

}  // namespace mobileclip::server
