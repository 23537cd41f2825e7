#!/usr/bin/env bash
# Runs examples/hosts/python as it stands, in Python with wasmtime, against the practice Looker, and checks each thing it
# shows.
#
#   tests/hosts/python.sh [COMPONENT [PRACTICE_LOOKER]]
#
# Ends with 0 when all of it holds, 1 when not, 77 when there is no Python here.
set -euo pipefail
host=python
# shellcheck source=tests/hosts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
example=$repository/examples/hosts/python
work=$target/hosts/python
mkdir -p "$work"

if ! command -v python3 >/dev/null; then
  echo "$host: skipped, there is no python3 here"
  exit 77
fi

if ! cmp -s "$example/requirements.txt" "$work/installed"; then
  rm -f "$work/installed"
  echo "$host: installing $(paste -sd ' ' "$example/requirements.txt")"
  python3 -m venv --clear "$work/venv"
  "$work/venv/bin/pip" install --quiet --disable-pip-version-check -r "$example/requirements.txt"
  cp "$example/requirements.txt" "$work/installed"
fi
start_practice_looker
# Without -B Python would leave its compiled files in the repository.
run_example "$work/venv/bin/python" -B "$example/main.py" "$component"
