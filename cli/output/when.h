/* Times and durations as people read them. */
#ifndef CLI_OUTPUT_WHEN_H
#define CLI_OUTPUT_WHEN_H

#include "base/str.h"
#include <stddef.h>
#include <stdint.h>

enum { WHEN_SIZE = 32 };

int64_t now_ms(void);
/* "just now", "5 min ago", "3 h ago", "2 days ago", then the date. */
char *when_relative(int64_t time_ms, int64_t now, char buffer[WHEN_SIZE]);
/* "12:14:16" and "2026-11-22 12:14:16", in the local time zone. */
char *when_clock(int64_t time_ms, char buffer[WHEN_SIZE]);
char *when_full(int64_t time_ms, char buffer[WHEN_SIZE]);
/* A duration while it grows: whole seconds below a minute. */
char *when_elapsed(int64_t ms, char buffer[WHEN_SIZE]);
/* "1.4 MB" */
char *when_bytes(uint64_t bytes, char buffer[WHEN_SIZE]);

#endif
