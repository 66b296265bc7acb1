// "quantization" in a checkpoint's config.json: whatever it says, what comes of it is something the kernels compute.
#include "engine/models/quantization_config.h"

#include "engine/base/error.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace mobileclip;
  try {
    const QuantizationConfig config = parse_quantization(fuzz::text_of(data, size), "config.json");
    CHECK(config.format || config.modules.empty());
    CHECK(!config.format || is_supported(*config.format));
    for (const auto& [module, format] : config.modules) CHECK(!format || is_supported(*format));
  } catch (const LoadError&) {
  }
  return 0;
}
