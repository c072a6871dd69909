/*
 * A range of OSV is a list of events: from one that introduces the fault to the next one that ends it, versions are affected.  The list
 * is to be read in the order of versions, whatever order it is written in.
 */
#include "stages/scanner/advisory/osv.h"
#include "stages/scanner/advisory/text.h"
#include "stages/scanner/version/version.h"

#include <string.h>

enum event_kind { EVENT_FIXED, EVENT_LIMIT, EVENT_INTRODUCED, EVENT_LAST }; /* at one version in this order */

struct event {
	enum event_kind kind;
	const char *version;
};
typedef VEC(struct event) event_list;

static bool read_event(const json_t *map, event_list *list, struct arena *a)
{
	static const struct {
		const char *key;
		enum event_kind kind;
	} kinds[] = { { "introduced", EVENT_INTRODUCED },
		      { "fixed", EVENT_FIXED },
		      { "last_affected", EVENT_LAST },
		      { "limit", EVENT_LIMIT } };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		const json_t *value = json_object_get(map, kinds[i].key);
		struct event *event;

		if (!json_is_string(value) || (kinds[i].kind == EVENT_LIMIT && !strcmp(json_string_value(value), "*")))
			continue;
		event = vec_push(a, list);
		if (!event)
			return false;
		event->kind = kinds[i].kind;
		event->version = advisory_text(a, value);
		if (!event->version)
			return false;
	}
	return true;
}

static bool is_first(const char *version)
{
	return !strcmp(version, "0") || !*version;
}

static int compare(const struct version_scheme *scheme, const struct event *a, const struct event *b)
{
	bool first_a = is_first(a->version), first_b = is_first(b->version);
	int order = first_a || first_b ? first_b - first_a : scheme->compare(a->version, b->version);

	return order ? order : (int)a->kind - (int)b->kind;
}

/* Few as they are; what is in order already is only looked at. */
static void sort(event_list *list, const char *name)
{
	const struct version_scheme *scheme = version_scheme_named(name);

	for (uint32_t i = 0; scheme && i < list->count; i++)
		if (!is_first(list->items[i].version) && !scheme->valid(list->items[i].version))
			scheme = NULL;
	for (uint32_t i = 1; scheme && i < list->count; i++) {
		struct event event = list->items[i];
		uint32_t k = i;

		for (; k && compare(scheme, &list->items[k - 1], &event) > 0; k--)
			list->items[k] = list->items[k - 1];
		list->items[k] = event;
	}
}

static bool add(struct osv_affected *out, struct osv_interval interval, struct arena *a)
{
	struct osv_interval *to = vec_push(a, &out->intervals);

	if (to)
		*to = interval;
	return to != NULL;
}

bool osv_range_read(const struct json_t *range, const char *scheme, struct osv_affected *out, struct arena *a)
{
	const json_t *events = json_object_get(range, "events");
	struct osv_interval open = { "", "", "", "" };
	event_list list = { NULL, 0, 0 };
	bool is_open = false;

	for (size_t i = 0; i < json_array_size(events); i++)
		if (!read_event(json_array_get(events, i), &list, a))
			return false;
	sort(&list, scheme);
	for (uint32_t i = 0; i < list.count; i++) {
		const struct event *e = &list.items[i];

		if (e->kind == EVENT_INTRODUCED) {
			if (!is_open)
				open = (struct osv_interval){ is_first(e->version) ? "" : e->version, "", "", "" };
			is_open = true;
			continue;
		}
		if (!is_open)
			continue;
		if (e->kind == EVENT_LAST)
			open.last = e->version;
		else
			open.below = e->version;
		open.fixed = e->kind == EVENT_FIXED ? e->version : "";
		is_open = false;
		if (!add(out, open, a))
			return false;
	}
	return !is_open || add(out, open, a);
}
