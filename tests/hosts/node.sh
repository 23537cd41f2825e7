#!/usr/bin/env bash
# Runs examples/hosts/node unchanged, in Node with jco, against the practice Looker, and checks everything it prints.
#
#   tests/hosts/node.sh [COMPONENT [PRACTICE_LOOKER]]
#
# Exit code: 0 passed, 1 failed, 77 skipped because Node or npm is missing.
set -euo pipefail
host=node
# shellcheck source=tests/hosts/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
example=$repository/examples/hosts/node
work=$target/hosts/node
mkdir -p "$work"

for program in node npm; do
  if ! command -v "$program" >/dev/null; then
    echo "$host: skipped, there is no $program here"
    exit 77
  fi
done

# Links to the example's files, in a folder where its packages can be installed. With `--preserve-symlinks` Node looks for
# packages beside the link, so the repository stays clean.
for file in package.json main.mjs sandbox.mjs; do
  ln -sfn "$example/$file" "$work/$file"
done
if ! cmp -s "$example/package.json" "$work/installed"; then
  rm -f "$work/installed"
  echo "$host: installing $(grep -oE '"@bytecodealliance/[^,]*"' "$example/package.json" | tr -d '"' | paste -sd ' ')"
  (cd "$work" && npm install --silent --no-audit --no-fund)
  cp "$example/package.json" "$work/installed"
fi
rm -rf "$work/transpiled"
start_practice_looker
(cd "$work" && npm run --silent transpile -- "$component") || fail_early "jco does not accept the component"
cd "$work"
run_example node --preserve-symlinks --preserve-symlinks-main main.mjs

if slow=$(node --preserve-symlinks "$repository/tests/hosts/slow_response.mjs" sandbox.mjs 2>&1); then
  echo "$host: $slow"
else
  echo "$host: invoke: a slow response: $slow" >&2
  sed -i 's/^invoke .*/invoke FAIL/' "$work/cells"
  exit 1
fi
