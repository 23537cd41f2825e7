#!/usr/bin/env bash
# Runs examples/hosts/obelisk unchanged, in the Obelisk workflow engine, against the practice Looker: on SQLite with one server,
# and on PostgreSQL with two servers that share the work. Kills servers in the middle of a workflow.
#
#   tests/hosts/obelisk.sh [COMPONENT [PRACTICE_LOOKER]]
#
# Obelisk is taken from $OBELISK, from PATH, or from target/hosts/obelisk-bin. If it is in none of them, it is installed into the
# last, which takes 20 to 30 minutes on two cores. The run itself takes about three minutes, two of them waiting for the locks
# of the killed servers to expire. Installs PostgreSQL, protobuf-compiler and libprotobuf-dev from Debian if they are missing. Needs python3.
#
# Exit code: 0 passed, 1 failed.
set -euo pipefail
host=obelisk
# shellcheck source=tests/hosts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
example=$repository/examples/hosts/obelisk
work=$target/hosts/obelisk
version=0.38.3
bin=$target/hosts/obelisk-bin
mkdir -p "$work"

CONNECTOR=workflow:connector/connector@0.2.0
INVOKE=$CONNECTOR.invoke
ADD_USER=examples:looker/add-user@0.1.0.run

install_packages() {
  echo "$host: installing $*"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends "$@" >/dev/null
}

find_obelisk() {
  OBELISK=${OBELISK:-$(type -P obelisk || echo "$bin/bin/obelisk")}
  if [ ! -x "$OBELISK" ]; then
    # libprotobuf-dev has the .proto files that the build imports; protobuf-compiler only recommends it.
    [ -f /usr/include/google/protobuf/duration.proto ] && command -v protoc >/dev/null ||
      install_packages protobuf-compiler libprotobuf-dev
    echo "$host: installing obelisk $version, which takes 20 to 30 minutes"
    cargo install obelisk --version "$version" --locked --root "$bin"
  fi
  "$OBELISK" --version | grep -qF "$version" || fail_early "$OBELISK is not obelisk $version"
}

# Puts what the servers need into one folder: the two components, and links to the example's files.
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
  # Keep Obelisk's caches inside the target folder.
  export OBELISK__wasm__cache_directory=$work/cache OBELISK__wasm__codegen_cache__directory=$work/codegen
}

free_port() {
  python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}

# start_server NAME PORT FLAG…: starts a server and sets $server to its process ID.
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

# Like a power failure: the server gets no chance to clean up.
kill_server() {
  kill -KILL "$server"
  wait "$server" 2>/dev/null || true
}

# obelisk SUBCOMMAND ARGUMENT…: runs the client against the server at $api.
obelisk() { "$OBELISK" execution "$1" --api-url "http://127.0.0.1:$api" "${@:2}"; }
submit() { obelisk submit "$1" "$2" 2>/dev/null | head -n 1; }
# result ID: waits for the result of an execution and prints it. The client fails if the execution did.
result() { timeout 120 "$OBELISK" execution result --api-url "http://127.0.0.1:$api" "$1" --follow 2>&1 || true; }
# events ID KIND: counts the events of this kind in the history of an execution.
events() { obelisk events "$1" --json --limit 100 | grep -cE "^ +\"$2\": \{" || true; }

# arguments_of OPERATION INPUT: the arguments of `invoke` and `open` as JSON. 0: Obelisk waits and repeats, not the connector.
arguments_of() {
  python3 -c 'import json, sys; operation, input = sys.argv[1:]
print(json.dumps(["{}", {"operation": operation, "input": input, "max_wait_ms": 0}]))' "$1" "$2"
}
invoke() { submit "$INVOKE" "$(arguments_of "$1" "$2")"; }

# expect CELL TEXT PATTERN…: fails the script if a pattern matches no line of the text.
expect() {
  local name=$1 text=$2 pattern
  shift 2
  for pattern in "$@"; do
    grep -Eq -- "$pattern" <<<"$text" || fail_early "$name: nothing matches $pattern in: $text"
  done
}
passed() {
  echo "$1 ${2:-pass}" >>"$work/cells"
  echo "$host: $1 ${2:-pass}${3:+: $3}"
}

# Checks the six columns of the table in docs/hosts.md.
check_cells() {
  local components id
  components=$("$OBELISK" component list --api-url "http://127.0.0.1:$api")
  # Obelisk names components by their SHA-256, which proves that it loaded this file unchanged.
  expect loads "$components" "^looker.activity.sha256:$(sha256sum "$component" | cut -d ' ' -f 1)\$"
  passed loads
  expect describe "$(result "$(submit $CONNECTOR.describe '[]')")" '"title":"Looker"' 'catalog_digest'
  expect describe "$(result "$(submit $CONNECTOR.auth-schema '[]')")" 'client_secret'
  expect describe "$(result "$(submit $CONNECTOR.describe-operation '["create_user"]')")" \
    '"title":"Create user"'
  passed describe
  local list
  list=$(result "$(submit $CONNECTOR.list-operations '[]')")
  [ "$(grep -o '"stability":' <<<"$list" | wc -l)" -eq 523 ] || fail_early "list: expected 523 operations"
  [ "$(grep -o '"idempotent":true' <<<"$list" | wc -l)" -gt 200 ] || fail_early "list: idempotent is missing"
  passed list

  id=$(invoke user '{"user_id": "987654321"}')
  expect failure "$(result "$id")" '"permanent":\{"reason":"not_found".*"status":404'
  [ "$(events "$id" locked)" -eq 1 ] || fail_early "failure: a permanent failure was repeated"
  # The practice Looker fails this call twice. The connector itself does not repeat a call that got 500.
  id=$(invoke group '{"group_id": "1"}')
  expect failure "$(result "$id")" 'Finished: OK|finished: OK'
  [ "$(events "$id" temporarily_failed)" -eq 2 ] || fail_early "failure: the engine did not repeat the call twice"
  passed failure pass "a permanent failure ran once, a retryable one three times"

  expect streaming "$(result "$(submit workflow:connector/streaming@0.2.0.open "$(arguments_of all_users '{}')")")" \
    'conversion of the type resource is not supported'
}

