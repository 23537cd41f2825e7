#!/usr/bin/env bash
# Runs examples/hosts/obelisk as it stands, in the Obelisk workflow engine, against the practice Looker: on SQLite with one
# server, and on PostgreSQL with two that share the work. Servers are killed in the middle of a workflow.
#
#   tests/hosts/obelisk.sh [COMPONENT [PRACTICE_LOOKER]]
#
# Obelisk is taken from $OBELISK, from PATH, or from target/hosts/obelisk-bin, where it is installed if it is nowhere:
# that takes 20 to 30 minutes on two cores. Then it takes about three minutes, of which two are waiting for the locks of
# the killed servers to expire. PostgreSQL, protobuf-compiler and python3 are Debian's, installed where they are missing.
#
# Ends with 0 when all of it holds, 1 when not.
set -euo pipefail
host=obelisk
# shellcheck source=tests/hosts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
example=$repository/examples/hosts/obelisk
work=$target/hosts/obelisk
version=0.38.3
bin=$target/hosts/obelisk-bin
mkdir -p "$work"

INVOKE=workflow:connector/connector@0.1.0.invoke
ADD_USER=examples:looker/add-user@0.1.0.run

install_packages() {
  echo "$host: installing $*"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends "$@" >/dev/null
}

find_obelisk() {
  OBELISK=${OBELISK:-$(command -v obelisk || echo "$bin/bin/obelisk")}
  if [ ! -x "$OBELISK" ]; then
    command -v protoc >/dev/null || install_packages protobuf-compiler
    echo "$host: installing obelisk $version, which takes 20 to 30 minutes"
    cargo install obelisk --version "$version" --locked --root "$bin"
  fi
  "$OBELISK" --version | grep -qF "$version" || fail_early "$OBELISK is not obelisk $version"
}

