#include "engine/preprocess/jpeg_handle.h"

#include <jerror.h>

#include <array>
#include <string>

#include "engine/preprocess/image_errors.h"

namespace mobileclip {

JpegHandle::JpegHandle() : errors_{}, info_{}, on_error_{} {
  info_.err = jpeg_std_error(&errors_);
  info_.client_data = this;
  // libjpeg's own handlers call exit() and write to stderr.
  errors_.error_exit = &JpegHandle::leave_step;
  errors_.emit_message = [](j_common_ptr, int) {};
  errors_.output_message = [](j_common_ptr) {};
}

JpegHandle::~JpegHandle() { jpeg_destroy_decompress(&info_); }  // does nothing where none was created

void JpegHandle::leave_step(j_common_ptr info) {
  std::longjmp(static_cast<JpegHandle*>(info->client_data)->on_error_, 1);
}

Error JpegHandle::error() const {
  std::array<char, JMSG_LENGTH_MAX> text{};
  // format_message only reads; its interface just has no const form.
  auto* info = const_cast<jpeg_decompress_struct*>(&info_);
  errors_.format_message(reinterpret_cast<j_common_ptr>(info), text.data());
  switch (errors_.msg_code) {
    case JERR_OUT_OF_MEMORY:
      return out_of_memory();
    case JERR_SOF_UNSUPPORTED:
    case JERR_BAD_PRECISION:
    case JERR_CONVERSION_NOTIMPL:
      return unsupported_image(std::string("JPEG is of an unsupported kind: ") + text.data());
    default:
      return invalid_image(std::string("JPEG data are damaged: ") + text.data());
  }
}

}  // namespace mobileclip
