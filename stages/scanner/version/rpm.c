/*
 * RPM: [EPOCH:]VERSION[-RELEASE], compared as rpm 4.18 does.  Separators only separate; `~` comes before the end of the text, `^` after
 * it but before anything else; a number is newer than a word.  rpm itself compares any text, so nearly any is valid here.
 */
#include "stages/scanner/version/schemes.h"

#include <string.h>

struct rpm {
	struct span epoch, version, release;
	bool has_release;
};

/* A colon ends an epoch only behind digits (or behind nothing); the release is behind the last dash. */
static struct rpm split(struct span s)
{
	struct rpm r = { .version = s };
	const char *dash;

	r.epoch = span_take(&s, is_digit);
	if (span_skip(&s, ':'))
		r.version.at = s.at;
	else
		r.epoch.end = r.epoch.at;
	dash = memrchr(r.version.at, '-', span_length(r.version));
	r.release = (struct span){ r.version.end, r.version.end };
	if (dash) {
		r.release.at = dash + 1;
		r.version.end = dash;
		r.has_release = true;
	}
	return r;
}

static const char *rpm_fault(const char *version)
{
	if (!*version)
		return "is empty";
	if (!span_all(span_of(version), is_printable))
		return "has a space, a control character or one outside ASCII";
	return NULL;
}

static bool rpm_valid(const char *version)
{
	return !rpm_fault(version);
}

static bool is_separator(char c)
{
	return !is_alphanumeric(c) && c != '~' && c != '^';
}

/* Of a mark that one of both has here.  *order 0: both have it, and it is taken off. */
static bool mark(struct span *a, struct span *b, char c, int *order)
{
	bool x = span_peek(*a) == c, y = span_peek(*b) == c;

	if (!x && !y)
		return false;
	*order = 0;
	if (x && y) {
		a->at++;
		b->at++;
	} else if (c == '^' && (span_empty(*a) || span_empty(*b)))
		*order = span_empty(*a) ? -1 : 1;
	else
		*order = x ? -1 : 1;
	return true;
}

static int segment(struct span *a, struct span *b)
{
	bool number = is_digit(span_peek(*a));
	bool (*is)(char c) = number ? is_digit : is_letter;
	struct span x = span_take(a, is), y = span_take(b, is);

	if (span_empty(y))
		return number ? 1 : -1;
	return number ? span_numbers(x, y) : span_bytes(x, y);
}

static int compare_part(struct span a, struct span b)
{
	int order = 0;

	while (!order && (!span_empty(a) || !span_empty(b))) {
		span_take(&a, is_separator);
		span_take(&b, is_separator);
		if (mark(&a, &b, '~', &order) || mark(&a, &b, '^', &order))
			continue;
		if (span_empty(a) || span_empty(b))
			return !span_empty(a) - !span_empty(b);
		order = segment(&a, &b);
	}
	return order;
}

static int rpm_compare(const char *a, const char *b)
{
	struct rpm x = split(span_of(a)), y = split(span_of(b));
	int order = span_numbers(x.epoch, y.epoch);

	if (!order)
		order = compare_part(x.version, y.version);
	if (!order)
		order = x.has_release - y.has_release;
	return order ? order : compare_part(x.release, y.release);
}

const struct version_scheme version_rpm = {
	.name = "rpm",
	.help = "Red Hat, Fedora, SUSE and kin: as rpm 4.18 compares, with epoch, ~ and ^",
	.valid = rpm_valid,
	.fault = rpm_fault,
	.compare = rpm_compare,
};
