#!/bin/sh
# Copies what was built to where it is served from.
set -eu
target=${1:?where to}
mkdir -p "$target"
cp -R dist/. "$target"
