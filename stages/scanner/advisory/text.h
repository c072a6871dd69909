/* What decoders of advisories share: JSON (through jansson) into texts and lists of an arena. */
#ifndef SCANNER_ADVISORY_TEXT_H
#define SCANNER_ADVISORY_TEXT_H

#include "base/arena.h"
#include "pipe.h"
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* A JSON object, the caller's to json_decref().  PIPE_EPIPELINE: `what` is not one, and where it ceases to be. */
int advisory_json(const char *bytes, size_t length, const char *what, json_t **out, pipe_error *err);
/* A copy of a string; of anything else "".  NULL: no memory. */
const char *advisory_text(struct arena *a, const json_t *value);
/* Copies of the strings of a list, NULL-terminated; *out NULL where it is no list or an empty one.  false: no memory. */
bool advisory_list(struct arena *a, const json_t *value, const char *const **out);
/* One after the other, each once where `once`; of NULL "".  NULL: no memory. */
const char *advisory_join(struct arena *a, const char *const *list, const char *between, bool once);
/* A point in time of RFC 3339 ("2024-05-06T07:08:09.123Z"), in milliseconds since 1970; false: it is none. */
bool advisory_time(const char *text, int64_t *ms);

#endif
