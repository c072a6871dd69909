#!/bin/sh
# The house rules that a machine can check:
#   1. an #include runs down the floors (base < pipeline < stages < lua < runner < web < cli), never up;
#      cli/ knows libpipe by include/pipe.h alone (and may use base/); nobody includes a .c file;
#   2. the library has no mutable global: no symbol of its objects lies in a writable section;
#   3. no two objects define one name;
#   4. include/pipe.h compiles alone, as C11 and as C++.
# Usage: check-house.sh "floor floor ..." OBJECT...   (the floors lowest first)
set -u
floors=$1
shift
found=$(mktemp)
trap 'rm -f "$found"' EXIT
bad=0
complain() {
	echo "check-house: $*" >&2
	bad=1
}

height() {
	n=0
	for f in $floors; do
		n=$((n + 1))
		[ "$f" = "$1" ] && { echo $n; return; }
	done
	echo 0
}

for file in $(find $floors -name '*.[ch]' 2>/dev/null | sort); do
	mine=${file%%/*}
	level=$(height "$mine")
	for inc in $(sed -n 's/^[[:space:]]*#[[:space:]]*include[[:space:]]*"\([^"]*\)".*/\1/p' "$file"); do
		case $inc in
		pipe.h) continue ;;
		*.c) complain "$file includes $inc" ;;
		*/*) ;;
		*) complain "$file includes \"$inc\": name it from the top (\"$mine/$inc\")"; continue ;;
		esac
		other=${inc%%/*}
		theirs=$(height "$other")
		[ "$theirs" = 0 ] && { complain "$file includes $inc, which is on no floor"; continue; }
		[ "$theirs" -gt "$level" ] && complain "$file includes $inc: from $mine up to $other"
		[ "$mine" = cli ] && [ "$other" != cli ] && [ "$other" != base ] && complain "$file includes $inc: cli/ knows libpipe by pipe.h alone"
	done
done

# B, D, C and their kin: data that can be written.  R (read-only) and the relocated read-only tables (.data.rel.ro) are fine.
for o in "$@"; do
	objdump -t "$o" | awk '
		{ section = ""; for (i = 1; i <= NF; i++) if ($i ~ /^\.(data|bss|tdata|tbss)/ || $i == "*COM*") section = $i }
		section != "" && section !~ /^\.data\.rel\.ro/ && $NF != section && $NF !~ /^__(asan|odr_asan|ubsan|sancov)/ && $NF !~ /^\.L/ { print $NF }' |
	while read -r symbol; do
		echo "$o: $symbol"
	done
done | sort -u > "$found"
while read -r line; do complain "mutable global: $line"; done < "$found"

# A name that two objects define: in the static library one of them would silently stand for both.
nm -A --defined-only "$@" | awk '$2 ~ /^[TDBR]$/ { print $3 }' | sort | uniq -d > "$found"
while read -r name; do complain "defined twice: $name"; done < "$found"

for header in include/*.h; do
	${CC:-cc} -std=c11 -Wall -Wextra -Wpedantic -Werror -fsyntax-only -x c "$header" || complain "$header does not compile alone as C11"
	if command -v g++ >/dev/null; then
		g++ -Wall -Wextra -Wpedantic -Werror -fsyntax-only -x c++ "$header" || complain "$header does not compile alone as C++"
	else
		echo "check-house: no C++ compiler here: $header is not tried as C++ (Debian: g++)"
	fi
done
[ $bad = 0 ] && echo "check-house: the arrows run down, no mutable globals, the header stands alone"
exit $bad
