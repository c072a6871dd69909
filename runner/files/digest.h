/* SHA-2 of bytes through libcrypto (loaded when first needed).  The one place that says EVP_. */
#ifndef RUNNER_DIGEST_H
#define RUNNER_DIGEST_H

#include "pipe.h"

enum { DIGEST_TEXT = 129 }; /* the longest in hex, or in base64, with its NUL */

struct digest;
/* algorithm: "sha256", "sha384", "sha512".  PIPE_EUSAGE: another one. */
int digest_create(struct digest **out, const char *algorithm, pipe_error *err);
void digest_add(struct digest *d, const void *bytes, size_t length);
/* Ends it: the text goes to out[DIGEST_TEXT].  Only digest_free may follow. */
int digest_hex(struct digest *d, char *out, pipe_error *err);
int digest_base64(struct digest *d, char *out, pipe_error *err);
void digest_free(struct digest *d);

#endif
