/* pipe.yaml: read and written as pipeline files are. */
#include "lua/api/inside.h"
#include "pipeline/document/document.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT_MOST = 4 << 20, DEPTH_MOST = 64, NODES_MOST = 200000 };

/* ---- reading ---- */

/* Pushes nil and what is wrong, with its place. */
static int wrong(lua_State *L, const struct diagnostics *d)
{
	lua_pushnil(L);
	for (uint32_t i = 0; i < d->list.count; i++) {
		const struct diagnostic *one = &d->list.items[i];

		if (one->severity != PIPE_ERROR)
			continue;
		lua_pushfstring(L, "%d:%d: %s", (int)one->at.line, (int)one->at.column, one->message);
		return 2;
	}
	lua_pushstring(L, d->nomem ? "out of memory" : "this is not YAML");
	return 2;
}

/* (text) -> value | nil, why */
int api_yaml_decode(lua_State *L)
{
	size_t length;
	const char *text = luaL_checklstring(L, 1, &length);
	struct api_scratch *s = api_scratch(L);
	struct sources sources = { 0 };
	struct diagnostics d;
	pipe_limits limits = { .depth = DEPTH_MOST, .nodes = NODES_MOST };
	struct node *roots[2] = { NULL, NULL };
	int count, results = 1;

	if (length > TEXT_MOST) {
		lua_pushnil(L);
		lua_pushfstring(L, "the YAML text has more than %d bytes", (int)TEXT_MOST);
		return 2;
	}
	budget_in_earnest(L);
	budget_charge(L, length * 8);
	limits_default(&limits);
	diagnostics_init(&d, &s->arena, &sources);
	if (sources_add(&sources, &s->arena, (struct source){ .name = "text", .text = text, .length = length }) < 0)
		return api_no_memory(L);
	count = document_parse(roots, 2, &s->arena, 0, &limits, &d);
	if (count < 0 || d.errors || d.nomem) {
		results = wrong(L, &d);
	} else if (count > 1) {
		lua_pushnil(L);
		lua_pushliteral(L, "there is more than one document in the text");
		results = 2;
	} else if (!count || node_is_null(roots[0])) {
		value_push_null(L);
	} else {
		value_push_node(L, roots[0], NULL);
	}
	api_scratch_clear(s);
	return results;
}

/* ---- writing ---- */

static struct node *node_of(struct arena *a, json_t *value, int depth);

static struct node *plain(struct arena *a, const char *text)
{
	struct node *n = node_scalar(a, (struct mark){ 0 }, text, strlen(text));

	if (n)
		n->style = STYLE_PLAIN;
	return n;
}

static struct node *number(struct arena *a, const json_t *value)
{
	char text[40];

	if (json_is_integer(value)) {
		snprintf(text, sizeof(text), "%lld", (long long)json_integer_value(value));
		return plain(a, text);
	}
	snprintf(text, sizeof(text), "%.17g", json_real_value(value));
	if (strtod(text, NULL) == floor(strtod(text, NULL)) && !strpbrk(text, ".e"))
		strncat(text, ".0", sizeof(text) - strlen(text) - 1);
	return plain(a, text);
}

static struct node *text_node(struct arena *a, const char *text, size_t length)
{
	struct node *n = node_scalar(a, (struct mark){ 0 }, text, length);

	if (n)
		n->style = STYLE_QUOTED;
	return n;
}

static struct node *list_of(struct arena *a, json_t *value, int depth)
{
	const size_t count = json_array_size(value);
	struct node *list = node_list(a, (struct mark){ 0 }, (uint32_t)count);

	for (size_t i = 0; list && i < count; i++) {
		list->items[i] = node_of(a, json_array_get(value, i), depth + 1);
		if (!list->items[i])
			return NULL;
	}
	return list;
}

static struct node *map_of(struct arena *a, json_t *value, int depth)
{
	struct node *map = node_map(a, (struct mark){ 0 }, (uint32_t)json_object_size(value)), *key, *item;
	const char *name;
	json_t *one;

	json_object_foreach(value, name, one)
	{
		key = text_node(a, name, strlen(name));
		item = key ? node_of(a, one, depth + 1) : NULL;
		if (!map || !item || !node_add(map, a, key, item))
			return NULL;
	}
	return map;
}

/* As deep as value_to_json lets values be. */
static struct node *node_of(struct arena *a, json_t *value, int depth)
{
	if (json_is_object(value))
		return map_of(a, value, depth);
	if (json_is_array(value))
		return list_of(a, value, depth);
	if (json_is_string(value))
		return text_node(a, json_string_value(value), json_string_length(value));
	if (json_is_number(value))
		return number(a, value);
	if (json_is_boolean(value))
		return plain(a, json_is_true(value) ? "true" : "false");
	return plain(a, "null");
}

/* (value) -> text */
int api_yaml_encode(lua_State *L)
{
	struct api_scratch *s;
	struct node *node;
	const char *why;

	luaL_checkany(L, 1);
	s = api_scratch(L);
	s->text.limit = guest_of(L)->budget.limits.memory_bytes;
	s->json = value_to_json(L, 1, &why);
	if (!s->json && value_no_memory(why))
		return api_no_memory(L);
	if (!s->json)
		return api_wrong(L, "pipe.yaml.encode", "this cannot be YAML: %s", why);
	node = node_of(&s->arena, s->json, 0);
	if (!node)
		return api_no_memory(L);
	node_write(node, NULL, &s->text);
	if (s->text.full)
		return api_wrong(L, "pipe.yaml.encode", "this cannot be YAML: it is too large");
	if (s->text.failed)
		return api_no_memory(L);
	budget_charge(L, s->text.length);
	lua_pushlstring(L, s->text.data, s->text.length);
	api_scratch_clear(s);
	return 1;
}
