#!/bin/sh
# make test-tools: builds the real tools, then drives the built `pipe` with them.  Last line: N passed, N failed, N skipped.
# Usage: run.sh BUILD [PYTEST-ARGUMENT...]
set -u
build=$1
shift
here=$(cd "$(dirname "$0")" && pwd)
log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0 failed=0 skipped=0

if ! command -v go >/dev/null; then
	echo "Go is missing, which builds the tools: nothing is tested with them (the toolchain of the Go project, or golang-go of bookworm-backports)"
	echo "0 passed, 0 failed, 1 skipped"
	exit 0
fi
if ! "$here/build.sh"; then
	echo "a tool could not be built"
	failed=1
fi
[ $# -gt 0 ] || set -- "$here"
started=$(date +%s)
PIPE_BUILD=$(cd "$build" && pwd) python3 -m pytest -q -p no:cacheprovider -rs --tb=short "$@" 2>&1 | tee "$log"
for word in passed failed skipped errors error; do
	n=$(grep -oE "[0-9]+ $word" "$log" | tail -1 | cut -d' ' -f1)
	case $word in
	passed) passed=$((passed + ${n:-0})) ;;
	skipped) skipped=$((skipped + ${n:-0})) ;;
	*) failed=$((failed + ${n:-0})) ;;
	esac
done
grep -qE '[0-9]+ (passed|failed|skipped|error)' "$log" || { echo "the tests did not run"; failed=$((failed + 1)); }
echo "-- tests with real tools: $(($(date +%s) - started)) s"
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
