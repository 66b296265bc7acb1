#!/usr/bin/env bash
# Our engine beside ONNX Runtime, from nothing to a table: installs both, exports the same network with the same
# synthetic weights, measures alternating runs. Arguments go to compare.mjs, such as --threads 1 --rounds 31.
set -euo pipefail

HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd -- "$HERE/../.." && pwd)
readonly HERE ROOT
readonly BUILD=$ROOT/build/bench
readonly WORK=$BUILD/peers
readonly MODEL_NAME=MobileCLIP2-S0
readonly SEED=7

# shellcheck source=deploy/install_packages.sh
source "$ROOT/deploy/install_packages.sh"

install_packages "${BUILD_PACKAGES[@]}" "${BENCH_PACKAGES[@]}" python3-torch python3-numpy python3-onnx
command -v node >/dev/null || install_packages nodejs npm
ccache=$(ccache_option)
cmake -S "$ROOT" -B "$BUILD" -G Ninja -DCMAKE_BUILD_TYPE=Release -DMOBILECLIP_BUILD_TESTS=OFF \
  -DMOBILECLIP_BUILD_BENCH=ON ${ccache:+"$ccache"}
cmake --build "$BUILD"

mkdir -p "$WORK"
cp "$HERE/package.json" "$HERE/compare.mjs" "$WORK/"
[[ -d $WORK/node_modules/onnxruntime-node ]] || (cd "$WORK" && npm install --ignore-scripts --no-audit --no-fund)
[[ -d $WORK/model ]] || "$BUILD/mobileclip-server" synthesize "$MODEL_NAME" "$WORK/model" --seed "$SEED"
if [[ ! -f $WORK/onnx/text.onnx ]]; then
  mkdir -p "$WORK/onnx"
  (cd "$ROOT/tests/reference" && /usr/bin/python3 -W ignore export_onnx.py --model "$MODEL_NAME" --seed "$SEED" --out "$WORK/onnx")
fi

[[ -f $WORK/onnx/text_int8.onnx ]] || /usr/bin/python3 "$HERE/quantize_onnx.py" "$WORK/onnx/text.onnx" "$WORK/onnx/text_int8.onnx"

grep -m1 'model name' /proc/cpuinfo
exec node "$WORK/compare.mjs" --runner "$BUILD/mobileclip-engine-runner" --model "$WORK/model" --onnx "$WORK/onnx" "$@"
