/*
 * Durations as people write them in pipeline files: `90`, `90s`, `1h 30m`, `1 hour and 30 minutes`, `3 mins 4 sec`, `2h20min`,
 * `6 mos 1 day`, `47 yrs 6 mos and 4d`, `3 weeks and 2 days`, `never` is not one.  A bare number is seconds.  (GitLab uses Ruby's
 * chronic_duration; a month is 30 days, a year 365.25 days.  Milliseconds, `250ms`, are ours.)
 */
#ifndef BASE_DURATION_H
#define BASE_DURATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Milliseconds; false: not a duration, or more than 100 years. */
bool duration_parse(const char *text, int64_t *ms);
/* "350ms" below a second, then "4.2s", "3m 07s", "2h 05m", "3d 4h".  Returns buffer. */
char *duration_format(int64_t ms, char *buffer, size_t size);

#endif
