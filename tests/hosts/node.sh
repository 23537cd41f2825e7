#!/usr/bin/env bash
# Runs examples/hosts/node as it stands, in Node with jco, against the practice Looker, and checks each thing it shows.
#
#   tests/hosts/node.sh [COMPONENT [PRACTICE_LOOKER]]
#
# Ends with 0 when all of it holds, 1 when not, 77 when there is no Node here.
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

# The example's own files, where its packages may be installed: `--preserve-symlinks` has Node look for them beside the
# link. Nothing is copied, and the repository stays clean.
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
(cd "$work" && npm run --silent transpile -- "$component") || fail_early "jco does not take the component"
cd "$work"
run_example node --preserve-symlinks --preserve-symlinks-main main.mjs

if slow=$(node --preserve-symlinks "$repository/tests/hosts/slow_answer.mjs" sandbox.mjs 2>&1); then
  echo "$host: $slow"
else
  echo "$host: invoke: a slow answer: $slow" >&2
  sed -i 's/^invoke .*/invoke FAIL/' "$work/cells"
  exit 1
fi
