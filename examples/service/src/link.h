/* What a link is: which addresses are taken, and how a number becomes a short code. */
#ifndef LINK_H
#define LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LINK_CODE_SIZE = 12, LINK_URL_MAX = 2048 };

/* http or https, a host, no control characters or spaces, LINK_URL_MAX bytes at most. */
bool link_url_is_valid(const char *url);

/* The code of a number: base 58, without the letters that look alike (0 O I l). */
void link_encode(uint64_t number, char code[LINK_CODE_SIZE]);
/* The number of a code; false: it is none. */
bool link_decode(const char *code, uint64_t *number);

#endif
