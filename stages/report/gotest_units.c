/*
 * Packages, tests and builds under way.  They live in an arena with their names; since nothing is given back to an arena, the living
 * are moved to a new one as soon as the dead are more.
 */
#include "stages/report/gotest_units.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_LIVE = 1000000, FEW_DEAD = 4096, LITTLE_OUTPUT = 4096 };

static void list_init(struct unit_list *l)
{
	l->first = NULL;
	l->end = &l->first;
}

void units_init(struct units *u, const struct report_limits *limits)
{
	memset(u, 0, sizeof(*u));
	str_init(&u->key);
	list_init(&u->list);
	u->limits = limits;
}

struct unit *units_find(struct units *u, enum unit_sort sort, const char *package, const char *name)
{
	str_reset(&u->key);
	str_addc(&u->key, (char)('a' + (int)sort));
	str_adds(&u->key, name);
	str_addc(&u->key, '\n');
	str_adds(&u->key, package);
	return u->key.failed ? NULL : map_get(&u->map, u->key.data, u->key.length);
}

/* Puts a unit that has its key into the map and the tree. */
static int enter(struct units *u, struct unit *unit, pipe_error *err)
{
	struct unit_list *list = unit->parent ? &unit->parent->children : &u->list;
	char *newline = strchr(unit->key, '\n');

	if (!map_put(&u->map, &u->arena, unit->key, strlen(unit->key), unit))
		return error_nomem(err);
	unit->package = newline + 1;
	unit->name = arena_strndup(&u->arena, unit->key + 1, (size_t)(newline - unit->key) - 1);
	if (!unit->name)
		return error_nomem(err);
	list_init(&unit->children);
	unit->next = NULL;
	unit->from = list->end;
	*list->end = unit;
	list->end = &unit->next;
	u->live++;
	return PIPE_OK;
}

/* What a test belongs to: its outermost test while that is under way, otherwise its package. */
static int find_parent(struct units *u, const char *package, const char *name, struct unit **out, pipe_error *err)
{
	const char *slash = strchr(name, '/');

	*out = NULL;
	if (slash) {
		char *root = strndup(name, (size_t)(slash - name));

		if (!root)
			return error_nomem(err);
		*out = units_find(u, UNIT_TEST, package, root);
		free(root);
		if (u->key.failed)
			return error_nomem(err);
	}
	return *out ? PIPE_OK : units_get(u, UNIT_PACKAGE, package, "", out, err);
}

int units_get(struct units *u, enum unit_sort sort, const char *package, const char *name, struct unit **out, pipe_error *err)
{
	struct unit *unit = units_find(u, sort, package, name), *parent = NULL;
	int rc = PIPE_OK;

	*out = unit;
	if (unit)
		return PIPE_OK;
	if (u->key.failed)
		return error_nomem(err);
	if (u->live >= MOST_LIVE)
		return error_set(err, PIPE_ELIMIT, "more than %d tests under way at once", MOST_LIVE);
	if (sort == UNIT_TEST)
		rc = find_parent(u, package, name, &parent, err);
	if (rc)
		return rc;
	unit = ARENA_NEW(&u->arena, struct unit);
	units_find(u, sort, package, name);
	if (!unit || u->key.failed || !(unit->key = arena_strdup(&u->arena, u->key.data)))
		return error_nomem(err);
	unit->sort = (uint8_t)sort;
	unit->parent = parent;
	str_init(&unit->output);
	*out = unit;
	return enter(u, unit, err);
}

int units_print(struct units *u, struct unit *unit, const char *text, pipe_error *err)
{
	struct str *s = &unit->output;
	size_t before = s->length, most = u->held > u->limits->item_bytes ? LITTLE_OUTPUT : u->limits->text_bytes;

	str_adds(s, text);
	if (s->failed)
		return error_nomem(err);
	if (s->length / 2 > most)
		str_drop(s, s->length - most);
	u->held += s->length - before;
	return PIPE_OK;
}

void units_remove(struct units *u, struct unit *unit)
{
	struct unit_list *list = unit->parent ? &unit->parent->children : &u->list;

	*unit->from = unit->next;
	if (unit->next)
		unit->next->from = unit->from;
	else
		list->end = unit->from;
	u->held -= unit->output.length;
	str_clear(&unit->output);
	/* Replacing the value of a key that is there takes no memory. */
	map_put(&u->map, &u->arena, unit->key, strlen(unit->key), NULL);
	u->live--;
	u->dead++;
}

static int move_list(struct units *to, const struct unit *list, struct unit *parent, pipe_error *err);

static int move(struct units *to, const struct unit *unit, struct unit *parent, pipe_error *err)
{
	struct unit *copy = ARENA_NEW(&to->arena, struct unit);
	int rc;

	if (!copy)
		return error_nomem(err);
	*copy = *unit;
	copy->parent = parent;
	copy->key = arena_strdup(&to->arena, unit->key);
	if (!copy->key)
		return error_nomem(err);
	rc = enter(to, copy, err);
	return rc ? rc : move_list(to, unit->children.first, copy, err);
}

/* Three levels deep: packages, tests, subtests. */
static int move_list(struct units *to, const struct unit *list, struct unit *parent, pipe_error *err)
{
	int rc = PIPE_OK;

	for (; list && !rc; list = list->next)
		rc = move(to, list, parent, err);
	return rc;
}

int units_tidy(struct units *u, pipe_error *err)
{
	struct units new;
	int rc;

	if (u->dead < u->live + FEW_DEAD)
		return PIPE_OK;
	units_init(&new, u->limits);
	rc = move_list(&new, u->list.first, NULL, err);
	if (rc) {
		/* The outputs still belong to the old ones. */
		arena_clear(&new.arena);
		return rc;
	}
	new.held = u->held;
	new.key = u->key;
	arena_clear(&u->arena);
	*u = new;
	if (u->list.first)
		u->list.first->from = &u->list.first;
	else
		u->list.end = &u->list.first;
	return PIPE_OK;
}

static void clear_list(struct unit *list)
{
	for (; list; list = list->next) {
		clear_list(list->children.first);
		str_clear(&list->output);
	}
}

void units_clear(struct units *u)
{
	clear_list(u->list.first);
	str_clear(&u->key);
	arena_clear(&u->arena);
	memset(u, 0, sizeof(*u));
}
