#!/bin/sh
# make test: the unit tests, then the integration tests that drive the built `pipe`.  Last line: N passed, N failed, N skipped.
# Usage: run.sh BUILD
set -u
build=$1
log=$(mktemp)
suites=$(mktemp -d)
trap 'rm -rf "$log" "$suites"' EXIT
passed=0 failed=0 skipped=0

# Each suite in a process of its own: what one leaves in memory would have to be searched for leaks after each test of the next.
started=$(date +%s)
sed -n 's/^SUITE(\(.*\))$/\1/p' "$build/suites.h" |
	CK_FORK=${CK_FORK:-yes} xargs -P "$(nproc)" -I{} sh -c '"$0" "$2" >"$1/$2" 2>&1 || true' "$build/unit" "$suites" {}
for suite in "$suites"/*; do
	grep -vE '^[^ ]+:[0-9]+:P:|^Running suite|^100%: ' "$suite"
	# check's summary: "97%: Checks: 100, Failures: 3, Errors: 0"
	set -- $(sed -n 's/^[0-9]*%: Checks: \([0-9]*\), Failures: \([0-9]*\), Errors: \([0-9]*\)$/\1 \2 \3/p' "$suite" | tail -1)
	if [ $# = 3 ]; then
		passed=$((passed + $1 - $2 - $3)) failed=$((failed + $2 + $3))
	else
		echo "the unit tests of ${suite##*/} did not end by themselves"
		failed=$((failed + 1))
	fi
done
echo "-- unit tests: $passed passed, $failed failed, $(($(date +%s) - started)) s"

started=$(date +%s)
PIPE_BUILD=$(cd "$build" && pwd) python3 -m pytest -q -p no:cacheprovider -rs --tb=short tests/integration 2>&1 | tee "$log"
for word in passed failed skipped errors error; do
	n=$(grep -oE "[0-9]+ $word" "$log" | tail -1 | cut -d' ' -f1)
	case $word in
	passed) passed=$((passed + ${n:-0})) ;;
	skipped) skipped=$((skipped + ${n:-0})) ;;
	*) failed=$((failed + ${n:-0})) ;;
	esac
done
grep -qE '[0-9]+ (passed|failed|skipped|error)' "$log" || { echo "the integration tests did not run"; failed=$((failed + 1)); }
echo "-- integration tests: $(($(date +%s) - started)) s"
echo "$passed passed, $failed failed, $skipped skipped"
[ $failed = 0 ]
