/*
 * The texts of a probe: what an address, a status, a pattern, a JSONPath look like.  For those who read them from a file, who want to
 * know early what is wrong with one, and for those who use them.
 */
#ifndef STAGES_PROBE_TEXT_H
#define STAGES_PROBE_TEXT_H

#include "pipe.h"
#include <stdbool.h>
#include <stddef.h>

/* Is it one?  false: why says what would be. */
bool probe_url_check(const char *text, pipe_error *why);     /* http:// or https:// */
bool probe_address_check(const char *text, pipe_error *why); /* host:port, [address]:port */
bool probe_grpc_check(const char *text, pipe_error *why);    /* the same, or an URL without a path */
bool probe_method_check(const char *text, pipe_error *why);  /* of HTTP: a token (RFC 9110, 9.1) */
bool probe_status_check(const char *text, pipe_error *why);
bool probe_pattern_check(const char *text, pipe_error *why); /* any text; but what stands between slashes must be one */
bool probe_path_check(const char *text, pipe_error *why);

/* The parts of host:port; the host without its brackets. */
bool probe_address_split(const char *text, const char **host, size_t *host_length, const char **port);

/* Is the status one of "200", "2xx", "200-299", several with commas? */
bool probe_status_fits(const char *text, long status);

/* A regular expression between slashes; false: the text stands for itself. */
bool probe_pattern(const char *text, const char **pattern, size_t *length);

/* A step of a JSONPath: a singular query of RFC 9535 (2.3.5.1), of which \u escapes are not understood. */
enum { PROBE_NAME_MAX = 512 };
struct probe_path_step {
	char name[PROBE_NAME_MAX];
	size_t length;
	bool is_index;
	long index; /* negative: from the end */
};
/* Where the path begins behind its `$`, which may be missing. */
const char *probe_path_start(const char *path);
/* Reads the step at `at`, which is not the path's end, and says where the next one begins; NULL: it is none. */
const char *probe_path_step(const char *at, struct probe_path_step *out);

#endif
