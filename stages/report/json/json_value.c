/*
 * Values of a JSON text: those on the path to items are followed, those of an item are kept.  Children are put into their parent when
 * they begin, so that the item's root owns everything.
 */
#include "base/error.h"
#include "stages/report/json/json_walk.h"

enum {
	/* What a jansson value takes beside its text, about. */
	COST_COLLECTION = 120,
	COST_SCALAR = 48,
	COST_KEY = 64,
	/* A value takes about four times the memory of its text. */
	COST_FACTOR = 4
};

struct json_level *json_parent(const struct json_items *it)
{
	return it->depth ? &it->levels[it->depth - 1] : NULL;
}

static int tell(struct json_items *it, unsigned node, enum json_event event, json_t *value, json_type type, pipe_error *err)
{
	int index = it->path.nodes[node].events[event];
	struct json_item item = { .value = value, .type = type, .line = it->item_line, .column = it->item_column };

	if (index < 0 || it->failed)
		return it->failed;
	item.pattern = (unsigned)index;
	it->failed = it->spec->item(it->payload, &item, err);
	return it->failed;
}

/* The memory of the item under way has a bound. */
static bool hold(struct json_items *it, size_t bytes, const char *p, pipe_error *err)
{
	it->held += bytes;
	if (it->held / COST_FACTOR <= it->limits->item_bytes)
		return true;
	json_fail(it, p, PIPE_ELIMIT, err, "one element of the report is too large: more than %u bytes", it->limits->item_bytes);
	return false;
}

/* Puts a value where it belongs; it is ours no more. */
static bool attach(struct json_items *it, json_t *value, json_t **before, const char *p, pipe_error *err)
{
	struct json_level *parent = json_parent(it);
	int rc;

	if (!value) {
		json_fail_nomem(it, err);
		return false;
	}
	if (!parent || !parent->value) {
		it->root = value;
		return true;
	}
	if (parent->is_map) {
		*before = json_incref(json_object_getn(parent->value, it->key.data, it->key.length));
		rc = json_object_setn_new_nocheck(parent->value, it->key.data, it->key.length, value);
	} else {
		rc = json_array_append_new(parent->value, value);
	}
	if (rc) {
		json_fail_nomem(it, err);
		return false;
	}
	return hold(it, parent->is_map ? COST_KEY + it->key.length : 0, p, err);
}

/* The same key twice: fine when both say the same. */
static bool same_as_before(struct json_items *it, json_t *value, json_t *before, const char *p, pipe_error *err)
{
	bool same = !before || json_equal(value, before);

	json_decref(before);
	if (!same)
		json_fail(it, p, PIPE_EPIPELINE, err, "a key stands twice in one map, with different values");
	return same;
}

static const char *type_name(json_type type)
{
	static const char *const names[] = { "a map", "a list", "a string", "a number", "a number", "true", "false", "null" };

	return names[type];
}

/* A value on the path to items must be of the type that the path has there; null is nothing, but for the document. */
static bool type_fits(struct json_items *it, unsigned node, json_type type, const char *p, pipe_error *err)
{
	const struct json_node *n = &it->path.nodes[node];
	bool map = n->keys || (node == JSON_ROOT && n->events[JSON_ITEM] >= 0);

	if (node != JSON_ROOT && (n->events[JSON_ITEM] >= 0 || type == JSON_NULL || !(n->keys || n->elements)))
		return true;
	if ((type == JSON_OBJECT && map) || (type == JSON_ARRAY && n->elements))
		return true;
	json_fail(it, p, PIPE_EPIPELINE, err, "%s was expected here, and not %s",
		  !map		? "a list"
		  : n->elements ? "a map or a list"
				: "a map",
		  type_name(type));
	return false;
}

bool json_begin_value(struct json_items *it, json_type type, bool *item, const char *p, pipe_error *err)
{
	const struct json_node *n = &it->path.nodes[it->next.node];
	bool scalar = type != JSON_OBJECT && type != JSON_ARRAY;

	*item = false;
	if (!it->next.node)
		return true;
	if (!type_fits(it, it->next.node, type, scalar ? NULL : p, err)) {
		if (scalar)
			json_at_token(it, err);
		return false;
	}
	json_reach(it, p);
	it->item_line = scalar ? it->token_line : it->line;
	it->item_column = scalar ? it->token_column : it->characters + 1;
	if (tell(it, it->next.node, JSON_ENTER, NULL, type, err))
		return false;
	*item = n->events[JSON_ITEM] >= 0 && (type == JSON_OBJECT || it->next.node != JSON_ROOT);
	if (*item) {
		it->held = 0;
		it->next.held = true;
		it->next.whole = n->whole || !it->spec->keep;
	}
	return true;
}

