#!/usr/bin/env bash
# Every test with sanitizers, by hand: it takes hours on two cores.
set -euo pipefail

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
readonly ROOT

# shellcheck source=deploy/install_packages.sh
source "$ROOT/deploy/install_packages.sh"

if [[ ${1:-} != asan && ${1:-} != tsan ]]; then
  cat <<EOF
Usage: tests/sanitizers.sh asan|tsan [NAME ...]

Builds that preset in build/asan or build/tsan, with less optimisation and with assertions, and runs every test, or, with
names, only test programs and files whose names contain one of them, as tests/run.sh does. Any report of a sanitizer, from
a test or from a server that one starts, is a failure.
EOF
  [[ ${1:-} == -h || ${1:-} == --help ]] && exit
  exit 2
fi
preset=$1
shift

install_packages "${BUILD_PACKAGES[@]}" "${TEST_PACKAGES[@]}"
ccache=$(ccache_option)
# With -O2, GCC takes ten minutes and more for some files that check everything.
cmake -S "$ROOT" --preset "$preset" -DCMAKE_CXX_FLAGS_RELWITHDEBINFO="-O1 -g1" \
  -DCMAKE_INSTALL_PREFIX=/usr ${ccache:+"$ccache"} # the prefix of a package: test_package.py
cmake --build "$ROOT/build/$preset"
exec python3 "$ROOT/tests/support/run_all.py" --build "$ROOT/build/$preset" "$@"
