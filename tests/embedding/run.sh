#!/usr/bin/env bash
# A program outside of this repository embeds the host library: `cargo add --path` is all that it needs. It calls the guest
# of the library's tests.
set -euo pipefail
here=$(cd "$(dirname "$0")/../.." && pwd)
target=${CARGO_TARGET_DIR:-$here/target}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

(cd "$here/host-harness/host/tests/guest" && cargo build --quiet --release --target wasm32-wasip2 --target-dir "$target/tmp/guest")

cargo init --quiet --name embedding-program "$work/program"
cd "$work/program"
cp "$here/host-harness/host/examples/embed.rs" src/main.rs
cp "$here/Cargo.lock" .
cargo add --quiet --path "$here/host-harness/host"
cargo add --quiet tokio --features macros,rt-multi-thread
cargo run --quiet --target-dir "$target/embedding" -- "$target/tmp/guest/wasm32-wasip2/release/test_guest.wasm" | tee output
grep -q '"echo"\|echo' output
