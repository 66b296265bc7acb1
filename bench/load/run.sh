#!/usr/bin/env bash
# Load on a server, from nothing to a table: builds, makes a synthetic model, serves it on a free port and measures.
# Arguments go to mobileclip-load-bench, such as --seconds 30 --connections 1,64; --threads, --isa and --precision go
# to the server, too.
set -euo pipefail

HERE=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")" && pwd)
ROOT=$(cd -- "$HERE/../.." && pwd)
readonly HERE ROOT
readonly BUILD=${BUILD:-$ROOT/build/bench}
readonly MODEL=${MODEL_DIR:-$BUILD/load-model}

# shellcheck source=deploy/install_packages.sh
source "$ROOT/deploy/install_packages.sh"

install_packages "${BUILD_PACKAGES[@]}" "${BENCH_PACKAGES[@]}"
ccache=$(ccache_option)
cmake -S "$ROOT" -B "$BUILD" -G Ninja -DCMAKE_BUILD_TYPE=Release -DMOBILECLIP_BUILD_TESTS=OFF \
  -DMOBILECLIP_BUILD_BENCH=ON ${ccache:+"$ccache"} >&2
cmake --build "$BUILD" --target mobileclip-server mobileclip-load-bench >&2
[[ -d $MODEL ]] || "$BUILD/mobileclip-server" synthesize MobileCLIP2-S0 "$MODEL" --seed 7 >&2

server_flags=()
for ((i = 1; i < $#; ++i)); do
  flag=${!i}
  value_at=$((i + 1))
  case $flag in
    --threads | --isa | --precision) server_flags+=("$flag" "${!value_at}") ;;
  esac
done

log=$(mktemp)
# Caches off: each answer shall cost what an answer costs.
"$BUILD/mobileclip-server" serve --model "$MODEL" --port 0 --text-cache 0 --image-cache 0 "${server_flags[@]}" 2>"$log" &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; rm -f "$log"' EXIT
until port=$(sed -n 's|.*listening on http://127\.0\.0\.1:||p' "$log") && [[ -n $port ]]; do
  if ! kill -0 "$server" 2>/dev/null; then
    echo "error: the server did not start:" >&2
    cat "$log" >&2
    exit 1
  fi
  sleep 0.2
done

grep -m1 'model name' /proc/cpuinfo
"$BUILD/mobileclip-load-bench" --port "$port" --model "$MODEL" "$@"
