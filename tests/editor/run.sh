#!/usr/bin/env bash
# The step editor in a real Chromium, against host-harness serve. Needs npm; Chromium comes from Debian.
# Build first: cargo build -p host-harness -p practice-looker
#
# WRITE_SCREENSHOTS=1 also draws the pictures of docs/editor again.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
repository=$(cd "$here/../.." && pwd)
target=$(realpath -m "${CARGO_TARGET_DIR:-$repository/target}")

for binary in host-harness practice-looker; do
  if [ ! -x "$target/debug/$binary" ]; then
    echo "editor: $target/debug/$binary is not there; build it with: cargo build -p host-harness -p practice-looker" >&2
    exit 1
  fi
done
if [ ! -x "${CHROMIUM:-/usr/bin/chromium}" ]; then
  apt-get update --quiet --quiet
  apt-get install --yes --no-install-recommends chromium
fi

# The second connector: the guest of the host library's tests.
cargo build --quiet --manifest-path "$repository/host-harness/host/tests/guest/Cargo.toml" --target wasm32-wasip2 --release \
  --target-dir "$target/editor-guest"

cd "$here"
npm ci --silent
# One file after the other: what they measure is time.
exec node --test --test-concurrency=1 --test-timeout=180000 "$here"/*.test.mjs
