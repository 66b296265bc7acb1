#include "engine/preprocess/png_decoder.h"

#include <png.h>

#include <array>
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "engine/preprocess/image_errors.h"

namespace mobileclip {
namespace {

/// What libpng's callbacks read from and report to.
struct Source {
  const std::byte* next = nullptr;
  std::size_t left = 0;
  bool out_of_memory = false;
  std::array<char, 96> message{};
};

Source& source_of(png_voidp pointer) { return *static_cast<Source*>(pointer); }

// libpng's own handlers write to stderr.
[[noreturn]] void on_error(png_structp png, png_const_charp message) {
  Source& source = source_of(png_get_error_ptr(png));
  std::snprintf(source.message.data(), source.message.size(), "%s", message);
  png_longjmp(png, 1);
}
void on_warning(png_structp /*png*/, png_const_charp /*message*/) {}

void read_bytes(png_structp png, png_bytep out, std::size_t count) {
  Source& source = source_of(png_get_io_ptr(png));
  if (count > source.left) png_error(png, "the data end too early");
  std::memcpy(out, source.next, count);
  source.next += count;
  source.left -= count;
}

png_voidp allocate(png_structp png, png_alloc_size_t bytes) {
  void* memory = std::malloc(bytes);
  if (memory == nullptr) source_of(png_get_mem_ptr(png)).out_of_memory = true;
  return memory;
}
void release(png_structp /*png*/, png_voidp memory) { std::free(memory); }

/// Owns libpng's two structures.
class PngHandle {
 public:
  explicit PngHandle(Source& source)
      : png_(png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &source, on_error, on_warning, &source, allocate,
                                      release)) {
    if (png_ != nullptr) info_ = png_create_info_struct(png_);
    if (info_ != nullptr) png_set_read_fn(png_, &source, read_bytes);
  }
  ~PngHandle() { png_destroy_read_struct(&png_, &info_, nullptr); }
  PngHandle(const PngHandle&) = delete;
  PngHandle& operator=(const PngHandle&) = delete;

  [[nodiscard]] bool created() const { return info_ != nullptr; }

  /// False where libpng met a fatal error, which leaves by longjmp: nothing here owns what has a destructor.
  [[nodiscard]] bool read(const PngFile& file, png_bytepp rows) {
    if (setjmp(png_jmpbuf(png_)) != 0) return false;
    png_read_info(png_, info_);
    if (file.bit_depth == 16) png_set_strip_16(png_);
    png_set_strip_alpha(png_);
    if (file.color_type == PNG_COLOR_TYPE_PALETTE) png_set_palette_to_rgb(png_);
    if ((file.color_type & PNG_COLOR_MASK_COLOR) == 0) {
      if (file.bit_depth < 8) png_set_expand_gray_1_2_4_to_8(png_);
      png_set_gray_to_rgb(png_);
    }
    png_set_interlace_handling(png_);
    png_read_update_info(png_, info_);
    png_read_image(png_, rows);
    png_read_end(png_, nullptr);
    return true;
  }

 private:
  png_structp png_;
  png_infop info_ = nullptr;
};

}  // namespace

Result<DecodedImage> decode_png(const PngFile& file) {
  const std::vector<std::byte> rebuilt = rebuild_png(file);
  Source source{.next = rebuilt.data(), .left = rebuilt.size()};
  PngHandle png(source);
  if (!png.created()) return out_of_memory();
  PixelBuffer pixels(static_cast<int>(file.width), static_cast<int>(file.height));
  std::vector<png_bytep> rows;
  rows.reserve(file.height);
  for (int y = 0; y < pixels.height; ++y) rows.push_back(pixels.row(y));
  if (!png.read(file, rows.data())) {
    return source.out_of_memory ? out_of_memory()
                                : invalid_image(std::string("PNG data are damaged: ") + source.message.data());
  }
  return std::move(pixels).finish(ChannelOrder::kRgb);
}

}  // namespace mobileclip
