#!/usr/bin/env bash
# The page's sources: types, unit tests, and that dist/ is what they build, within its size.
set -euo pipefail
cd "$(dirname "$0")"

if grep -q '"resolved"' package-lock.json ../../tests/editor/package-lock.json; then
  echo "a lock file names a registry's address; run: npm config set omit-lockfile-registry-resolved true" >&2
  exit 1
fi
npm ci --silent
npm run --silent check
npm run --silent test
built=$(mktemp -d)
trap 'rm -rf "$built"' EXIT
npx vite build --logLevel warn --outDir "$built"
if ! diff -r "$built" dist; then
  echo "host-harness/editor/dist is not what the sources build; run: npm run build" >&2
  exit 1
fi
npm run --silent size
