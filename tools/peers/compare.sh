#!/usr/bin/env bash
# Measures our mint and the mint of gonuts in turn, on this machine, with the same
# load, and prints one table. Needs Go, a C compiler (gonuts' SQLite) and curl.
# All data is temporary, and everything listens on the loopback address only.
#
#   SECONDS_EACH=8 ROUNDS=2 WORKERS="1 16 64" SHAPES="1x1 2x2 10x10" tools/peers/compare.sh [DIRECTORY]
#
# The reports stay in DIRECTORY, if one is given.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
reports=${1:-$work/reports}
mkdir -p "$reports"
reports=$(cd "$reports" && pwd)
pids=()
clean() {
  ((${#pids[@]})) && kill "${pids[@]}" 2>/dev/null && wait "${pids[@]}" 2>/dev/null
  rm -rf "$work"
}
trap clean EXIT

echo 'building' >&2
go build -C "$root" -trimpath -o "$work/bin/" ./cmd/mintd ./cmd/signatory ./cmd/mintbench
go build -C "$root/tools/peers" -trimpath -o "$work/bin/" ./gonuts

ours=${PORT_OURS:-34338} theirs=${PORT_THEIRS:-34339}
"$work/bin/mintd" serve --data "$work/ours" --listen "127.0.0.1:$ours" >"$work/ours.log" 2>&1 &
pids+=($!)
"$work/bin/gonuts" -data "$work/theirs" -port "$theirs" >"$work/theirs.log" 2>&1 &
pids+=($!)
await() { # NAME PORT LOG
  for _ in $(seq 100); do
    curl -sf "http://127.0.0.1:$2/v1/keys" >"$work/keys" && grep -q '"keys"' "$work/keys" && return
    sleep 0.2
  done
  echo "$1 does not answer:" >&2
  tail "$3" >&2
  exit 1
}
await mintd "$ours" "$work/ours.log"
await gonuts "$theirs" "$work/theirs.log"

for shape in ${SHAPES:-2x2}; do
  for workers in ${WORKERS:-1 16 64}; do
    for round in $(seq "${ROUNDS:-2}"); do
      # In turn, so that a change of the machine's mood hits both.
      for side in ours theirs; do
        port=$ours pid=${pids[0]}
        [[ $side == theirs ]] && port=$theirs pid=${pids[1]}
        echo "$side: $shape, $workers workers, round $round" >&2
        "$work/bin/mintbench" swap --quiet --json --url "http://127.0.0.1:$port" --pid "$pid" --children \
          --inputs "${shape%x*}" --outputs "${shape#*x}" --workers "$workers" \
          --duration "${SECONDS_EACH:-8}s" >"$reports/$side-$shape-$workers-$round.json"
      done
    done
  done
done
"$work/bin/mintbench" table "$reports"/*.json
