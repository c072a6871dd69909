/*
 * Debian: [EPOCH:]UPSTREAM[-REVISION], as deb-version(7) has it.  Runs without digits are compared letter by letter, `~` before the end
 * of the text, letters before all else; runs of digits by value.  `_` is let through though Debian does not use it: Amazon's packages,
 * which are compared by these rules too, do.
 */
#include "stages/scanner/version/schemes.h"

#include <limits.h>
#include <string.h>

struct deb {
	struct span epoch, upstream, revision;
	bool has_epoch, negative, has_revision;
};

static struct deb split(struct span s)
{
	struct deb d = { .upstream = s };
	const char *colon = memchr(s.at, ':', span_length(s));
	const char *dash = memrchr(s.at, '-', span_length(s));

	d.epoch = d.revision = (struct span){ s.end, s.end };
	if (colon) {
		d.epoch = (struct span){ s.at, colon };
		d.upstream.at = colon + 1;
		d.has_epoch = true;
		d.negative = span_peek(d.epoch) == '-';
		/* dpkg reads it as strtol(3) does */
		d.epoch.at += d.negative || span_peek(d.epoch) == '+';
	}
	if (dash && dash >= d.upstream.at) {
		d.revision = (struct span){ dash + 1, s.end };
		d.upstream.end = dash;
		d.has_revision = true;
	}
	return d;
}

static bool is_upstream(char c)
{
	return is_alphanumeric(c) || (c && strchr(".-+~:_", c));
}

static bool is_revision(char c)
{
	return is_alphanumeric(c) || (c && strchr(".+~_", c));
}

static const char *deb_fault(const char *version)
{
	struct deb d = split(span_of(version));
	uint64_t epoch;

	if (!*version)
		return "is empty";
	if (d.has_epoch && (span_empty(d.epoch) || !span_all(d.epoch, is_digit)))
		return "has something else than a number before the colon, where the epoch stands";
	if (!span_number(d.epoch, &epoch) || epoch > INT_MAX)
		return "has an epoch that is too large";
	if (d.negative && epoch)
		return "has a negative epoch";
	if (!is_digit(span_peek(d.upstream)))
		return "has an upstream version that does not start with a digit";
	if (!span_all(d.upstream, is_upstream))
		return "has a character other than letters, digits and . + - ~ : in its upstream version";
	if (d.has_revision && span_empty(d.revision))
		return "has an empty revision after the last -";
	if (!span_all(d.revision, is_revision))
		return "has a character other than letters, digits and . + ~ in its revision";
	return NULL;
}

static bool deb_valid(const char *version)
{
	return !deb_fault(version);
}

static bool is_no_digit(char c)
{
	return !is_digit(c);
}

static int weight(char c)
{
	return c == '~' ? -1 : is_letter(c) ? c : c ? (unsigned char)c + 256 : 0;
}

static int compare_words(struct span a, struct span b)
{
	while (!span_empty(a) || !span_empty(b)) {
		int x = weight(span_peek(a)), y = weight(span_peek(b));

		if (x != y)
			return x - y;
		a.at += a.at < a.end;
		b.at += b.at < b.end;
	}
	return 0;
}

static int compare_part(struct span a, struct span b)
{
	int order = 0;

	while (!order && (!span_empty(a) || !span_empty(b))) {
		struct span x = span_take(&a, is_no_digit), y = span_take(&b, is_no_digit);

		order = compare_words(x, y);
		if (order)
			break;
		x = span_take(&a, is_digit);
		y = span_take(&b, is_digit);
		order = span_numbers(x, y);
	}
	return order;
}

static int deb_compare(const char *a, const char *b)
{
	struct deb x = split(span_of(a)), y = split(span_of(b));
	int order = span_numbers(x.epoch, y.epoch);

	if (!order)
		order = compare_part(x.upstream, y.upstream);
	return order ? order : compare_part(x.revision, y.revision);
}

const struct version_scheme version_deb = {
	.name = "deb",
	.help = "Debian, Ubuntu and Amazon Linux: deb-version(7)",
	.valid = deb_valid,
	.fault = deb_fault,
	.compare = deb_compare,
};
