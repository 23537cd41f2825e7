#!/usr/bin/env bash
# Runs the component in Node and Python and prints a table: host × (loads, describe, list, invoke, failure, streaming).
#
#   tests/hosts/run.sh [COMPONENT [PRACTICE_LOOKER]]
#
# COMPONENT and PRACTICE_LOOKER can also be set in the environment. The defaults are the files that this command builds:
#
#   cargo build -p host-harness -p practice-looker
#
# Packages are installed under ${CARGO_TARGET_DIR:-target}/hosts. A host whose runtime is missing is skipped, with a message.
# Exit code: 0 passed, 1 if a cell failed.
set -euo pipefail
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
host=hosts
# shellcheck source=tests/hosts/common.sh
. "$here/common.sh"
[ -f "$component" ] || fail_early "there is no component $component; make it with: cargo build -p host-harness"
echo "hosts: $(sha256sum "$component" | cut -d ' ' -f 1) $component"

passed=0
failed=0
skipped=0
table=$(printf '%-8s' host; printf ' %-10s' "${CELLS[@]}")
for host in node python; do
  cells=$target/hosts/$host/cells
  rm -f "$cells"
  status=0
  "$here/$host.sh" "$component" "$practice_looker" || status=$?
  row=$(printf '%-8s' "$host")
  for name in "${CELLS[@]}"; do
    verdict=FAIL
    if [ "$status" -eq 77 ]; then
      verdict=skipped
    elif [ -f "$cells" ]; then
      verdict=$(sed -n "s/^$name //p" "$cells")
      verdict=${verdict:-FAIL}
    fi
    case $verdict in
      pass) passed=$((passed + 1)) ;;
      skipped) skipped=$((skipped + 1)) ;;
      *) failed=$((failed + 1)) ;;
    esac
    row+=$(printf ' %-10s' "$verdict")
  done
  # A failing script normally reports a failed cell; without one it ended before it could.
  if [ "$status" -ne 0 ] && [ "$status" -ne 77 ] && [ "${row/FAIL/}" = "$row" ]; then
    failed=$((failed + 1))
    row+=" and then failed with status $status"
  fi
  table+=$'\n'$row
done

echo
echo "$table"
echo
echo "hosts: $passed passed, $failed failed, $skipped skipped"
[ "$failed" -eq 0 ]
