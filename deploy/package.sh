#!/usr/bin/env bash
# Builds the Debian package, from a bare Debian 12 on.
set -euo pipefail

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
readonly ROOT
readonly BUILD=$ROOT/build/package

# shellcheck source=deploy/install_packages.sh
source "$ROOT/deploy/install_packages.sh"

if (($#)); then
  cat <<EOF
Usage: deploy/package.sh

Installs what is needed (Debian packages, as root or with sudo), builds, and leaves build/package/mobileclip-server_*.deb.
Neither the directory nor the time of the build is in it (docs/install.md).

  \$REVISION            The commit, where there is no git to say it
  \$SOURCE_DATE_EPOCH   What the files in the package are dated; the commit's date, where git says it
EOF
  exit
fi

install_packages "${BUILD_PACKAGES[@]}" "${PACKAGE_PACKAGES[@]}"
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$ROOT" log -1 --format=%ct 2>/dev/null || echo 0)}
export SOURCE_DATE_EPOCH
ccache=$(ccache_option)
cd "$ROOT"
cmake --preset package -DMOBILECLIP_REVISION="${REVISION:-}" ${ccache:+"$ccache"}
cmake --build --preset package
umask 022 # CPack makes directories with it
cd "$BUILD"
cpack
