#!/bin/sh
# Seeds for tests/fuzz/package.c: each small file of tests/scanner/packages behind each number of a format.  Usage: package_seeds.sh DIRECTORY
set -eu
mkdir -p "$1"
find tests/scanner/packages -mindepth 2 -type f -size -6k | while read -r file; do
	name=$(echo "$file" | cut -d/ -f4- | tr / -)
	for format in 00 01 02 03 04 05 06 07 10 11 12 13 14 15 16 17 20 21 22 23 24 25 26 27 30 31 32 33 34 35 36; do
		{ printf '%b' "\\0$format" && cat "$file"; } > "$1/$format-$name"
	done
done
