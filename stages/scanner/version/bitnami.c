/* Bitnami's packages: a semantic version whose last part is the revision of the packaging, newer than the version without one. */
#include "stages/scanner/version/numbers.h"

static const char *bitnami_fault(const char *version)
{
	struct numbers n;

	return *version ? numbers_read(span_of(version), &n) : "is empty";
}

static bool bitnami_valid(const char *version)
{
	return !bitnami_fault(version);
}

static int bitnami_compare(const char *a, const char *b)
{
	struct numbers x, y;

	numbers_read(span_of(a), &x);
	numbers_read(span_of(b), &y);
	return numbers_compare(&x, &y, WORD_BEHIND);
}

static enum version_range bitnami_in(const char *version, const char *range)
{
	return numbers_in(span_of(version), range, WORD_BEHIND);
}

const struct version_scheme version_bitnami = {
	.name = "bitnami",
	.help = "Bitnami: semantic versions, where 1.2.3-1 is a revision and newer than 1.2.3",
	.valid = bitnami_valid,
	.fault = bitnami_fault,
	.compare = bitnami_compare,
	.in = bitnami_in,
};
