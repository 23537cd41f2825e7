# What the hosts' scripts share: they start a practice Looker and check what an example printed. Sourced, not run.
#
#   COMPONENT         the component under test (or the first argument)
#   PRACTICE_LOOKER   the practice Looker's binary (or the second argument)
#
# Each cell of the table is written to $work/cells as a line: the name of the cell, then pass or FAIL.

# shellcheck shell=bash
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
target=$(realpath -m "${CARGO_TARGET_DIR:-$repository/target}")
component=$(realpath -m "${1:-${COMPONENT:-$target/component/looker_connector.wasm}}")
practice_looker=$(realpath -m "${2:-${PRACTICE_LOOKER:-$target/debug/practice-looker}}")
# A different odd number in each run, so that no program can have it built in.
rows=$((20000 + RANDOM % 10000))

# The columns of the table, in the order in which an example prints them.
CELLS=(loads describe list invoke failure streaming)

fail_early() {
  echo "$host: $1" >&2
  exit 1
}

# The processes that a script started; they are killed when it ends. SIGTERM is not enough: an Obelisk server without its
# database ignores it.
started=()
stop_started() {
  kill -KILL "${started[@]}" 2>/dev/null || true
  wait "${started[@]}" 2>/dev/null || true
}

# start_practice_looker FLAG…: starts a practice Looker on a free port and exports its address and credentials.
start_practice_looker() {
  [ -f "$component" ] || fail_early "there is no component $component; make it with: cargo build -p host-harness"
  [ -x "$practice_looker" ] || fail_early "there is no $practice_looker; make it with: cargo build -p practice-looker"
  local told=$work/practice-looker
  # The file of an earlier run names a port that nobody listens on any more.
  : >"$told"
  "$practice_looker" --rows "$rows" "$@" >"$told" &
  local server=$!
  started+=("$server")
  trap stop_started EXIT
  for _ in $(seq 100); do
    # Three lines: the address and the two credentials.
    [ "$(wc -l <"$told")" -ge 3 ] && break
    kill -0 "$server" 2>/dev/null || fail_early "the practice Looker ended at once"
    sleep 0.1
  done
  set -a
  # shellcheck disable=SC1090
  . "$told"
  set +a
}

# The lines that an example printed below the heading "== NAME".
section() {
  awk -v heading="== $1" '/^== / { inside = ($0 == heading); next } inside' "$work/printed"
}

# cell NAME SECTION PATTERN…: passes if each extended regular expression matches a line of the section.
cell() {
  local name=$1 section_name=$2 pattern verdict=pass
  shift 2
  for pattern in "$@"; do
    if ! section "$section_name" | grep -Eq -- "$pattern"; then
      echo "$host: $name: no line below \"== $section_name\" matches: $pattern" >&2
      verdict=FAIL
    fi
  done
  echo "$name $verdict" >>"$work/cells"
}

# value SECTION PATTERN: prints what a capturing sed pattern finds in a section.
value() {
  section "$1" | sed -nE "s/$2/\1/p" | head -n 1
}

# Checks $work/printed, what an example printed, cell by cell.
check_printed() {
  local status=$1 created before
  : >"$work/cells"
  cell loads load '^Looker [0-9]+\.[0-9]+\.[0-9]+: .+' '^catalog digest: .+'
  cell describe describe '^auth form: Looker$' '^  domain: Domain$' '^  client_secret: Client secret \(secret\)$' \
    '^form of "Create user": [1-9][0-9]* fields, such as .+'
  cell list list '^523 operations' '^  all_users: List users \(read, idempotent\)$' '^  create_user: Create user \(write\)$' \
    '^  user: Get user \(read, idempotent\)$' '^  call_api: .+ \(delete\)$'
  created=$(value invoke '^Create user: ([0-9]+) .*')
  before=$(value invoke '^List users: ([0-9]+) users$')
  cell invoke invoke "^asks for ${LOOKERSDK_BASE_URL#http://}\$" '^List users: [1-9][0-9]* users$' \
    '^Create user: [0-9]+ Ada Lovelace$' "^Get user: ${created:-no user was created} Ada Lovelace\$" \
    '^auth as an argument: Practice Automation$' '^a session in another instance: Practice Automation$'
  cell failure failure '^permanent, not-found, HTTP status 404: .+' '^retryable, unreachable, HTTP status none: .+' \
    '^permanent, rejected, HTTP status 422: .+' '^  email: invalid: .+' \
    '^retryable, [a-z-]+, HTTP status 202, wait 1000 ms: .+'
  # The header line comes on top of the rows.
  cell streaming streaming "^text/csv: $((rows + 1)) lines, [1-9][0-9]* bytes in ([2-9]|[1-9][0-9]+) pieces\$"
  # The second run of the example sees the user that the first one created.
  if [ -n "${users_before:-}" ] && [ "${before:-none}" != $((users_before + 1)) ]; then
    echo "$host: invoke: there were $users_before users, one was made, and now there are ${before:-none}" >&2
    sed -i 's/^invoke .*/invoke FAIL/' "$work/cells"
  fi
  users_before=$before
  if grep -qF -- "$LOOKERSDK_CLIENT_SECRET" "$work/printed" "$work/errors"; then
    echo "$host: the client secret was printed" >&2
    sed -i 's/ pass$/ FAIL/' "$work/cells"
  fi
  if [ "$status" -ne 0 ]; then
    echo "$host: the example ended with status $status:" >&2
    sed 's/^/  /' "$work/errors" >&2
    # A program that ended early did not stream to the end, whatever it printed before.
    sed -i 's/^streaming .*/streaming FAIL/' "$work/cells"
  fi
}

# run_example COMMAND…: runs the example twice against the same practice Looker and checks both runs. Fails if a cell does.
run_example() {
  local status
  for _ in first second; do
    status=0
    "$@" >"$work/printed" 2>"$work/errors" || status=$?
    check_printed "$status"
    if grep -q FAIL "$work/cells"; then
      sed 's/^/  /' "$work/printed" >&2
      return 1
    fi
  done
  sed "s/^/$host: /" "$work/cells"
}
