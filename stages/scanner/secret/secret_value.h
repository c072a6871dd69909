/* Judging what an expression found, and showing the line without it. */
#ifndef STAGES_SCANNER_SECRET_SECRET_VALUE_H
#define STAGES_SCANNER_SECRET_SECRET_VALUE_H

#include "base/arena.h"
#include <stdbool.h>
#include <stddef.h>

/* Shannon's entropy in tenths of a bit for each byte. */
unsigned secret_entropy(const char *text, size_t length);
/* "changeme", "${PASSWORD}", "xxxxxxxx": what stands where a secret would. */
bool secret_is_placeholder(const char *text, size_t length);
/* Does it hold the word "example", in any case?  Then it is one. */
bool secret_is_example(const char *text, size_t length);

/* Ranges that must not be shown: sorted, and none touches another. */
struct secret_mask {
	struct secret_range {
		size_t from, to;
	} * items;
	size_t count;
};
/* Bytes [from, to) as text: secrets are asterisks, and what is no UTF-8 or a control character is replaced.  NULL: no memory. */
const char *secret_show(const struct secret_mask *mask, const char *bytes, size_t from, size_t to, struct arena *a);

#endif
