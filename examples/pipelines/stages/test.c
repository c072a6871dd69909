/* Tests that say what they find in TAP. */
#include "rate.h"

#include <stdio.h>

static int failed;

static void is(int number, long got, long expected, const char *what)
{
	printf("%sok %d - %s\n", got == expected ? "" : "not ", number, what);
	if (got != expected)
		printf("  ---\n  got: %ld\n  expected: %ld\n  ...\n", got, expected);
	failed |= got != expected;
}

int main(void)
{
	printf("TAP version 13\n1..3\n");
	is(1, interest(10000, 5, 1), 500, "one year");
	is(2, interest(10000, 5, 2), 1025, "two years compound");
	is(3, interest(10000, 5, 0), 0, "no time, no interest");
	return failed;
}
