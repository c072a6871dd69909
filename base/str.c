#include "base/str.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What an empty str points to; capacity 0 says that it is never written. */
static char *nothing(void)
{
	static const char empty[1] = "";
	return (char *)(uintptr_t)empty;
}

void str_init(struct str *s)
{
	str_init_limit(s, 0);
}

void str_init_limit(struct str *s, size_t limit)
{
	s->data = nothing();
	s->length = s->capacity = 0;
	s->limit = limit;
	s->failed = s->full = false;
	s->write = NULL;
	s->payload = NULL;
}

void str_clear(struct str *s)
{
	if (s->capacity)
		free(s->data);
	str_init_limit(s, s->limit);
}

void str_reset(struct str *s)
{
	s->length = 0;
	s->failed = s->full = false;
	if (s->capacity)
		s->data[0] = '\0';
}

char *str_room(struct str *s, size_t n)
{
	size_t need, grown;
	char *p;

	if (s->failed)
		return NULL;
	if (n > SIZE_MAX / 2 - s->length - 1 || (s->limit && s->length + n > s->limit)) {
		s->failed = s->full = true;
		return NULL;
	}
	need = s->length + n + 1;
	if (need <= s->capacity)
		return s->data + s->length;
	grown = s->capacity < 64 ? 64 : s->capacity * 2;
	if (grown < need)
		grown = need;
	p = realloc(s->capacity ? s->data : NULL, grown);
	if (!p) {
		s->failed = true;
		return NULL;
	}
	if (!s->capacity)
		p[0] = '\0';
	s->data = p;
	s->capacity = grown;
	return s->data + s->length;
}

void str_wrote(struct str *s, size_t n)
{
	s->length += n;
	s->data[s->length] = '\0';
}

void str_add(struct str *s, const char *text, size_t length)
{
	char *p;

	if (!length)
		return;
	/* What fits goes in at once: this is most of what writing JSON costs.  A failed str has room for nothing. */
	p = length < s->capacity - s->length && !s->failed && !s->limit ? s->data + s->length : str_room(s, length);
	if (!p)
		return;
	memcpy(p, text, length);
	str_wrote(s, length);
}

void str_adds(struct str *s, const char *text)
{
	str_add(s, text, strlen(text));
}

void str_addc(struct str *s, char c)
{
	if (s->capacity - s->length > 1 && !s->failed && !s->limit) {
		s->data[s->length++] = c;
		s->data[s->length] = '\0';
		return;
	}
	str_add(s, &c, 1);
}

void str_vprintf(struct str *s, const char *format, va_list ap)
{
	size_t room = s->capacity && !s->failed && !s->limit ? s->capacity - s->length : 0;
	va_list again;
	char *p;
	int n;

	/* Mostly it fits, and is formatted once. */
	va_copy(again, ap);
	n = vsnprintf(room ? s->data + s->length : NULL, room, format, again);
	va_end(again);
	if (n >= 0 && (size_t)n < room) {
		s->length += (size_t)n;
		return;
	}
	if (room)
		s->data[s->length] = '\0';
	if (n < 0) {
		s->failed = true;
		return;
	}
	p = str_room(s, (size_t)n);
	if (!p)
		return;
	vsnprintf(p, (size_t)n + 1, format, ap);
	str_wrote(s, (size_t)n);
}

void str_printf(struct str *s, const char *format, ...)
{
	va_list ap;

	va_start(ap, format);
	str_vprintf(s, format, ap);
	va_end(ap);
}

void str_shell_word(struct str *s, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=./:,@%^";

	if (*word && !word[strspn(word, plain)]) {
		str_adds(s, word);
		return;
	}
	str_addc(s, '\'');
	for (; *word; word++)
		if (*word == '\'')
			str_adds(s, "'\\''");
		else
			str_addc(s, *word);
	str_addc(s, '\'');
}

void str_pass(struct str *s)
{
	enum { WORTH_A_CALL = 32 * 1024 };

	if (!s->write || s->length < WORTH_A_CALL || s->failed)
		return;
	if (s->write(s->payload, s->data, s->length))
		s->failed = true;
	else
		str_reset(s);
}

void str_drop(struct str *s, size_t n)
{
	if (n >= s->length) {
		str_reset(s);
		return;
	}
	memmove(s->data, s->data + n, s->length - n + 1);
	s->length -= n;
}

char *str_detach(struct str *s)
{
	char *p;

	if (s->failed || (!s->capacity && !str_room(s, 0))) {
		str_clear(s);
		return NULL;
	}
	p = s->data;
	s->capacity = 0;
	str_clear(s);
	return p;
}