# What the servers need beside the example's own files, which are linked and not copied.
prepare() {
  echo "$host: building the workflow"
  cargo build --quiet --locked --release --target wasm32-wasip2 --target-dir "$work/workflow" \
    --manifest-path "$example/workflow/Cargo.toml"
  for file in deployment.toml server-sqlite.toml server-postgres.toml; do
    ln -sfn "$example/$file" "$work/$file"
  done
  ln -sfn "$component" "$work/looker_connector.wasm"
  ln -sfn "$work/workflow/wasm32-wasip2/release/add_user.wasm" "$work/add_user.wasm"
  rm -rf "$work/sqlite" "$work/cells" "$work"/*.log
  # Nothing of an earlier run, and nothing outside of the target folder.
  export OBELISK__wasm__cache_directory=$work/cache OBELISK__wasm__codegen_cache__directory=$work/codegen
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# start_server NAME PORT FLAG…: sets $server to its process.
start_server() {
  local log=$work/$1.log port=$2 before
  shift 2
  : >>"$log"
  before=$(wc -l <"$log")
  (cd "$work" && OBELISK__api__listening_addr=127.0.0.1:$port exec "$OBELISK" server run "$@") >>"$log" 2>&1 &
  server=$!
  started+=("$server")
  for _ in $(seq 300); do
    tail -n "+$((before + 1))" "$log" | grep -q 'Obelisk is ready' && return
    kill -0 "$server" 2>/dev/null || { tail -n 20 "$log" >&2; fail_early "the server ended at once"; }
    sleep 0.1
  done
  fail_early "the server was not ready after 30 s"
}

# As a machine that loses its power: nothing is told, nothing is cleaned up.
kill_server() {
  kill -KILL "$server"
  wait "$server" 2>/dev/null || true
}

# The client talks to the server at $api.
obelisk() { "$OBELISK" execution "$1" --api-url "http://127.0.0.1:$api" "${@:2}"; }
submit() { obelisk submit "$1" "$2" 2>/dev/null | head -n 1; }
# The end of an execution; one that fails makes the client fail as well.
result() { timeout 120 "$OBELISK" execution result --api-url "http://127.0.0.1:$api" "$1" --follow 2>&1 || true; }
# How often an execution has an event of this kind in its history.
events() { obelisk events "$1" --json --limit 100 | grep -cE "^ +\"$2\": \{" || true; }

# expect CELL TEXT PATTERN…: fails the script where a pattern does not fit a line of the text.
expect() {
  local name=$1 text=$2 pattern
  shift 2
  for pattern in "$@"; do
    grep -Eq -- "$pattern" <<<"$text" || fail_early "$name: nothing fits $pattern in: $text"
  done
}
passed() {
  echo "$1 ${2:-pass}" >>"$work/cells"
  echo "$host: $1 ${2:-pass}${3:+: $3}"
}

# The six columns of the table in docs/hosts.md.
check_cells() {
  local components id
  components=$("$OBELISK" component list --api-url "http://127.0.0.1:$api")
  # Obelisk names components by their SHA-256: it is this very file.
  expect loads "$components" "^looker.activity.sha256:$(sha256sum "$component" | cut -d ' ' -f 1)\$"
  passed loads
  expect describe "$(result "$(submit workflow:connector/connector@0.1.0.describe '[]')")" '"title":"Looker"'
  expect describe "$(result "$(submit workflow:connector/connector@0.1.0.auth-schema '[]')")" 'client_secret'
  expect describe "$(result "$(submit workflow:connector/connector@0.1.0.describe-operation '["create_user"]')")" \
    '"title":"Create user"'
  passed describe
  local list
  list=$(result "$(submit workflow:connector/connector@0.1.0.list-operations '[]')")
  [ "$(grep -o '"stability":' <<<"$list" | wc -l)" -eq 483 ] || fail_early "list: there are not 483 operations"
  passed list

  id=$(submit "$INVOKE" '["{}", "user", "{\"user_id\": \"987654321\"}"]')
  expect failure "$(result "$id")" '"permanent":\{"reason":"not_found".*"status":404'
  [ "$(events "$id" locked)" -eq 1 ] || fail_early "failure: a permanent failure was tried again"
  # The practice Looker fails this one twice; the connector itself does not repeat what gave a 500.
  id=$(submit "$INVOKE" '["{}", "group", "{\"group_id\": \"1\"}"]')
  expect failure "$(result "$id")" 'Finished: OK|finished: OK'
  [ "$(events "$id" temporarily_failed)" -eq 2 ] || fail_early "failure: the engine did not try again twice"
  passed failure pass "a permanent one was carried out once, a retryable one three times"

  expect streaming "$(result "$(submit workflow:connector/streaming@0.1.0.open '["{}", "all_users", "{}"]')")" \
    'conversion of the type resource is not supported'
}

# users_are NUMBER: that many users are there.
users_are() {
  local count
  count=$(result "$(submit "$INVOKE" '["{}", "all_users", "{\"fields\": \"id\"}"]')" | grep -o '\\"id\\"' | wc -l)
  [ "$count" -eq "$1" ] || fail_early "there are $count users, not $1"
}

# Starts the workflow, and waits until its third call is on its way to a Looker that takes its time; sets $id.
reach_third_step() {
  id=$(submit "$ADD_USER" '["Ada", "Lovelace"]')
  for _ in $(seq 100); do
    [ "$(obelisk events "$id.o:3-invoke_1" --json 2>/dev/null | grep -c '"locked"')" -eq 1 ] && return
    sleep 0.1
  done
  fail_early "the workflow did not come to its third step"
}

ADA='\{\\"first_name\\":\\"Ada\\",\\"id\\":\\"14\\",\\"last_name\\":\\"Lovelace\\"\}'

on_sqlite() {
  export OBELISK__database__sqlite__directory=$work/sqlite
  local id files=(--server-config server-sqlite.toml --deployment deployment.toml)
  # There are 13 users at first: the one that the workflow makes has the id 14.
  start_practice_looker --fail 'GET /groups/1 2 500' --fail 'GET /users/14 1 20s'
  api=$(free_port)
  start_server sqlite "$api" "${files[@]}"
  check_cells
  users_are 13
  reach_third_step
  kill_server
  echo "$host: SQLite: killed the server in the middle of the third step; its lock expires after a minute"
  start_server sqlite "$api" "${files[@]}"
  expect invoke "$(result "$id")" "$ADA"
  for step in 1 2; do
    [ "$(events "$id.o:$step-invoke_1" locked)" -eq 1 ] || fail_early "invoke: step $step was carried out again"
  done
  [ "$(events "$id.o:3-invoke_1" locked)" -eq 2 ] || fail_early "invoke: step 3 was not taken up again"
  users_are 14
  expect invoke "$(result "$(submit "$ADD_USER" '["Ada", "Lovelace"]')")" '\\"id\\":\\"15\\"'
  passed invoke pass "SQLite: the workflow ended after the restart, with one user made"
  passed streaming cannot "Obelisk has no resources"
  if grep -rqF -- "$LOOKERSDK_CLIENT_SECRET" "$work/sqlite" "$work/sqlite.log"; then
    fail_early "the client secret is in the history or in the log"
  fi
  echo "$host: the client secret is nowhere in the history and the log"
  kill_server
  unset OBELISK__database__sqlite__directory
}

# Runs a command as who may run PostgreSQL, which refuses to be root.
as_postgres() {
  if [ "$(id -u)" -eq 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

# A PostgreSQL of this script's own, on a socket in a folder of its own.
start_postgres() {
  # shellcheck disable=SC2012 # The newest version is the last; the names are numbers.
  find_binaries() { ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1; }
  [ -n "$(find_binaries)" ] || install_packages postgresql
  postgres_bin=$(find_binaries)
  # A socket's path must be short, and the user `postgres` must reach it.
  postgres=$(mktemp -d /tmp/obelisk-postgres.XXXXXX)
  trap 'stop_started; as_postgres "$postgres_bin/pg_ctl" -D "$postgres/data" -m immediate stop >/dev/null 2>&1 || true;
    rm -rf "$postgres"' EXIT
  export POSTGRES_HOST=$postgres POSTGRES_USER=obelisk POSTGRES_PASSWORD=practice POSTGRES_DATABASE=obelisk
  echo "$POSTGRES_PASSWORD" >"$postgres/password"
  [ "$(id -u)" -ne 0 ] || chown -R postgres "$postgres"
  (
    cd "$postgres"
    as_postgres "$postgres_bin/initdb" -D "$postgres/data" -U "$POSTGRES_USER" -A scram-sha-256 \
      --pwfile="$postgres/password" >/dev/null
    as_postgres "$postgres_bin/pg_ctl" -D "$postgres/data" -w -l "$postgres/log" \
      -o "-k $postgres -c listen_addresses=''" start >/dev/null
  )
  echo "$host: $("$postgres_bin/postgres" --version)"
}

on_postgres() {
  local id first
  start_practice_looker --fail 'GET /users/14 1 20s'
  start_postgres
  api=$(free_port)
  start_server postgres-1 "$api" --server-config server-postgres.toml --deployment deployment.toml
  reach_third_step
  first=$server
  api=$(free_port)
  # The second server takes the deployment from the database.
  start_server postgres-2 "$api" --server-config server-postgres.toml
  server=$first
  kill_server
  echo "$host: PostgreSQL: killed the first of two servers in the middle of the third step"
  expect PostgreSQL "$(result "$id")" "$ADA"
  users_are 14
  echo "$host: PostgreSQL: the second server ended the workflow, with one user made"
  start_server postgres-1 "$(free_port)" --server-config server-postgres.toml
  local executors
  for _ in $(seq 10); do
    executors=$(for _ in $(seq 10); do submit "$INVOKE" '["{}", "me", "{}"]'; done |
      while read -r id; do result "$id" >/dev/null; obelisk events "$id" --json | grep -oE 'Exr_[A-Z0-9]+'; done | sort | uniq -c)
    [ "$(wc -l <<<"$executors")" -ge 2 ] && break
  done
  [ "$(wc -l <<<"$executors")" -ge 2 ] || fail_early "PostgreSQL: one server did all the work: $executors"
  echo "$host: PostgreSQL: two servers shared ten calls: $(awk '{ print $1 }' <<<"$executors" | paste -sd ' ')"
  stop_started
  as_postgres "$postgres_bin/pg_ctl" -D "$postgres/data" -m fast stop >/dev/null
  if grep -rqF -- "$LOOKERSDK_CLIENT_SECRET" "$work"/postgres-*.log "$postgres" 2>/dev/null; then
    fail_early "the client secret is in the history or in the log"
  fi
  echo "$host: PostgreSQL: the client secret is nowhere in the history and the logs"
}

find_obelisk
prepare
on_sqlite
on_postgres
