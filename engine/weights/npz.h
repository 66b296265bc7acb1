// NumPy's .npz: a zip of .npy arrays (numpy/lib/format.py). Little-endian, C or Fortran order.
#pragma once

#include <filesystem>

#include "engine/weights/tensor_store.h"

namespace mobileclip {

/// Tensor names are the members' names without ".npy". Throws LoadError.
TensorStore read_npz(const std::filesystem::path& file);

}  // namespace mobileclip
