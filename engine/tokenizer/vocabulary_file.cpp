#include "engine/tokenizer/vocabulary_file.h"

#include <zlib.h>

#include <array>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <system_error>

#include "engine/base/error.h"
#include "engine/tokenizer/utf8.h"

namespace mobileclip {
namespace {

constexpr std::size_t kMaxBytes = std::size_t{256} << 20;

struct CloseGzip {
  void operator()(gzFile_s* file) const { gzclose(file); }
};

}  // namespace

std::string read_vocabulary_file(const std::filesystem::path& file) {
  const auto fail = [&](const std::string& what) { return LoadError(file.string() + ": " + what); };
  std::error_code ignored;
  if (std::filesystem::is_directory(file, ignored)) throw fail("expected a vocabulary file, found a directory");

  // gzread also reads what is not compressed, as it is.
  errno = 0;
  const std::unique_ptr<gzFile_s, CloseGzip> input(gzopen(file.c_str(), "rb"));
  if (!input) throw fail("cannot be opened: " + std::generic_category().message(errno));
  std::string text;
  std::array<char, 64 * 1024> buffer;
  for (;;) {
    const int bytes = gzread(input.get(), buffer.data(), buffer.size());
    if (bytes > 0) text.append(buffer.data(), static_cast<std::size_t>(bytes));
    if (text.size() > kMaxBytes) throw fail("expected a vocabulary, found more than 256 MiB");
    // A file that ends inside its compressed data reads short and then says so.
    int status = Z_OK;
    const char* message = gzerror(input.get(), &status);
    if (bytes < 0 || (bytes == 0 && status != Z_OK)) throw fail(std::string("cannot be read: ") + message);
    if (bytes == 0) break;
  }
  if (const std::size_t valid = decode_utf8(text).valid_bytes; valid < text.size()) {
    throw fail("expected UTF-8, found other bytes at offset " + std::to_string(valid));
  }
  return text;
}

bool is_file(const std::filesystem::path& path) {
  std::error_code ignored;
  return std::filesystem::is_regular_file(path, ignored);
}

}  // namespace mobileclip
