/*
 * Keeps secrets out of output: replaces each one by "[MASKED]", across the borders of pieces, in the forms in which programs print
 * it: as it is, line by line when it has several, base64 (standard and URL alphabets) in its three alignments, URL-encoded (both
 * cases of hex), JSON-escaped, shell-quoted.  Secrets shorter than MASK_MIN bytes are not masked (add says so).
 */
#ifndef RUNNER_MASK_H
#define RUNNER_MASK_H

#include "base/str.h"
#include "pipe.h"

enum { MASK_MIN = 4 };

struct mask;	    /* the set of patterns: immutable after mask_compile, shared by all jobs of a run */
struct mask_stream; /* one output */

int mask_create(struct mask **out, pipe_error *err);
/* Adds a secret and its forms.  PIPE_ELIMIT: too short to be masked. */
int mask_add(struct mask *m, const char *secret, size_t length, pipe_error *err);
int mask_compile(struct mask *m, pipe_error *err);
void mask_free(struct mask *m);
/* No patterns: streams pass everything through. */
int mask_is_empty(const struct mask *m);

/* m must outlive the stream; NULL m: nothing is masked. */
int mask_stream_create(struct mask_stream **out, const struct mask *m, pipe_error *err);
/* Takes a piece; hands out what is safe to show (some bytes may be held back until more comes).  *out is borrowed until the next call:
 * often the input itself. */
int mask_feed(struct mask_stream *s, const char *bytes, size_t length, const char **out, size_t *out_length, pipe_error *err);
/* The end: what was held back. */
int mask_flush(struct mask_stream *s, const char **out, size_t *out_length, pipe_error *err);
void mask_stream_free(struct mask_stream *s);
/* A whole text at once (variables, reasons, messages), appended to out. */
int mask_text(const struct mask *m, const char *text, size_t length, struct str *out, pipe_error *err);

#endif
