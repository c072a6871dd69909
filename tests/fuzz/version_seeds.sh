#!/bin/sh
# Seeds for tests/fuzz/version.c: some versions and a range for each scheme, in the order of their names.  Usage: version_seeds.sh DIRECTORY
set -eu
mkdir -p "$1"
seed() {
	printf "\\$(printf %03o "$number")%s\n%s\n%s\n%s" "$2" "$3" "$4" "$5" > "$1/version-$number-$6"
}
dir=$1
number=0
while read -r a b c range; do
	for variant in 1 2 3; do
		case $variant in
		1) seed "$dir" "$a" "$b" "$c" "$range" 1 ;;
		2) seed "$dir" "$c" "$a" "$b" "<$b, >=$a || =$c" 2 ;;
		3) seed "$dir" "$b" "$b" "$a" "$range||$range" 3 ;;
		esac
	done
	number=$((number + 1))
done <<-END
	1.2.3_rc1-r2 1.02a_p3 0.1.0_alpha_pre2 >1.2, <=2_git1
	1.2.3-1 1.2.3 2.0.0-2 ^1.2 || ~2.x
	1:1.0~rc1-1+b1 1.0+dfsg-2ubuntu1.1 0:2~~a-1 >=1.0-1 <3:2
	1.0.0.a1 1.2.3-x86-linux 2.rc.1.0 ~> 1.2.3, != 1.3
	v1.2.3-alpha.1+b 1.2rc1 0.0.0-2020 ~>1.2,^0.3 || ~1
	1.0-alpha-1 2.0.0.Final 1.a1-0.ga-SNAPSHOT [1,2),(3,] || <=1.0-rc
	1!1.0a1.post2.dev3+local.1 v2.0-1 1.0.PREVIEW_2 ~=1.2, !=1.3.* || ===2
	1:1.0~rc1^git2-1.el9 2.0_1-3.fc38 0.0a >1-1 || <2
	1.2.3-alpha.1+build 0.0.0-0 10.20.30 1.2.3 - 2.x || ^0.2.3 ~1.2
END
