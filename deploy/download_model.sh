#!/usr/bin/env bash
# Downloads a model in OpenCLIP's layout from Hugging Face: resumable, checked where a checksum is given.
set -euo pipefail

readonly HUB=${HF_ENDPOINT:-https://huggingface.co}
# Revision and checksum are pinned: what is downloaded is what selftest's numbers were made with.
readonly S0_REPOSITORY=timm/MobileCLIP2-S0-OpenCLIP
readonly S0_REVISION=095906d28bf54d7584dc411e8ffe448f34289e05
readonly S0_SHA256=ab91a1a0c4330d6b1913e24d5035dfdea15423316aaec649610c6b1c6ddd0e95

usage() {
  cat <<EOF
Usage: deploy/download_model.sh DIR [REPOSITORY REVISION [SHA256]]

Downloads open_clip_model.safetensors, open_clip_config.json and the tokeniser of REPOSITORY at REVISION into DIR, which
appears when all of it is there; what an interrupted download left is resumed. SHA256 is of the weights.

Default: $S0_REPOSITORY, revision and SHA256 pinned (about 300 MB).
\$HF_ENDPOINT names a mirror to use instead of https://huggingface.co.

Apple's weights have a licence of their own, for research: Apple Machine Learning Research Model License (apple-amlr).

Exit status: 0 done; 1 the download failed; 3 there is no network that leads there (found out within 10 seconds).
EOF
}

say() { printf '%s\n' "$*" >&2; }
fail() {
  say "error: $*"
  exit 1
}

url() { echo "$HUB/$repository/resolve/$revision/$1"; }

# A name server or proxy that never answers must not hold anybody up.
hub_answers() {
  curl --silent --fail --location --head --connect-timeout 5 --max-time 9 --output /dev/null \
    "$(url open_clip_config.json)"
}

is_sha256() { # FILE SUM
  [[ -f $1 ]] && echo "$2  $1" | sha256sum --check --status
}

fetch() { # NAME: goes on where its .part ends
  curl --fail --location --continue-at - --connect-timeout 10 --speed-limit 1000 --speed-time 60 \
    --progress-bar --output "$partial/$1.part" "$(url "$1")"
}

download() { # NAME [SUM]
  local name=$1 sum=${2:-} part=$partial/$1.part status=0 attempt
  [[ -f $partial/$name ]] && return
  say "  $name"
  # Complete but not yet renamed: asking for the bytes after its end would fail.
  if [[ -z $sum ]] || ! is_sha256 "$part" "$sum"; then
    for attempt in 1 2 3 4 5; do # each resumes the one before
      status=0
      fetch "$name" || status=$?
      if ((status == 0 || status == 22)); then break; fi # 22: an answer such as 404, that waiting will not change
      if ((status == 33)); then rm -f -- "$part"; fi     # a server that cannot resume: begin again
      sleep "$attempt"
    done
    if ((status != 0)); then return "$status"; fi
  fi
  if [[ -n $sum ]] && ! is_sha256 "$part" "$sum"; then
    rm -f -- "$part"
    fail "$name: its SHA-256 is not $sum; removed it, run again to download it anew"
  fi
  mv -- "$part" "$partial/$name"
}

download_tokenizer() {
  download tokenizer.json || { download vocab.json && download merges.txt; }
}

case ${1:-} in
  -h | --help)
    usage
    exit
    ;;
  '' | -*)
    usage >&2
    exit 2
    ;;
esac
if (($# == 2 || $# > 4)); then
  usage >&2
  exit 2
fi
directory=${1%/}
repository=${2:-$S0_REPOSITORY}
revision=${3:-$S0_REVISION}
sum=${4:-}
if (($# == 1)); then sum=$S0_SHA256; fi
partial=$(dirname -- "$directory")/.$(basename -- "$directory").partial

if [[ -e $directory ]]; then fail "$directory: exists"; fi
if ! hub_answers; then
  say "$HUB/$repository does not answer"
  exit 3
fi
say "Downloading $repository from $HUB into $directory"
say "  Apple's weights have a licence of their own, for research: Apple Machine Learning Research Model License"
say "  (apple-amlr), https://huggingface.co/apple/MobileCLIP2-S0/blob/main/LICENSE"
mkdir -p -- "$partial"
rm -f -- "$partial"/*.{json,txt}.part # small and without a checksum: fetched whole
if ! { download open_clip_config.json && download_tokenizer && download open_clip_model.safetensors "$sum"; }; then
  fail "the download broke off; run this again to resume it"
fi
mv -- "$partial" "$directory"
