#!/usr/bin/env bash
# Compares the requests of the built connector with those of Looker's own Python SDK, for every operation.
# Usage: tests/conformance/run.sh [COMPONENT.wasm] [--json FILE] [--operation NAME]...
# Build first: cargo build -p looker-connector --target wasm32-wasip2 --release (the host's build script does it too).
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
target=${CARGO_TARGET_DIR:-$here/../../target}
component=$target/component/looker_connector.wasm
venv=$target/conformance/venv
if [ $# -gt 0 ] && [ "${1#-}" = "$1" ]; then
  component=$1
  shift
fi
if [ ! -f "$component" ]; then
  echo "conformance: $component is not there; build it with: cargo build -p host-harness" >&2
  exit 2
fi

if ! python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
  echo "conformance: Python 3.11 or newer is needed, $(python3 --version) is here" >&2
  exit 2
fi

# Installing takes seconds even where nothing is to do, so it is done once for each list of packages.
if ! cmp -s "$here/requirements.txt" "$venv/installed.txt"; then
  mkdir -p "$(dirname "$venv")"
  python3 -m venv --clear "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt"
  cp "$here/requirements.txt" "$venv/installed.txt"
fi

export PYTHONDONTWRITEBYTECODE=1
"$venv/bin/python" "$here/test_suite.py" --quiet
"$venv/bin/python" "$here/main.py" "$component" "$@"