void json_expect_element(struct json_items *it)
{
	struct json_level *l = json_parent(it);

	it->next.node = l->node ? (uint8_t)json_path_step(&it->path, l->node, NULL, 0) : 0;
	it->next.held = l->value != NULL;
	it->next.whole = l->whole;
}

bool json_expect_member(struct json_items *it, const char *p, pipe_error *err)
{
	struct json_level *l = json_parent(it);
	struct str swap = it->key;
	const char *keep;

	it->next.node = l->node ? (uint8_t)json_path_step(&it->path, l->node, it->text.data, it->text.length) : 0;
	it->next.held = it->next.whole = false;
	if (it->next.node) {
		uint64_t bit = (uint64_t)1 << (it->path.nodes[it->next.node].nth & 63);

		if (l->seen & bit) {
			json_fail(it, p, PIPE_EPIPELINE, err, "the key \"%s\" stands twice in one map", it->text.data);
			return false;
		}
		l->seen |= bit;
	}
	if (!l->value)
		return true;
	keep = it->spec->keep && !l->whole ? map_get(&it->keep, it->text.data, it->text.length) : "";
	it->next.held = keep != NULL;
	it->next.whole = l->whole || (keep && *keep == '*');
	it->key = it->text;
	it->text = swap;
	return true;
}

/* The state behind a value that is complete. */
static void end_value(struct json_items *it)
{
	it->any = true;
	it->state = it->depth ? JSON_BEHIND : JSON_TOP;
	if (!it->depth) {
		it->next.node = JSON_ROOT;
		it->next.held = it->next.whole = false;
	}
}

/* The item under way is complete. */
static bool end_item(struct json_items *it, unsigned node, json_type type, pipe_error *err)
{
	int rc = tell(it, node, JSON_ITEM, it->root, type, err);

	json_decref(it->root);
	it->root = NULL;
	return rc == PIPE_OK;
}

/* ---- maps and lists ---- */

const char *json_begin_collection(struct json_items *it, const char *p, bool is_map, pipe_error *err)
{
	struct json_level *l;
	json_t *before = NULL;
	json_type type = is_map ? JSON_OBJECT : JSON_ARRAY;
	bool item;

	if (it->depth == it->most)
		return json_fail(it, p, PIPE_ELIMIT, err, "nested deeper than %u levels", it->most);
	if (!json_begin_value(it, type, &item, p, err))
		return NULL;
	if (it->next.held) {
		json_t *value = is_map ? json_object() : json_array();

		if (!attach(it, value, &before, p, err) || !hold(it, COST_COLLECTION, p, err)) {
			json_decref(before);
			return NULL;
		}
		l = &it->levels[it->depth];
		l->value = value;
	} else {
		l = &it->levels[it->depth];
		l->value = NULL;
	}
	l->before = before;
	l->seen = 0;
	l->node = it->next.node;
	l->is_map = is_map;
	l->whole = it->next.whole;
	it->depth++;
	it->state = is_map ? JSON_FIRST_KEY : JSON_FIRST;
	if (!is_map)
		json_expect_element(it);
	return p + 1;
}

const char *json_end_collection(struct json_items *it, const char *p, pipe_error *err)
{
	struct json_level *l = &it->levels[it->depth - 1];
	json_type type = l->is_map ? JSON_OBJECT : JSON_ARRAY;
	json_t *before = l->before;

	l->before = NULL;
	it->depth--;
	if (!same_as_before(it, l->value, before, p, err))
		return NULL;
	if (l->node && l->value && !end_item(it, l->node, type, err))
		return NULL;
	if (l->node && it->path.nodes[l->node].events[JSON_LEAVE] >= 0) {
		json_reach(it, p);
		it->item_line = it->line;
		it->item_column = it->characters + 1;
		if (tell(it, l->node, JSON_LEAVE, NULL, type, err))
			return NULL;
	}
	end_value(it);
	return p + 1;
}

/* ---- scalars ---- */

bool json_put_scalar(struct json_items *it, json_t *value, json_type type, bool item, const char *p, pipe_error *err)
{
	json_t *before = NULL;

	if (it->next.held) {
		if (!attach(it, value, &before, p, err) || !same_as_before(it, value, before, p, err))
			return false;
		if (!hold(it, COST_SCALAR + it->text.length, p, err) || (item && !end_item(it, it->next.node, type, err)))
			return false;
	}
	end_value(it);
	return true;
}
