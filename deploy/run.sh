#!/usr/bin/env bash
# From a bare Debian 12 to a server that answers: packages, build, model, serve.
set -euo pipefail

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd)
readonly ROOT
readonly BUILD=$ROOT/build/release
readonly MODEL_NAME=MobileCLIP2-S0
readonly PUBLISHED=$ROOT/models/$MODEL_NAME
readonly DEMO=$ROOT/models/demo

# shellcheck source=deploy/install_packages.sh
source "$ROOT/deploy/install_packages.sh"

usage() {
  cat <<EOF
Usage: deploy/run.sh [--model DIR] [--demo] [--build-only] [option of 'serve' ...]

Installs what is needed (Debian packages, as root or with sudo), builds, finds a model and serves it on
http://127.0.0.1:8080. Everything it makes lies in build/ and models/.

  --model DIR    Model directory to serve; also \$MODEL_DIR
  --demo         Serve the demo model, whose embeddings mean nothing, without asking the network
  --build-only   Install and build, then stop
  --help         This text

Other arguments go to 'mobileclip-server serve' as they are, such as --port 9000; see 'mobileclip-server serve --help'.

Without a model directory: models/$MODEL_NAME if an earlier run downloaded it; else it is downloaded from Hugging Face
(about 300 MB, resumed where it broke off; deploy/download_model.sh); else, without network, a demo model is made in
models/demo. Apple's weights have a licence of their own, for research (apple-amlr).
EOF
}

say() { printf '%s\n' "$*" >&2; }
fail() {
  say "error: $*"
  exit 1
}

build() {
  say "Building (Release) in $BUILD"
  local ccache
  ccache=$(ccache_option)
  cmake -S "$ROOT" -B "$BUILD" -G Ninja -DCMAKE_BUILD_TYPE=Release -DMOBILECLIP_BUILD_TESTS=OFF ${ccache:+"$ccache"} >&2
  cmake --build "$BUILD" >&2
}

use_demo_model() {
  model=$DEMO
  if [[ ! -d $DEMO ]]; then "$BUILD/mobileclip-server" synthesize "$MODEL_NAME" "$DEMO" >&2; fi
  say ""
  say "*** DEMO MODEL: $MODEL_NAME's architecture with synthetic weights. Its embeddings mean nothing. ***"
  say "*** For real ones give --model DIR, or run this again with a network.                          ***"
  say ""
}

use_published_model() {
  model=$PUBLISHED
  [[ -d $PUBLISHED ]] && return
  local status=0
  "$ROOT/deploy/download_model.sh" "$PUBLISHED" || status=$?
  case $status in
    0) ;;
    3) use_demo_model ;;
    *) fail "no model: run this again to resume the download, or with --demo to do without" ;;
  esac
}

model=${MODEL_DIR:-}
demo=0
build_only=0
serve_options=()
while (($#)); do
  case $1 in
    --model)
      (($# > 1)) || fail "--model needs a directory"
      model=$2
      shift
      ;;
    --model=*) model=${1#--model=} ;;
    --demo) demo=1 ;;
    --build-only) build_only=1 ;;
    -h | --help)
      usage
      exit
      ;;
    *) serve_options+=("$1") ;;
  esac
  shift
done
if ((demo)); then model=; fi
# Found out before minutes of building.
[[ -z $model || -d $model ]] || fail "$model: no such model directory"

install_packages "${BUILD_PACKAGES[@]}" "${RUN_PACKAGES[@]}"
build
if ((build_only)); then exit; fi
if ((demo)); then
  use_demo_model
elif [[ -z $model ]]; then
  use_published_model
fi
exec "$BUILD/mobileclip-server" serve --model "$model" ${serve_options[@]+"${serve_options[@]}"}
