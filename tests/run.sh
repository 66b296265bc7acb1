#!/usr/bin/env bash
# Every test, from a bare Debian 12: packages, build, unit, golden and functional tests.
set -euo pipefail

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
readonly ROOT
readonly BUILD=$ROOT/build/test

# shellcheck source=deploy/install_packages.sh
source "$ROOT/deploy/install_packages.sh"

if [[ ${1:-} == -h || ${1:-} == --help ]]; then
  cat <<EOF
Usage: tests/run.sh [NAME ...]

Installs what is needed (Debian packages, as root or with sudo), builds in build/test, runs every test and ends with
one line "N passed, N failed, N skipped" of test cases. With names, only test programs and files whose names contain
one of them, such as 'tokenizer' or 'test_cli'.

Tests that need data this repository may not hold look for it in ../shared or \$MOBILECLIP_SHARED; without it they are
skipped, with the reason.
EOF
  exit
fi

install_packages "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}"
ccache=$(ccache_option)
# Optimised, for the golden tests run whole models; without NDEBUG, so that assertions count.
cmake -S "$ROOT" -B "$BUILD" -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_FLAGS_RELEASE=-O2 \
  -DCMAKE_INSTALL_PREFIX=/usr ${ccache:+"$ccache"} # the prefix of a package: test_package.py
cmake --build "$BUILD"
exec python3 "$ROOT/tests/support/run_all.py" --build "$BUILD" "$@"
