/* UTF-8 (RFC 3629): validation and counting; width on a terminal. */
#ifndef BASE_UTF8_H
#define BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The length of the longest valid prefix; == length when all is valid. */
size_t utf8_valid(const char *text, size_t length);
/* Decodes one character; *code is U+FFFD and the result 1 where the bytes are invalid; 0 at the end. */
size_t utf8_decode(const char *text, size_t length, uint32_t *code);
/* Characters in valid text. */
size_t utf8_count(const char *text, size_t length);
/* Columns that a character takes: 0 (combining, control), 1 or 2 (East Asian wide, emoji). */
int utf8_width(uint32_t code);

#endif
