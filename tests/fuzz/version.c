/*
 * libFuzzer (and AFL++) target: versions and ranges.  The first byte picks the scheme; what follows are lines: three versions, then a
 * range.  Orders must fit each other both ways round and over three (Maven's own order does not), equal versions must be in the same
 * comparisons, and a comparison must say what the order says.  Seeds: tests/fuzz/version_seeds.sh DIRECTORY.
 */
#include "stages/scanner/version/version.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

enum { VERSIONS = 3, LINES = 4, SHORT = 1000 };

static int sign(int order)
{
	return (order > 0) - (order < 0);
}

/* Each text in memory of its own size: a byte read behind it is seen. */
static const unsigned char *take_line(const unsigned char *at, const unsigned char *end, char **line)
{
	const unsigned char *stop = at;
	size_t length;

	while (stop < end && *stop && *stop != '\n')
		stop++;
	length = (size_t)(stop - at);
	*line = malloc(length + 1);
	if (!*line)
		abort();
	if (length)
		memcpy(*line, at, length);
	(*line)[length] = '\0';
	return stop < end ? stop + 1 : stop;
}

static void orders(const struct version_scheme *s, char *const *v)
{
	int order[VERSIONS][VERSIONS];

	for (size_t i = 0; i < VERSIONS; i++)
		for (size_t k = 0; k < VERSIONS; k++)
			order[i][k] = sign(s->compare(v[i], v[k]));
	for (size_t i = 0; i < VERSIONS; i++)
		for (size_t k = 0; k < VERSIONS; k++) {
			if (order[i][k] != -order[k][i])
				abort();
			for (size_t j = 0; j < VERSIONS && strcmp(s->name, "maven") != 0; j++)
				if (order[i][k] <= 0 && order[k][j] <= 0 && order[i][j] != sign(order[i][k] + order[k][j]))
					abort();
		}
}

/* `a in "<=b"` is what the order of both says, where the grammar of ranges can write b down. */
static void comparison(const struct version_scheme *s, const char *a, const char *b)
{
	char range[SHORT + 3];
	enum version_range in;

	if (strlen(b) > SHORT || strlen(a) > SHORT || !strcmp(s->name, "pep440") || strpbrk(b, " ,|[(*<>=!\t\n\v\f\r"))
		return;
	snprintf(range, sizeof(range), "<=%s", b);
	in = version_in(s, a, range);
	if (in != RANGE_UNKNOWN && (in == RANGE_IN) != (s->compare(a, b) <= 0))
		abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	const unsigned char *at = data + 1, *end = data + size;
	const struct version_scheme *s;
	size_t count = 0, valid = 0;
	char *lines[LINES];

	while (version_schemes[count])
		count++;
	if (!size || !count)
		return 0;
	s = version_schemes[*data % count];
	for (size_t i = 0; i < LINES; i++)
		at = take_line(at, end, &lines[i]);
	for (size_t i = 0; i < VERSIONS; i++) {
		if (s->valid(lines[i]) != !s->fault(lines[i]))
			abort();
		valid += s->valid(lines[i]);
		version_in(s, lines[i], lines[LINES - 1]);
		/* also of what is no version: nothing is promised but to return */
		s->compare(lines[i], lines[(i + 1) % VERSIONS]);
	}
	if (valid == VERSIONS) {
		orders(s, lines);
		comparison(s, lines[0], lines[1]);
	}
	for (size_t i = 0; i < LINES; i++)
		free(lines[i]);
	return 0;
}
