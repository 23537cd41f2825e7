#!/usr/bin/env bash
# Packages the sources as they stand here in two folders, with two homes of cargo and other flags in the environment, and
# compares every byte of the two packages, and their component with the one that host-harness has.
#
#   cargo build -p xtask -p host-harness && tests/packages/reproducible.sh
#
# Builds the component twice: about two minutes on two cores.
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
target=$(realpath -m "${CARGO_TARGET_DIR:-$repository/target}")
xtask=$target/debug/xtask
work=$target/packages/reproducible
[ -x "$xtask" ] || { echo "there is no $xtask; make it with: cargo build -p xtask" >&2; exit 1; }

# What the outer build says of its own folders is not for these two.
unset CARGO_TARGET_DIR
rm -rf "$work"
one=$work/one
other="$work/another folder, deeper/and deeper"
for folder in "$one" "$other"; do
  mkdir -p "$folder"
  # Changed and new files count, what is ignored does not.
  (cd "$repository" && git ls-files -z --cached --others --exclude-standard) |
    while IFS= read -r -d '' file; do [ -e "$repository/$file" ] && printf '%s\0' "$file"; done |
    tar -C "$repository" --null -T - -c | tar -C "$folder" -x
done

# Another home of cargo, which has the downloaded crates of the first.
home=$work/cargo-home
mkdir -p "$home"
ln -s "$(realpath "${CARGO_HOME:-$HOME/.cargo}/registry")" "$home/registry"

echo "packages: in $one"
"$xtask" package --sources "$one" --output "$one/dist" >/dev/null
echo "packages: in $other"
CARGO_HOME=$home RUSTFLAGS="-C debuginfo=2" CARGO_PROFILE_RELEASE_OPT_LEVEL=1 \
  "$xtask" package --sources "$other" --output "$other/dist" >/dev/null

diff -r "$one/dist" "$other/dist"
cmp "$one/dist/looker_connector.wasm" "$target/component/looker_connector.wasm"
(cd "$one/dist" && sha256sum --check --quiet SHA256SUMS)
for folder in "$work" "$HOME"; do
  if grep -rqF -- "$folder" "$one/dist"; then
    echo "packages: the folder $folder is named in $(grep -rlF -- "$folder" "$one/dist" | head -n 1)" >&2
    exit 1
  fi
done
echo "packages: $(wc -l <"$one/dist/SHA256SUMS") files are the same, byte for byte; the component is" \
  "$(sha256sum <"$one/dist/looker_connector.wasm" | cut -d ' ' -f 1)"
rm -rf "$work"
