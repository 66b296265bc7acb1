// Options that several commands about weights share.
#pragma once

#include <cstdint>
#include <string>

#include "engine/weights/tensor_store.h"

namespace CLI {
class App;
}

namespace mobileclip::server {

/// Adds --dtype f32|f16|bf16, default f32. `dtype` must live as long as `command` parses.
void add_dtype_option(CLI::App& command, DType& dtype);

/// "11,368,512"
std::string with_thousands(std::uint64_t value);

}  // namespace mobileclip::server
