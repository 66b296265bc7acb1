#!/usr/bin/env bash
# The speed of every family of models, from nothing to a table. Arguments go to measure.py, such as --rounds 9.
set -euo pipefail

HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd -- "$HERE/../.." && pwd)
readonly HERE ROOT
readonly BUILD=$ROOT/build/bench

# shellcheck source=deploy/install_packages.sh
source "$ROOT/deploy/install_packages.sh"

install_packages "${BUILD_PACKAGES[@]}" "${BENCH_PACKAGES[@]}" python3-torch python3-numpy
ccache=$(ccache_option)
cmake -S "$ROOT" -B "$BUILD" -G Ninja -DCMAKE_BUILD_TYPE=Release -DMOBILECLIP_BUILD_TESTS=OFF \
  -DMOBILECLIP_BUILD_BENCH=ON ${ccache:+"$ccache"} >&2
cmake --build "$BUILD" --target mobileclip-server mobileclip-engine-runner >&2

grep -m1 'model name' /proc/cpuinfo
exec /usr/bin/python3 "$HERE/measure.py" "$@"
