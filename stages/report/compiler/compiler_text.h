/* What the parsers of compilers' lines need of characters; of ASCII, whatever the locale. */
#ifndef STAGES_REPORT_COMPILER_COMPILER_TEXT_H
#define STAGES_REPORT_COMPILER_COMPILER_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static inline bool text_is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static inline bool text_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static inline char *text_skip_space(char *p)
{
	while (*p == ' ' || *p == '\t')
		p++;
	return p;
}

static inline bool text_begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

static inline void text_trim_end(char *text)
{
	size_t n = strlen(text);

	while (n && (text[n - 1] == ' ' || text[n - 1] == '\t'))
		text[--n] = '\0';
}

#endif
