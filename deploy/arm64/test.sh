#!/usr/bin/env bash
# Runs under QEMU what deploy/arm64/build.sh has built.
set -euo pipefail

ROOT=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
readonly ROOT
readonly BUILD=$ROOT/build/arm64

# Starts itself anew, which a program under QEMU cannot.
readonly IMPOSSIBLE='MappedFileDeathTest.PassesForeignFaultsOnToTheEarlierHandler'
# Whole models other than the smallest, hundreds of images, AMX emulated in turn: hours, where every instruction is emulated.
readonly LARGE='Models/*CLIP2S2*:Models/*CLIP2S3*:Models/*CLIP2S4*:Models/*CLIPS1*:Models/*CLIP2B*:Models/*CLIP2L14*:Models/*ViT*:Models/Retrieval.*:SplitFloat32.*'

if [[ ${1:-} != --all ]] && (($#)); then
  cat <<EOF_USAGE
Usage: deploy/arm64/test.sh [--all]

Runs the unit and golden tests of build/arm64 under qemu-user, then the server: selftest, and its answers over HTTP
compared with those of an amd64 build, which has to be there (deploy/run.sh --build-only, or tests/run.sh).
Of the golden tests without --all only MobileCLIP2-S0's and the text encoders'. Speed means nothing here.
EOF_USAGE
  exit
fi

for amd64 in "$ROOT"/build/{release,test}/mobileclip-server; do
  if [[ -x $amd64 ]]; then break; fi
done
[[ -x $amd64 ]] || {
  echo "error: no amd64 build to compare with: deploy/run.sh --build-only makes one" >&2
  exit 1
}

status=0
export GTEST_FILTER=-$IMPOSSIBLE
if [[ ${1:-} != --all ]]; then GTEST_FILTER+=:$LARGE; fi
ctest --test-dir "$BUILD" --parallel "$(nproc)" --timeout 36000 --output-on-failure || status=1
# QEMU's own CPU has every instruction; these have the dot product of bytes alone, and none.
for cpu in neoverse-n1 cortex-a72; do
  QEMU_CPU=$cpu ctest --test-dir "$BUILD" --tests-regex '^engine_(kernels|nn)$' --output-on-failure || status=1
done

readonly EMULATED=$BUILD/mobileclip-server-emulated
printf '#!/bin/sh\nexec qemu-aarch64-static -L "%s" "%s" "$@"\n' "$BUILD/sysroot" "$BUILD/mobileclip-server" >"$EMULATED"
chmod +x "$EMULATED"
"$EMULATED" selftest || status=1
python3 "$ROOT/tests/same_answers.py" "$EMULATED" "$amd64" || status=1
exit $status
