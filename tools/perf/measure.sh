#!/usr/bin/env bash
# Measures this mint on SQLite and on PostgreSQL, with its signatory behind a unix
# socket and behind mutual TLS, with the same load in turn, and prints one table.
# With BASE=REVISION it measures that revision as well (SQLite, unix socket), for a
# comparison on one machine in one run. Needs Go, curl, and for PostgreSQL its
# server programs. All data is temporary; everything listens on loopback only.
#
#   SECONDS_EACH=8 ROUNDS=2 WORKERS="1 16 64" SHAPES="1x1 2x2 10x10" \
#   SIDES="sqlite-unix sqlite-mtls postgres-unix postgres-mtls" tools/perf/measure.sh [DIRECTORY]
#
# The reports stay in DIRECTORY, if one is given.
set -euo pipefail
root=$(cd "$(dirname "$0")/../.." && pwd)
work=$(mktemp -d)
chmod 755 "$work"
reports=${1:-$work/reports}
mkdir -p "$reports"
reports=$(cd "$reports" && pwd)
pids=()
declare -A port watch
clean() {
  for ((i = ${#pids[@]} - 1; i >= 0; i--)); do kill "${pids[i]}" 2>/dev/null && wait "${pids[i]}" 2>/dev/null; done
  [[ -n ${BASE:-} ]] && git -C "$root" worktree remove --force "$work/base" 2>/dev/null
  rm -rf "$work"
}
trap clean EXIT

build() { # SOURCE TO
  go build -C "$1" -trimpath -o "$2/" ./cmd/mintd ./cmd/signatory ./cmd/mintbench
}

await() { # WHAT LOG COMMAND...
  local what=$1 log=$2
  shift 2
  for _ in $(seq 150); do
    "$@" >/dev/null 2>&1 && return
    sleep 0.2
  done
  echo "$what does not answer:" >&2
  tail "$log" >&2
  exit 1
}

has_keys() { curl -sf "http://127.0.0.1:$1/v1/keys" | grep -q '"keys"'; }

next=${PORT:-34350}

# A PostgreSQL server with the settings it comes with, and a database for each mint.
postgres_port=
start_postgres() {
  [[ -n $postgres_port ]] && return
  postgres_port=$((next++))
  local programs user=$(id -un) as=()
  programs=$(dirname "$(ls -d /usr/lib/postgresql/*/bin/initdb 2>/dev/null | sort -V | tail -1 || command -v initdb)")
  mkdir "$work/pg"
  if [[ $(id -u) == 0 ]]; then # the server refuses to run as root
    user=postgres as=(setpriv --reuid=postgres --regid=postgres --clear-groups)
    chown postgres "$work/pg"
  fi
  (cd / && "${as[@]}" "$programs/initdb" -D "$work/pg/data" -A trust -U mint >"$work/pg.log" 2>&1)
  (cd / && exec "${as[@]}" "$programs/postgres" -D "$work/pg/data" -p "$postgres_port" -k "$work/pg" -h 127.0.0.1 >>"$work/pg.log" 2>&1) &
  pids+=($!)
  postgres_pid=$!
  await PostgreSQL "$work/pg.log" "$programs/psql" -h 127.0.0.1 -p "$postgres_port" -U mint -d postgres -c 'SELECT 1'
  psql=("$programs/psql" -q -h 127.0.0.1 -p "$postgres_port" -U mint -d postgres)
}

start() { # SIDE BIN
  local side=$1 bin=$2 dir=$work/$1 args=()
  port[$side]=$((next++))
  mkdir -p "$dir"
  printf '[info]\nname = "%s"\n' "$side" >"$dir/mintd.toml"
  case $side in postgres-*)
    start_postgres
    "${psql[@]}" -c "CREATE DATABASE \"$side\""
    args+=(--database "postgres://mint@127.0.0.1:$postgres_port/$side?sslmode=disable")
    ;;
  esac
  case $side in *-mtls)
    local at=127.0.0.1:$((next++))
    "$bin/signatory" init --data "$dir/signatory" --plaintext-seed >"$dir/init.log" 2>&1
    "$bin/signatory" certs --out "$dir/tls" --host 127.0.0.1 >>"$dir/init.log" 2>&1
    "$bin/signatory" serve --data "$dir/signatory" --listen "$at" --tls "$dir/tls" >"$dir/signatory.log" 2>&1 &
    pids+=($!)
    watch[$side]="--pid $!"
    args+=(--signatory "$at" --signatory-tls "$dir/tls")
    ;;
  esac
  "$bin/mintd" serve --config "$dir/mintd.toml" --data "$dir/data" --listen "127.0.0.1:${port[$side]}" "${args[@]}" >"$dir/log" 2>&1 &
  pids+=($!)
  watch[$side]="${watch[$side]:-} --pid $!"
  case $side in postgres-*) watch[$side]+=" --pid $postgres_pid" ;; esac
  await "$side" "$dir/log" has_keys "${port[$side]}"
}

echo 'building' >&2
build "$root" "$work/bin"
sides=(${SIDES:-sqlite-unix sqlite-mtls postgres-unix postgres-mtls})
for side in "${sides[@]}"; do start "$side" "$work/bin"; done
if [[ -n ${BASE:-} ]]; then
  git -C "$root" worktree add --quiet --detach "$work/base" "$BASE"
  build "$work/base" "$work/basebin"
  start "base-$BASE" "$work/basebin"
  sides+=("base-$BASE")
fi

for shape in ${SHAPES:-1x1 2x2 10x10}; do
  for workers in ${WORKERS:-1 16 64}; do
    for round in $(seq "${ROUNDS:-2}"); do
      # In turn, so that a change of the machine's mood hits all.
      for side in "${sides[@]}"; do
        echo "$side: $shape, $workers workers, round $round" >&2
        # shellcheck disable=SC2086
        "$work/bin/mintbench" swap --quiet --json --url "http://127.0.0.1:${port[$side]}" ${watch[$side]} --children \
          --inputs "${shape%x*}" --outputs "${shape#*x}" --workers "$workers" \
          --duration "${SECONDS_EACH:-8}s" >"$reports/$side-$shape-$workers-$round.json"
      done
    done
  done
done
"$work/bin/mintbench" table "$reports"/*.json
