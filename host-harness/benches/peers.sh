#!/usr/bin/env bash
# Installs Looker's own SDKs for Python and Node into target/peers, where they are not there yet, and runs the bench that
# compares them with this connector. Arguments go to the bench: tests/benches/peers.sh --write-docs
# What is missing (python3, npm) is left out, and the bench says so. It is built as a release is, with link-time optimisation,
# which takes ten minutes on two cores; `cargo bench` alone does without, to be built sooner.
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
