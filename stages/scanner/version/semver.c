/*
 * Semantic versions, https://semver.org, with what npm adds to them: a `v` and spaces around are passed over, 256 characters and
 * 9007199254740991 are the most.
 */
#include "stages/scanner/version/numbers.h"

enum { LENGTH_MAX = 256 };
#define NUMBER_MAX UINT64_C(9007199254740991)

static struct span bare(const char *version)
{
	struct span s = span_trim(span_of(version));

	span_skip(&s, 'v');
	return s;
}

static const char *semver_fault(const char *version)
{
	struct span s = bare(version);
	struct numbers n;
	uint64_t value;
	const char *fault;

	if (!*version)
		return "is empty";
	fault = numbers_read(s, &n);
	for (size_t i = 0; i < 3 && !fault; i++)
		if (!span_number(n.part[i], &value) || value > NUMBER_MAX)
			fault = "has a number above 9007199254740991";
	if (!fault && span_length(span_of(version)) > LENGTH_MAX)
		fault = "is longer than 256 characters";
	return fault;
}

static bool semver_valid(const char *version)
{
	return !semver_fault(version);
}

static int semver_compare(const char *a, const char *b)
{
	struct numbers x, y;

	numbers_read(bare(a), &x);
	numbers_read(bare(b), &y);
	return numbers_compare(&x, &y, WORD_BEFORE);
}

/* Without npm's `v`: no package has one. */
static enum version_range semver_in(const char *version, const char *range)
{
	return numbers_in(span_of(version), range, WORD_BEFORE);
}

const struct version_scheme version_semver = {
	.name = "semver",
	.help = "npm: https://semver.org, ranges as npm's",
	.valid = semver_valid,
	.fault = semver_fault,
	.compare = semver_compare,
	.in = semver_in,
};
