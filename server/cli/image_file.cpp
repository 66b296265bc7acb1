#include "server/cli/image_file.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string>

namespace mobileclip::server {
namespace {

Error cannot_be_read() { return {ErrorCode::kInvalidArgument, std::string("cannot be read: ") + std::strerror(errno)}; }

}  // namespace

Result<std::vector<std::byte>> read_image_file(const std::filesystem::path& file, std::size_t limit) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> in(std::fopen(file.c_str(), "rb"), &std::fclose);
  if (!in) return cannot_be_read();
  // To the end rather than to a size asked for beforehand: pipes and /dev/stdin have none.
  std::vector<std::byte> bytes;
  constexpr std::size_t kChunk = 1 << 20;
  for (std::size_t got = kChunk; got == kChunk;) {
    const std::size_t before = bytes.size();
    bytes.resize(before + kChunk);
    got = std::fread(bytes.data() + before, 1, kChunk, in.get());
    bytes.resize(before + got);
    if (bytes.size() > limit) {
      return Error{ErrorCode::kImageTooLarge, "expected at most " + std::to_string(limit) + " bytes, found more"};
    }
  }
  if (std::ferror(in.get()) != 0) return cannot_be_read();
  return bytes;
}

}  // namespace mobileclip::server
