#!/bin/sh
# Stands for a test runner whose test of the network passes only at the second try.
set -eu
mkdir -p build
status=0
if [ -e build/tried ]; then
	net='<testcase classname="shop" name="network" time="0.2"/>'
	rm build/tried
else
	: >build/tried
	net='<testcase classname="shop" name="network" time="0.2"><failure message="timed out"/></testcase>'
	status=1
fi
printf '<testsuite name="shop"><testcase classname="shop" name="total" time="0.01"/>%s</testsuite>\n' "$net" >tests.xml
exit $status