# users_are NUMBER: fails the script unless Looker has this many users.
users_are() {
  local count
  count=$(result "$(invoke all_users '{"fields": "id"}')" | grep -o '\\"id\\"' | wc -l)
  [ "$count" -eq "$1" ] || fail_early "there are $count users, not $1"
}

# Starts the workflow and waits until its third call is under way to a slow Looker. Sets $id.
reach_third_step() {
  id=$(submit "$ADD_USER" '["Ada", "Lovelace"]')
  for _ in $(seq 100); do
    [ "$(obelisk events "$id.o:3-invoke_1" --json 2>/dev/null | grep -c '"locked"')" -eq 1 ] && return
    sleep 0.1
  done
  fail_early "the workflow did not come to its third step"
}

ADA='\{\\"first_name\\":\\"Ada\\",\\"id\\":\\"14\\",\\"last_name\\":\\"Lovelace\\"\}'

# secret_is_not_in NAME FILE…: fails the script if the client secret is in one of these files or folders. Ada's name must be
# found in the same way, which shows that the history is readable there.
secret_is_not_in() {
  local name=$1
  shift
  grep -rqaF -- Lovelace "$@" || fail_early "$name: the history is not in $*, so the secret cannot be looked for"
  ! grep -rqaF -- "$LOOKERSDK_CLIENT_SECRET" "$@" || fail_early "$name: the client secret is in the history or in a log"
  echo "$host: $name: the client secret is neither in the history nor in the logs"
}

on_sqlite() {
  export OBELISK__database__sqlite__directory=$work/sqlite
  local id files=(--server-config server-sqlite.toml --deployment deployment.toml)
  # There are 13 users at first, so the workflow creates user 14.
  start_practice_looker --fail 'GET /groups/1 2 500' --fail 'GET /users/14 1 20s'
  api=$(free_port)
  start_server sqlite "$api" "${files[@]}"
  check_cells
  users_are 13
  reach_third_step
  kill_server
  echo "$host: SQLite: killed the server in the middle of the third step; its lock expires after one minute"
  start_server sqlite "$api" "${files[@]}"
  expect invoke "$(result "$id")" "$ADA"
  for step in 1 2; do
    [ "$(events "$id.o:$step-invoke_1" locked)" -eq 1 ] || fail_early "invoke: step $step ran again"
  done
  [ "$(events "$id.o:3-invoke_1" locked)" -eq 2 ] || fail_early "invoke: step 3 was not resumed"
  users_are 14
  expect invoke "$(result "$(submit "$ADD_USER" '["Ada", "Lovelace"]')")" '\\"id\\":\\"15\\"'
  passed invoke pass "SQLite: the workflow finished after the restart and created one user"
  passed streaming cannot "Obelisk has no resources"
  kill_server
  secret_is_not_in SQLite "$work/sqlite" "$work/sqlite.log"
  unset OBELISK__database__sqlite__directory
}

# Runs a command as the user of PostgreSQL, which refuses to run as root.
as_postgres() {
  if [ "$(id -u)" -eq 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi
}

# Starts a PostgreSQL server with its own folder and socket.
start_postgres() {
  # shellcheck disable=SC2012 # The newest version is the last; the names are numbers.
  find_binaries() { ls -d /usr/lib/postgresql/*/bin 2>/dev/null | tail -n 1; }
  [ -n "$(find_binaries)" ] || install_packages postgresql
  postgres_bin=$(find_binaries)
  # The path of a socket must be short, and the user `postgres` must be able to reach it.
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
  echo "$host: PostgreSQL: the second server finished the workflow and created one user"
  start_server postgres-1 "$(free_port)" --server-config server-postgres.toml
  local executors
  for _ in $(seq 10); do
    executors=$(for _ in $(seq 10); do invoke me '{}'; done |
      while read -r id; do result "$id" >/dev/null; obelisk events "$id" --json | grep -oE 'Exr_[A-Z0-9]+'; done | sort | uniq -c)
    [ "$(wc -l <<<"$executors")" -ge 2 ] && break
  done
  [ "$(wc -l <<<"$executors")" -ge 2 ] || fail_early "PostgreSQL: one server did all of the work: $executors"
  echo "$host: PostgreSQL: two servers shared ten calls: $(awk '{ print $1 }' <<<"$executors" | paste -sd ' ')"
  stop_started
  as_postgres "$postgres_bin/pg_ctl" -D "$postgres/data" -m fast stop >/dev/null
  secret_is_not_in PostgreSQL "$postgres/data" "$work"/postgres-*.log
}

find_obelisk
prepare
on_sqlite
on_postgres
