// libjpeg on bytes in memory: silent, and its fatal errors as return values. The one place that knows of longjmp.
#pragma once

#include <csetjmp>
#include <cstddef>
#include <cstdio>  // jpeglib.h needs FILE and size_t declared
#include <type_traits>

#include <jpeglib.h>

#include "engine/base/error.h"

namespace mobileclip {

/// Owns a decompressor, not yet created: the first step is to call jpeg_create_decompress. One thread at a time.
class JpegHandle {
 public:
  JpegHandle();
  ~JpegHandle();
  JpegHandle(const JpegHandle&) = delete;
  JpegHandle& operator=(const JpegHandle&) = delete;

  [[nodiscard]] const jpeg_decompress_struct& info() const { return info_; }

  /// Calls step(info). False where libjpeg met a fatal error, which leaves the step by longjmp: it may not own anything
  /// that has a destructor. After that nothing but error() may be called.
  template <typename Step>
  [[nodiscard]] bool run(Step step) {
    static_assert(std::is_trivially_destructible_v<Step>);
    if (setjmp(on_error_) != 0) return false;
    step(info_);
    return true;
  }

  /// What the failed step ran into: kUnsupportedImage for kinds of JPEG that libjpeg has no decoder for, kUnavailable
  /// where memory ran out, kInvalidImage for everything else.
  [[nodiscard]] Error error() const;

 private:
  [[noreturn]] static void leave_step(j_common_ptr info);

  jpeg_error_mgr errors_;
  jpeg_decompress_struct info_;
  std::jmp_buf on_error_;
};

}  // namespace mobileclip
