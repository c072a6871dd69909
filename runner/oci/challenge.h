/* How a registry wants to be logged in to: its WWW-Authenticate headers (RFC 9110, 11.6.1; tokens as the distribution's spec has them). */
#ifndef RUNNER_OCI_CHALLENGE_H
#define RUNNER_OCI_CHALLENGE_H

#include "base/arena.h"
#include <stdbool.h>
#include <stddef.h>

enum challenge_scheme { CHALLENGE_NONE, CHALLENGE_BASIC, CHALLENGE_BEARER };

/* Of Bearer; in the arena, "" where it is not said. */
struct challenge {
	enum challenge_scheme scheme;
	const char *realm, *service, *scope, *error;
};
#define CHALLENGE_INIT                                                                                                           \
	{                                                                                                                        \
		CHALLENGE_NONE, "", "", "", ""                                                                                   \
	}

/* Reads one header's value into what is known of others: Bearer is taken before Basic, the first of a kind before later ones; what is not
 * understood is passed over.  false: no memory. */
bool challenge_read(const char *value, size_t length, struct arena *a, struct challenge *out);

#endif
