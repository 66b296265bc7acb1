// The two kinds of work. Images and texts never wait behind each other's queue.
#pragma once

#include <cstddef>
#include <string_view>

namespace mobileclip {

enum class Lane { kImage, kText };
inline constexpr Lane kLanes[] = {Lane::kImage, Lane::kText};
inline constexpr std::size_t kLaneCount = 2;

constexpr std::string_view to_string(Lane lane) { return lane == Lane::kImage ? "image" : "text"; }

}  // namespace mobileclip
