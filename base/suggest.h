/* "did you mean": the nearest of some names. */
#ifndef BASE_SUGGEST_H
#define BASE_SUGGEST_H

#include <stddef.h>

struct suggest {
	const char *wanted;
	const char *best; /* NULL: nothing is near enough */
	unsigned distance;
};

/* Call suggest_offer for each candidate, then look at best. */
void suggest_init(struct suggest *s, const char *wanted);
/* name must live as long as best is looked at. */
void suggest_offer(struct suggest *s, const char *name);

#endif
