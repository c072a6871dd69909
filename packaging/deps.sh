#!/bin/sh
# Installs what a build, the tests or the checks need from Debian's packages; does nothing when all of it is there.
#   deps.sh build [demo] [test] [check]
set -eu
build="gcc make pkg-config libc6-dev libyaml-dev libgit2-dev libcurl4-openssl-dev libsqlite3-dev libuv1-dev libarchive-dev libzstd-dev
       libpcre2-dev libjansson-dev libexpat1-dev libssl-dev liblua5.4-dev git ca-certificates"
test="check g++ python3 python3-pytest python3-yaml python3-jsonschema sqlite3 tmux procps zstd
      buildah busybox-static apache2-utils openssl shellcheck strace"
demo="check libevent-dev python3 python3-pytest gcovr cppcheck"
check="clang clang-format clang-tidy cppcheck libclang-rt-14-dev ninja-build docker-registry" # the last one comes with a service: not for everybody's machine
want=""
for set in "$@"; do
	case $set in
	build) want="$want $build" ;;
	demo) want="$want $demo" ;;
	test) want="$want $test $demo" ;;
	check) want="$want $check" ;;
	*) echo "deps.sh: unknown set $set" >&2; exit 2 ;;
	esac
done
command -v dpkg-query >/dev/null || { echo "deps.sh: not a Debian system: install what corresponds to:$want" >&2; exit 0; }
missing=""
for p in $want; do
	dpkg-query -W -f '${Status}' "$p" 2>/dev/null | grep -q 'install ok installed' || missing="$missing $p"
done
[ -n "$missing" ] || exit 0
echo "installing:$missing"
sudo=""
[ "$(id -u)" = 0 ] || sudo=sudo
$sudo apt-get update -q >/dev/null || true
# shellcheck disable=SC2086
DEBIAN_FRONTEND=noninteractive $sudo apt-get install -y -q --no-install-recommends $missing >/dev/null
