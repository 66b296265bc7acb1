// timm's and MobileOne's structural reparameterisation: the branches of a training-time block become one convolution.
// One function per `reparameterize()` of the reference; inference never sees branches.
#pragma once

#include "engine/models/config.h"
#include "engine/models/model_directory.h"

namespace mobileclip {

/// `train` holds every tensor of the train table; the result holds every tensor of the fused table. Folding runs in
/// double and rounds once; eps is added to running_var exactly as the reference does (real checkpoints have variances
/// far below it).
TowerWeights fuse_image_tower(const TowerWeights& train, const MciConfig& config, int embed_dim);

}  // namespace mobileclip
