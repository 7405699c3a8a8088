#!/bin/sh
# Builds Chiave and puts what runs in a container into a directory: the Dockerfile runs this, and so does try-root.
#
#   scripts/container/build-root.sh OUT
#
# Needs Node with npm, and a registry. No native module is compiled: the embedded cluster stays out.
set -eu

out=$1
cd "$(dirname "$0")/../.."
export NEXT_TELEMETRY_DISABLED=1
npm ci --ignore-scripts --no-audit --no-fund
node scripts/build.mjs
node scripts/container/collect.mjs "$out"
# Read by everybody, written by nobody.
chmod -R a+rX,go-w "$out"
du -sh "$out"
