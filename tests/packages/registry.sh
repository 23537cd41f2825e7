#!/usr/bin/env bash
# Pushes the package's OCI image layout to a registry on loopback, pulls it back in three ways, and compares the bytes:
# by the registry's own HTTP interface, by skopeo, and by wkg where it is there.
#
#   cargo xtask package && tests/packages/registry.sh [DIST]
#
# The registry is Debian's docker-registry, the client Debian's skopeo; where one is missing, it is installed by apt-get.
# wkg is taken from $WKG or from PATH; where it is there, the WIT package goes the same way by wkg alone. To install it,
# `cargo install wkg --version 0.16.1 --locked --debug`, took four minutes on two cores. The rest takes seconds.
set -euo pipefail
repository=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
dist=$(realpath -m "${1:-$repository/dist}")
work=$(mktemp -d)
registry=
trap '[ -z "$registry" ] || kill "$registry"; rm -rf "$work"' EXIT
[ -f "$dist/oci/index.json" ] || { echo "there is no package in $dist; make it with: cargo xtask package" >&2; exit 1; }

for program in docker-registry skopeo; do
  if ! command -v "$program" >/dev/null; then
    echo "registry: installing $program"
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq --no-install-recommends "$program" >/dev/null
  fi
done

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >"$work/registry.yml" <<CONFIG
version: 0.1
log: { level: error }
storage: { filesystem: { rootdirectory: $work/registry } }
http: { addr: "127.0.0.1:$port" }
CONFIG
docker-registry serve "$work/registry.yml" >"$work/log" 2>&1 &
registry=$!
for _ in $(seq 100); do
  curl --silent --fail "http://127.0.0.1:$port/v2/" >/dev/null && break
  kill -0 "$registry" 2>/dev/null || { cat "$work/log" >&2; exit 1; }
  sleep 0.1
done

version=$(python3 -c '
import json, sys
index = json.load(open(sys.argv[1]))
print(index["manifests"][0]["annotations"]["org.opencontainers.image.ref.name"])' "$dist/oci/index.json")
image=127.0.0.1:$port/looker-connector:$version
skopeo copy --quiet --dest-tls-verify=false "oci:$dist/oci:$version" "docker://$image"
echo "registry: pushed $image"

# same HOW FILE PULLED
same() {
  cmp "$dist/$2" "$3"
  echo "registry: pulled by $1: the same bytes: $2"
}

# As any program can: the manifest by its tag, then the one layer by its digest.
curl --silent --fail --header "Accept: application/vnd.oci.image.manifest.v1+json" \
  "http://127.0.0.1:$port/v2/looker-connector/manifests/$version" >"$work/manifest.json"
layer=$(python3 -c '
import json, sys
manifest = json.load(open(sys.argv[1]))
assert manifest["config"]["mediaType"] == "application/vnd.wasm.config.v0+json", manifest
[layer] = manifest["layers"]
assert layer["mediaType"] == "application/wasm", layer
print(layer["digest"])' "$work/manifest.json")
curl --silent --fail --output "$work/by-http.wasm" "http://127.0.0.1:$port/v2/looker-connector/blobs/$layer"
same HTTP looker_connector.wasm "$work/by-http.wasm"

skopeo copy --quiet --src-tls-verify=false "docker://$image" "oci:$work/pulled:$version"
same skopeo looker_connector.wasm "$work/pulled/blobs/sha256/${layer#sha256:}"

if wkg=$(command -v "${WKG:-wkg}"); then
  "$wkg" oci pull --insecure "127.0.0.1:$port" --output "$work/by-wkg.wasm" "$image" >/dev/null
  same "$("$wkg" --version)" looker_connector.wasm "$work/by-wkg.wasm"
  wit=127.0.0.1:$port/workflow-connector:$version
  "$wkg" oci push --insecure "127.0.0.1:$port" "$wit" "$dist/workflow-connector-wit.wasm" >/dev/null
  "$wkg" oci pull --insecure "127.0.0.1:$port" --output "$work/wit-by-wkg.wasm" "$wit" >/dev/null
  same "$("$wkg" --version)" workflow-connector-wit.wasm "$work/wit-by-wkg.wasm"
else
  echo "registry: left out: there is no wkg here"
fi
