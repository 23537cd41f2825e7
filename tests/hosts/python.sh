#!/usr/bin/env bash
# Runs examples/hosts/python unchanged, in Python with wasmtime, against the practice Looker, and checks everything it prints.
#
#   tests/hosts/python.sh [COMPONENT [PRACTICE_LOOKER]]
#
# Exit code: 0 passed, 1 failed, 77 skipped because Python is missing.
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
# -B: write no compiled files into the repository.
run_example "$work/venv/bin/python" -B "$example/main.py" "$component"
