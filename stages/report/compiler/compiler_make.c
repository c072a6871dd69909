#include "stages/report/compiler/compiler_make.h"

#include <stdlib.h>
#include <string.h>

void make_place_init(struct make_place *m)
{
	for (unsigned i = 0; i < MAKE_LEVELS; i++)
		str_init(&m->levels[i]);
	m->count = 0;
}

void make_place_clear(struct make_place *m)
{
	for (unsigned i = 0; i < MAKE_LEVELS; i++)
		str_clear(&m->levels[i]);
	m->count = 0;
}

/* `make: `, `gmake[2]: `, `/usr/bin/make[1]: `, `ninja: `: its level, and what follows in *rest; -1: nothing of the sort. */
static int level_of(const char *line, const char **rest)
{
	const char *colon = strchr(line, ':'), *name = colon, *bracket;
	unsigned long level = 0;

	if (!colon || colon[1] != ' ')
		return -1;
	bracket = memchr(line, '[', (size_t)(colon - line));
	while (name > line && name[-1] != '/')
		name--;
	if (bracket) {
		char *end;
		level = strtoul(bracket + 1, &end, 10);
		if (end == bracket + 1 || end[0] != ']' || end + 1 != colon)
			return -1;
	}
	if (strncmp(name, "make", 4) && strncmp(name, "gmake", 5) && strncmp(name, "ninja:", 6))
		return -1;
	*rest = colon + 2;
	return level < MAKE_LEVELS ? (int)level : -1;
}

static void enter(struct make_place *m, unsigned level, const char *quoted)
{
	size_t n = strlen(quoted);

	if (n < 3 || !strchr("'`\"", quoted[0]) || !strchr("'\"", quoted[n - 1]))
		return;
	while (m->count <= level)
		str_reset(&m->levels[m->count++]);
	m->count = level + 1;
	str_reset(&m->levels[level]);
	str_add(&m->levels[level], quoted + 1, n - 2);
}

bool make_place_take(struct make_place *m, const char *line)
{
	static const char entering[] = "Entering directory ", leaving[] = "Leaving directory ";
	const char *rest;
	int level = level_of(line, &rest);

	if (level < 0)
		return false;
	if (!strncmp(rest, entering, sizeof(entering) - 1)) {
		enter(m, (unsigned)level, rest + sizeof(entering) - 1);
		return true;
	}
	if (strncmp(rest, leaving, sizeof(leaving) - 1))
		return false;
	if (m->count > (unsigned)level)
		m->count = (unsigned)level;
	return true;
}

const char *make_place_now(const struct make_place *m)
{
	for (unsigned i = m->count; i-- > 0;)
		if (m->levels[i].length)
			return m->levels[i].data;
	return "";
}
