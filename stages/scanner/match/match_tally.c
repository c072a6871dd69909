/* Counting what could not be compared, and saying it. */
#include "stages/scanner/match/match_tally.h"

#include <inttypes.h>
#include <string.h>

struct tally *tally_of(struct tallies *t, struct arena *a, const char *type)
{
	struct tally **slot, *new;

	for (uint32_t i = 0; i < t->items.count; i++)
		if (!strcmp(t->items.items[i]->type, type))
			return t->items.items[i];
	new = ARENA_NEW(a, struct tally);
	slot = new ? vec_push(a, &t->items) : NULL;
	if (!slot)
		return NULL;
	new->type = type;
	*slot = new;
	return new;
}

void tally_count(struct tally_line *line, const struct scan_package *p)
{
	if (!line->count++)
		line->first = p;
}

void tally_advisory(struct tally *t, const struct scan_package *p, const struct advisory *a)
{
	if (t->ranges++)
		return;
	t->range = a;
	t->range_of = p;
}

static bool add(struct scan_report *report, const char *text)
{
	const char **slot = text ? vec_push(report->arena, &report->notes) : NULL;

	if (slot)
		*slot = text;
	return slot != NULL;
}

static const char *plural(uint64_t n)
{
	return n == 1 ? "" : "s";
}

static bool say(const struct tally *t, struct scan_report *r)
{
	struct arena *a = r->arena;
	bool ok = true;

	if (t->incomparable)
		ok = ok && add(r, arena_printf(a, "%" PRIu64 " package%s of type %s cannot be compared: %s", t->incomparable,
					       plural(t->incomparable), t->type, t->why));
	if (t->versions.count)
		ok = ok &&
		     add(r, arena_printf(a,
					 "%" PRIu64 " package%s of type %s that there are advisories of cannot be compared: the "
					 "version is not understood (\"%.100s\" of %.100s)",
					 t->versions.count, plural(t->versions.count), t->type, t->versions.first->version,
					 t->versions.first->name));
	if (t->modular.count)
		ok = ok &&
		     add(r, arena_printf(a, "%" PRIu64 " package%s of type %s cannot be compared: of module streams (%.100s...)",
					 t->modular.count, plural(t->modular.count), t->type, t->modular.first->name));
	if (t->ranges)
		ok = ok &&
		     add(r, arena_printf(a,
					 "%" PRIu64
					 " time%s a package of type %s cannot be held against an advisory: its versions are "
					 "not understood (%.100s of %.100s)",
					 t->ranges, plural(t->ranges), t->type, t->range->id, t->range_of->name));
	if (t->development)
		ok = ok && add(r, arena_printf(a, "%" PRIu64 " package%s of type %s left out: only needed for development",
					       t->development, plural(t->development), t->type));
	return ok;
}

bool tallies_say(const struct tallies *t, struct scan_report *report)
{
	for (uint32_t i = 0; i < t->items.count; i++)
		if (!say(t->items.items[i], report))
			return false;
	return true;
}
