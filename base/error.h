/* Filling a pipe_error: to fail is one statement. */
#ifndef BASE_ERROR_H
#define BASE_ERROR_H

#include "pipe.h"

/* Fills err, when there is one, and returns code. */
int error_set(pipe_error *err, enum pipe_code code, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* "what: strerror(errno_value)". */
int error_errno(pipe_error *err, enum pipe_code code, int errno_value, const char *format, ...)
	__attribute__((format(printf, 4, 5)));
/* Out of memory, the shortest way to say it. */
int error_nomem(pipe_error *err);
/* PIPE_EUSAGE: options of pipe.h, by the name of their struct, have another version than the one that is known here. */
int error_version(pipe_error *err, const char *options, unsigned given, unsigned known);
/* The code that an errno value deserves: PIPE_ENOMEM for ENOMEM, otherwise PIPE_EIO. */
enum pipe_code error_code_of(int errno_value);

#endif
