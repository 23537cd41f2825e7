#!/usr/bin/env bash
# Installs Looker's own SDKs for Python and Node into target/peers and runs the bench that compares them with this connector.
# Arguments go to the bench: host-harness/benches/peers.sh --write-docs
# If python3 or npm is missing, its rows are left out, and the bench says so. Builds with the release profile and its link-time
# optimization, which takes ten minutes on two cores; plain `cargo bench` builds faster without it.
set -euo pipefail

cd "$(dirname "$0")/../.."
work=${CARGO_TARGET_DIR:-target}/peers
LOOKER_SDK_PYTHON=26.22.0
LOOKER_SDK_NODE=26.12.0
mkdir -p "$work"

if command -v python3 >/dev/null; then
  [ -x "$work/venv/bin/python" ] || python3 -m venv "$work/venv"
  "$work/venv/bin/pip" install --quiet --disable-pip-version-check "looker_sdk==$LOOKER_SDK_PYTHON"
fi
if command -v npm >/dev/null; then
  mkdir -p "$work/node"
  [ -f "$work/node/package.json" ] || echo '{"private": true, "type": "module"}' >"$work/node/package.json"
  (cd "$work/node" && npm install --silent --no-audit --no-fund "@looker/sdk-node@$LOOKER_SDK_NODE")
fi

cargo bench --profile release --package host-harness --bench performance -- "$@"
