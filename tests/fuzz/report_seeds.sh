#!/bin/sh
# Seeds for tests/fuzz/report.c: each report of tests/reports behind the byte that lets it be recognised.  Usage: report_seeds.sh DIRECTORY
set -eu
mkdir -p "$1"
for report in tests/reports/*/*; do
	case $report in *.expected | *.md) continue ;; esac
	{ printf '\377' && cat "$report"; } > "$1/$(basename "$(dirname "$report")")-$(basename "$report")"
done
