/* Sizes in bytes as people write them: "1048576", "64 MiB", "1.5 GB". */
#ifndef BASE_SIZE_H
#define BASE_SIZE_H

#include <stdbool.h>
#include <stdint.h>

/* A number with or without a unit: B, kB (KB), MB, GB by thousands, KiB, MiB, GiB by 1,024.  false: it is none, or more than fits. */
bool size_parse(const char *text, uint64_t *bytes);

#endif
