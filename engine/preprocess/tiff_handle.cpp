#include "engine/preprocess/tiff_handle.h"

#include <algorithm>
#include <array>
#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace mobileclip {
namespace {

/// What libtiff may take at once; a file of our size limits needs less.
constexpr tmsize_t kMaxAllocation = tmsize_t{256} << 20;

}  // namespace

struct TiffHandle::Callbacks {
  static Source& source(thandle_t handle) { return *static_cast<Source*>(handle); }

  static tmsize_t read(thandle_t handle, void* to, tmsize_t count) {
    Source& from = source(handle);
    const std::size_t left = from.bytes.size() - std::min(from.position, from.bytes.size());
    const std::size_t taken = std::min(static_cast<std::size_t>(std::max<tmsize_t>(count, 0)), left);
    if (taken != 0) std::memcpy(to, from.bytes.data() + from.position, taken);
    from.position += taken;
    return static_cast<tmsize_t>(taken);
  }
  static tmsize_t write(thandle_t, void*, tmsize_t) { return 0; }
  static toff_t seek(thandle_t handle, toff_t offset, int whence) {
    Source& in = source(handle);
    if (whence == SEEK_CUR) offset += in.position;
    if (whence == SEEK_END) offset += in.bytes.size();
    in.position = static_cast<std::size_t>(offset);
    return offset;
  }
  static int close(thandle_t) { return 0; }
  static toff_t size(thandle_t handle) { return source(handle).bytes.size(); }
  static int map(thandle_t handle, void** base, toff_t* size) {
    // libtiff reads a mapping only, its interface just has no const form.
    *base = const_cast<std::byte*>(source(handle).bytes.data());
    *size = source(handle).bytes.size();
    return 1;
  }
  static void unmap(thandle_t, void*, toff_t) {}

  // A non-zero return keeps libtiff from calling its process-wide handlers, which write to stderr.
  static int on_error(TIFF*, void* user_data, const char* module, const char* format, va_list arguments) {
    Source& about = *static_cast<Source*>(user_data);
    std::array<char, 200> text;
    std::vsnprintf(text.data(), text.size(), format, arguments);
    about.complaint = std::string(module != nullptr ? module : "libtiff") + ": " + text.data();
    return 1;
  }
  static int on_warning(TIFF*, void*, const char*, const char*, va_list) { return 1; }
};

TiffHandle::TiffHandle(std::span<const std::byte> encoded) : source_(std::make_unique<Source>()) {
  source_->bytes = encoded;
  const std::unique_ptr<TIFFOpenOptions, decltype(&TIFFOpenOptionsFree)> options(TIFFOpenOptionsAlloc(),
                                                                                 &TIFFOpenOptionsFree);
  if (!options) return;
  TIFFOpenOptionsSetMaxSingleMemAlloc(options.get(), kMaxAllocation);
  TIFFOpenOptionsSetErrorHandlerExtR(options.get(), &Callbacks::on_error, source_.get());
  TIFFOpenOptionsSetWarningHandlerExtR(options.get(), &Callbacks::on_warning, source_.get());
  tiff_.reset(TIFFClientOpenExt("TIFF", "r", source_.get(), &Callbacks::read, &Callbacks::write, &Callbacks::seek,
                                &Callbacks::close, &Callbacks::size, &Callbacks::map, &Callbacks::unmap,
                                options.get()));
}

std::string TiffHandle::complaint() const {
  return source_->complaint.empty() ? "damaged TIFF data" : source_->complaint;
}

}  // namespace mobileclip
