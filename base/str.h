/*
 * Text that grows.  A failure sticks: ten appends, one check of `failed`.  data is always NUL-terminated and never NULL
 * ("" when empty); what is appended may hold NUL bytes.  A str with a limit refuses (fails) to grow beyond it.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct str {
	char *data;
	size_t length, capacity; /* capacity 0: data is not ours to free */
	size_t limit;		 /* 0: none */
	bool failed;
	bool full;						      /* and it was the limit, not the memory */
	int (*write)(void *payload, const char *text, size_t length); /* where str_pass() hands the text on to; or NULL */
	void *payload;
};

void str_init(struct str *s);
void str_init_limit(struct str *s, size_t limit);
/* Gives the memory back; ready for use again. */
void str_clear(struct str *s);
/* Forgets the text, keeps the memory (and clears `failed` and `full`). */
void str_reset(struct str *s);
void str_add(struct str *s, const char *text, size_t length);
void str_adds(struct str *s, const char *text);
void str_addc(struct str *s, char c);
void str_printf(struct str *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
void str_vprintf(struct str *s, const char *format, va_list ap) __attribute__((format(printf, 2, 0)));
/* A word of a shell's command line (POSIX, 2.2.2): in single quotes, unless nothing in it wants them. */
void str_shell_word(struct str *s, const char *word);
/* Makes room for n more bytes and returns where they go (then add to length and terminate with str_wrote), or NULL. */
char *str_room(struct str *s, size_t n);
void str_wrote(struct str *s, size_t n);
/* For texts that are made piece by piece and may be very long: hands the text on to `write` and forgets it, when there is one and
 * the text is worth a call.  What `write` refuses (not 0) fails the str. */
void str_pass(struct str *s);
/* Drops the first n bytes. */
void str_drop(struct str *s, size_t n);
/* The text, the caller's to free(); NULL when failed.  The str is empty afterwards. */
char *str_detach(struct str *s);

#endif
