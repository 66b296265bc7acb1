# shellcheck shell=bash disable=SC2034  # the lists are used by those who source this
# Sourced by deploy/run.sh and tests/run.sh: Debian packages, installed where they are missing.

readonly BUILD_PACKAGES=(
  g++ cmake ninja-build
  libboost1.81-dev nlohmann-json3-dev libcli11-dev libyaml-cpp-dev libspdlog-dev prometheus-cpp-dev
  libeigen3-dev libopencv-dev libjpeg62-turbo-dev libpng-dev libtiff-dev libicu-dev libzip-dev zlib1g-dev libssl-dev
)
readonly BENCH_PACKAGES=(libbenchmark-dev)
readonly RUN_PACKAGES=(curl ca-certificates)
readonly PACKAGE_PACKAGES=(dpkg-dev file git python3)
# Debian starts haproxy and prometheus as services where systemd runs: the first, unconfigured, listens nowhere, the second
# on port 9090.
readonly TEST_PACKAGES=(libgtest-dev libgmock-dev python3 curl chromium haproxy iproute2 prometheus dpkg-dev mandoc fiu-utils)

# install_packages NAME... : does nothing, and needs no root, where all are installed.
install_packages() {
  if ! command -v apt-get >/dev/null; then
    echo "This is no Debian: expecting these packages' equivalents to be installed: $*" >&2
    return
  fi
  local missing=() package
  for package in "$@"; do
    if [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null) != installed ]]; then
      missing+=("$package")
    fi
  done
  ((${#missing[@]})) || return 0

  local as_root=()
  if ((EUID != 0)); then
    if ! command -v sudo >/dev/null; then
      echo "error: missing packages, and neither root nor sudo to install them: ${missing[*]}" >&2
      exit 1
    fi
    as_root=(sudo)
  fi
  echo "Installing ${missing[*]}"
  as_root+=(env DEBIAN_FRONTEND=noninteractive)
  "${as_root[@]}" apt-get update --quiet
  "${as_root[@]}" apt-get install --yes --quiet --no-install-recommends "${missing[@]}"
}

# Prints the CMake option that makes builds use ccache, where there is one.
ccache_option() {
  if command -v ccache >/dev/null; then echo -DCMAKE_CXX_COMPILER_LAUNCHER=ccache; fi
}
