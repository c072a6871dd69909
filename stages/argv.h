/* Argument vectors under way, for stage types that compile their parameters into commands. */
#ifndef STAGES_ARGV_H
#define STAGES_ARGV_H

#include "base/arena.h"
#include "base/vec.h"
#include <stdbool.h>

/* a: given; the rest zeroed.  failed sticks: there was no memory.  A text that is NULL (it could not be made) is no memory, too. */
struct argv {
	struct arena *a;
	VEC(const char *) list;
	bool failed;
};
void argv_add(struct argv *v, const char *text);
void argv_addf(struct argv *v, const char *format, ...) __attribute__((format(printf, 2, 3)));
void argv_add_texts(struct argv *v, const char *const *texts, size_t count);
/* Several texts, one after the other. */
#define ARGV_ADD(v, ...)                                                                                                         \
	argv_add_texts((v), (const char *const[]){ __VA_ARGS__ }, sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))
/* NULL-terminated; NULL: no memory. */
const char *const *argv_end(struct argv *v);
/* "--name" and a value; nothing where the value is NULL. */
void argv_option(struct argv *v, const char *option, const char *value);
/* The option before each of the texts; texts may be NULL. */
void argv_options(struct argv *v, const char *option, const char *const *texts);
/* All of them; texts may be NULL. */
void argv_all(struct argv *v, const char *const *texts);
/* The option where it is wanted. */
void argv_flag(struct argv *v, const char *option, bool wanted);

/* The words with a space between them, for a title; NULL: no memory. */
const char *argv_words(const struct argv *v);

/* The command with its standard output in a file, whose directory is made; nothing of it goes through a shell's eyes.  NULL: no memory. */
const char *const *argv_into(struct argv *v, const char *file);

#endif
