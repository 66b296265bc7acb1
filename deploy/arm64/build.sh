#!/usr/bin/env bash
# Cross-compiles the server and its tests for arm64, from a bare amd64 Debian 12 on.
set -euo pipefail

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
readonly ROOT
readonly BUILD=$ROOT/build/arm64
readonly SYSROOT=$BUILD/sysroot # toolchain.cmake knows it, too

# shellcheck source=deploy/install_packages.sh
source "$ROOT/deploy/install_packages.sh"

if (($#)); then
  cat <<EOF_USAGE
Usage: deploy/arm64/build.sh

Installs the cross compiler and QEMU (Debian packages, as root or with sudo), unpacks the libraries' arm64 packages in
build/arm64/sysroot (1.4 GB), and builds the server and its tests in build/arm64. The machine's own packages and
architectures stay as they are. deploy/arm64/test.sh runs what was built.
EOF_USAGE
  exit
fi

# Extracted and not installed: what packages do when they are installed would have to run as arm64 programs. What of it
# matters here is done by hand.
make_sysroot() {
  local packages=(libstdc++-12-dev) package
  for package in "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}"; do
    if [[ $package == *-dev ]]; then packages+=("$package"); fi
  done
  rm -rf "$SYSROOT" "$SYSROOT.part"
  mmdebstrap --variant=extract --architectures=arm64 --include="$(IFS=, && echo "${packages[*]}")" bookworm "$SYSROOT.part"

  local libraries=$SYSROOT.part/usr/lib/aarch64-linux-gnu link
  ln -s blas/libblas.so.3 lapack/liblapack.so.3 "$libraries" # update-alternatives would
  # Absolute ones would lead out of the tree.
  find "$SYSROOT.part" -type l -lname '/*' -print0 | while IFS= read -r -d '' link; do
    ln --symbolic --relative --no-dereference --force "$SYSROOT.part$(readlink "$link")" "$link"
  done
  mv "$SYSROOT.part" "$SYSROOT"
}

install_packages cmake ninja-build g++-aarch64-linux-gnu mmdebstrap qemu-user-static
if [[ ! -d $SYSROOT ]]; then
  mkdir -p "$BUILD"
  make_sysroot
fi
ccache=$(ccache_option)
# As tests/run.sh configures it: optimised, and assertions count.
cmake -S "$ROOT" -B "$BUILD" -G Ninja -DCMAKE_TOOLCHAIN_FILE="$ROOT/deploy/arm64/toolchain.cmake" \
  -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE=-O2 ${ccache:+"$ccache"}
cmake --build "$BUILD"
