/* The rules of a SARIF run: what a result does not say itself, its rule says. */
#include "base/error.h"
#include "stages/report/sarif/sarif.h"

#include <string.h>

struct sarif_message {
	const char *id, *text;
	struct sarif_message *next;
};

int8_t sarif_level(const char *level)
{
	enum severity severity;

	return *level && severity_from(level, &severity) ? (int8_t)severity : SARIF_NONE;
}

double sarif_score(const json_t *map)
{
	return json_item_real(json_object_get(map, "properties"), "security-severity", 0);
}

int8_t sarif_tags_kind(const json_t *map)
{
	const json_t *tags = json_item_below(map, "properties", "tags");

	for (size_t i = 0; i < json_array_size(tags); i++) {
		enum finding_kind kind;

		if (finding_kind_from(json_item_string(json_array_get(tags, i)), &kind) && kind != FINDING_ISSUE &&
		    kind != FINDING_WARNING)
			return (int8_t)kind;
	}
	return SARIF_NONE;
}

static bool copy(struct arena *a, const char **out, const char *text)
{
	*out = *text ? arena_strdup(a, text) : "";
	return *out != NULL;
}

static bool copy_messages(struct arena *a, struct sarif_rule *rule, const json_t *strings)
{
	/* jansson's iterators take no const. */
	json_t *map = (json_t *)(uintptr_t)strings;

	for (void *i = json_object_iter(map); i; i = json_object_iter_next(map, i)) {
		struct sarif_message *m = ARENA_NEW(a, struct sarif_message);

		if (!m || !copy(a, &m->id, json_object_iter_key(i)) ||
		    !copy(a, &m->text, json_item_text(json_object_iter_value(i), "text")))
			return false;
		m->next = rule->messages;
		rule->messages = m;
	}
	return true;
}

static const char *description(const json_t *rule)
{
	const char *text = json_item_string(json_item_below(rule, "shortDescription", "text"));

	text = *text ? text : json_item_string(json_item_below(rule, "fullDescription", "text"));
	return *text ? text : json_item_text(rule, "name");
}

static struct sarif_component *component_at(struct sarif_rules *r, uint32_t index)
{
	while (r->components.count <= index)
		if (!vec_push(&r->arena, &r->components))
			return NULL;
	return &r->components.items[index];
}

int sarif_rules_add(struct sarif_rules *r, uint32_t component, const json_t *rule, pipe_error *err)
{
	struct sarif_component *c = component_at(r, component);
	struct sarif_rule *new = c ? vec_push(&r->arena, &c->rules) : NULL;

	if (!new || !copy(&r->arena, &new->id, json_item_text(rule, "id")) ||
	    !copy(&r->arena, &new->url, json_item_text(rule, "helpUri")) || !copy(&r->arena, &new->text, description(rule)) ||
	    !copy_messages(&r->arena, new, json_object_get(rule, "messageStrings")))
		return error_nomem(err);
	new->level = sarif_level(json_item_string(json_item_below(rule, "defaultConfiguration", "level")));
	new->score = sarif_score(rule);
	new->kind = sarif_tags_kind(rule);
	/* By place and not by pointer: the lists grow. */
	if (*new->id && !map_get(&r->by_id, new->id, strlen(new->id)) &&
	    !map_put(&r->by_id, &r->arena, new->id, strlen(new->id),
		     (void *)(uintptr_t)((uint64_t)component << 32 | c->rules.count)))
		return error_nomem(err);
	if (r->arena.used > r->most)
		return error_set(err, PIPE_ELIMIT, "the rules of the report take more than %zu bytes", r->most);
	return PIPE_OK;
}

void sarif_rules_clear(struct sarif_rules *r)
{
	size_t most = r->most;

	arena_clear(&r->arena);
	*r = (struct sarif_rules){ .most = most };
}

static const struct sarif_rule *at(const struct sarif_rules *r, uint32_t component, int64_t index)
{
	if (component >= r->components.count || index < 0 || index >= r->components.items[component].rules.count)
		return NULL;
	return &r->components.items[component].rules.items[index];
}

static const struct sarif_rule *named(const struct sarif_rules *r, const char *id, size_t length)
{
	uint64_t place = (uint64_t)(uintptr_t)map_get(&r->by_id, id, length);

	return place ? at(r, (uint32_t)(place >> 32), (int64_t)(place & 0xffffffffu) - 1) : NULL;
}

const struct sarif_rule *sarif_rule_find(const struct sarif_rules *r, uint32_t component, int64_t index, const char *id)
{
	const struct sarif_rule *rule = at(r, component, index);
	size_t length = strlen(id);

	if (rule)
		return rule;
	while (length && !(rule = named(r, id, length))) {
		while (length && id[length - 1] != '/')
			length--;
		length -= length > 0;
	}
	return rule;
}

const char *sarif_rule_message(const struct sarif_rule *rule, const char *id)
{
	for (const struct sarif_message *m = rule->messages; m; m = m->next)
		if (!strcmp(m->id, id))
			return m->text;
	return NULL;
}
