/* The nearest name by Damerau-Levenshtein distance (with swaps of neighbours), letters without their case. */
#include "base/suggest.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SUGGEST_MOST = 64, SUGGEST_PREFIX = 3 };

static unsigned min3(unsigned a, unsigned b, unsigned c)
{
	unsigned least = a < b ? a : b;

	return least < c ? least : c;
}

static int fold(char c)
{
	return tolower((unsigned char)c);
}

/* The distance, or `limit` when it is at least that.  Both texts are shorter than SUGGEST_MOST. */
static unsigned distance(const char *a, size_t na, const char *b, size_t nb, unsigned limit)
{
	unsigned rows[3][SUGGEST_MOST + 1];
	unsigned *before = rows[0], *last = rows[1], *now = rows[2];

	for (size_t j = 0; j <= nb; j++)
		last[j] = (unsigned)j;
	for (size_t i = 1; i <= na; i++) {
		unsigned least = now[0] = (unsigned)i;
		unsigned *spare = before;

		for (size_t j = 1; j <= nb; j++) {
			unsigned differs = fold(a[i - 1]) != fold(b[j - 1]);

			now[j] = min3(last[j] + 1, now[j - 1] + 1, last[j - 1] + differs);
			if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) && fold(a[i - 2]) == fold(b[j - 1]) &&
			    before[j - 2] + 1 < now[j])
				now[j] = before[j - 2] + 1;
			if (now[j] < least)
				least = now[j];
		}
		if (least >= limit)
			return limit;
		before = last;
		last = now;
		now = spare;
	}
	return last[nb];
}

void suggest_init(struct suggest *s, const char *wanted)
{
	size_t length = strlen(wanted);

	s->wanted = wanted;
	s->best = NULL;
	/* The first distance that is too far. */
	s->distance = length < 3 ? 2 : (unsigned)(length < SUGGEST_MOST ? length : SUGGEST_MOST) / 3 + 1;
}

void suggest_offer(struct suggest *s, const char *name)
{
	size_t wanted = strlen(s->wanted), offered = strlen(name);
	size_t shorter = wanted < offered ? wanted : offered;
	size_t difference = wanted < offered ? offered - wanted : wanted - offered;
	unsigned far = s->distance;

	if (!strcmp(s->wanted, name))
		return;
	if (difference < s->distance && wanted < SUGGEST_MOST && offered < SUGGEST_MOST)
		far = distance(s->wanted, wanted, name, offered, s->distance);
	else if (wanted == offered && !strcasecmp(s->wanted, name))
		far = 0;
	/* The beginning of a name is better than nothing. */
	if (far >= s->distance && !s->best && shorter >= SUGGEST_PREFIX && !strncasecmp(s->wanted, name, shorter)) {
		s->best = name;
		return;
	}
	/* A distance as long as the wanted word says nothing: every letter is another. */
	if (far >= s->distance || far >= (wanted > offered ? wanted : offered))
		return;
	s->best = name;
	s->distance = far;
}
