#!/usr/bin/env bash
# Looker's own SDKs against the practice Looker. Needs python3; the Node part is left out, and says so, where npm is not there.
# Build first: cargo build -p practice-looker
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
target=${CARGO_TARGET_DIR:-$here/../../target}
binary=${PRACTICE_LOOKER:-$target/debug/practice-looker}
work=$target/peers
LOOKER_SDK_PYTHON=26.22.0
LOOKER_SDK_NODE=26.12.0

if [ ! -x "$binary" ]; then
  echo "peers: $binary is not there; build it with: cargo build -p practice-looker" >&2
  exit 1
fi
mkdir -p "$work"

told=$(mktemp "$work/told.XXXXXX")
"$binary" >"$told" &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true; rm -f "$told"' EXIT
for _ in $(seq 100); do
  # Three lines: where it listens, and the two credentials.
  [ "$(wc -l <"$told")" -ge 3 ] && break
  kill -0 "$server"
  sleep 0.1
done
set -a
# shellcheck disable=SC1090
. "$told"
set +a
export LOOKERSDK_VERIFY_SSL=false LOOKERSDK_TIMEOUT=30

echo "== Python: looker_sdk $LOOKER_SDK_PYTHON"
[ -x "$work/venv/bin/python" ] || python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check "looker_sdk==$LOOKER_SDK_PYTHON"
"$work/venv/bin/python" "$here/python_sdk.py"

if command -v npm >/dev/null; then
  echo "== Node: @looker/sdk-node $LOOKER_SDK_NODE"
  mkdir -p "$work/node"
  [ -f "$work/node/package.json" ] || echo '{"private": true, "type": "module"}' >"$work/node/package.json"
  (cd "$work/node" && npm install --silent --no-audit --no-fund "@looker/sdk-node@$LOOKER_SDK_NODE")
  # Node looks for packages beside the program.
  cp "$here/node_sdk.mjs" "$work/node/"
  (cd "$work/node" && node node_sdk.mjs)
else
  echo "== Node: left out, there is no npm here"
fi
echo "peers: all of it holds"
