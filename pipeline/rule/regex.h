/* RE2's syntax as PCRE2's: what RE2 lacks is refused, what it spells differently is written anew. */
#ifndef PIPELINE_REGEX_H
#define PIPELINE_REGEX_H

#include "base/str.h"
#include "pipe.h"

/* Appends the pattern as PCRE2 wants it.  False: err says why, with the column in the pattern. */
bool regex_translate(const char *pattern, size_t length, struct str *out, pipe_error *err);

#endif
