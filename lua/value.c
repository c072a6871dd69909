/*
 * Values across the wall: JSON and YAML to Lua and back.  All of it is bounded: 64 levels, a million elements, and as many bytes as the
 * script may have memory.
 */
#include "base/utf8.h"
#include "lua/guest.h"

#include <math.h>
#include <string.h>

enum { DEPTH_MOST = 64, NODES_MOST = 1 << 20, NODE_BYTES = 64 };

/* ---- marks ---- */

/* Keys in the registry, of metatables with nothing in them. */
static const char object_key, array_key;
static const char null_mark;

void value_push_null(lua_State *L)
{
	lua_pushlightuserdata(L, (void *)(uintptr_t)&null_mark);
}

bool value_is_null(lua_State *L, int index)
{
	return lua_touserdata(L, index) == &null_mark;
}

static bool is_registered(lua_State *L, const char *key)
{
	bool same;

	lua_rawgetp(L, LUA_REGISTRYINDEX, key);
	same = lua_rawequal(L, -1, -2);
	lua_pop(L, 1);
	return same;
}

bool value_is_mark(lua_State *L)
{
	return is_registered(L, &object_key) || is_registered(L, &array_key);
}

static void mark(lua_State *L, const char *key)
{
	if (lua_getmetatable(L, -1)) {
		if (!value_is_mark(L))
			luaL_error(L, "a table that has a metatable cannot be marked for JSON");
		lua_pop(L, 1);
	}
	if (lua_rawgetp(L, LUA_REGISTRYINDEX, key) == LUA_TNIL) {
		lua_pop(L, 1);
		lua_createtable(L, 0, 0);
		lua_pushvalue(L, -1);
		lua_rawsetp(L, LUA_REGISTRYINDEX, key);
	}
	lua_setmetatable(L, -2);
}

void value_mark_object(lua_State *L)
{
	mark(L, &object_key);
}

void value_mark_array(lua_State *L)
{
	mark(L, &array_key);
}

/* ---- JSON -> Lua ---- */

static void push(lua_State *L, const json_t *value, int depth);

static void push_object(lua_State *L, const json_t *value, int depth)
{
	json_t *object = (json_t *)(uintptr_t)value; /* jansson iterates over what is not const; it is not changed */
	size_t size = json_object_size(value);

	lua_createtable(L, 0, size < NODES_MOST ? (int)size : NODES_MOST);
	if (!size)
		value_mark_object(L);
	for (void *i = json_object_iter(object); i; i = json_object_iter_next(object, i)) {
		lua_pushstring(L, json_object_iter_key(i));
		push(L, json_object_iter_value(i), depth + 1);
		lua_rawset(L, -3);
	}
}

static void push_array(lua_State *L, const json_t *value, int depth)
{
	size_t size = json_array_size(value);

	lua_createtable(L, size < NODES_MOST ? (int)size : NODES_MOST, 0);
	for (size_t i = 0; i < size; i++) {
		push(L, json_array_get(value, i), depth + 1);
		lua_rawseti(L, -2, (lua_Integer)i + 1);
	}
}

static void push(lua_State *L, const json_t *value, int depth)
{
	if (depth > DEPTH_MOST)
		luaL_error(L, "JSON is more than %d levels deep", (int)DEPTH_MOST);
	luaL_checkstack(L, 6, "JSON");
	budget_charge(L, 4);
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		push_object(L, value, depth);
		return;
	case JSON_ARRAY:
		push_array(L, value, depth);
		return;
	case JSON_STRING:
		lua_pushlstring(L, json_string_value(value), json_string_length(value));
		return;
	case JSON_INTEGER:
		lua_pushinteger(L, json_integer_value(value));
		return;
	case JSON_REAL:
		lua_pushnumber(L, json_real_value(value));
		return;
	case JSON_TRUE:
	case JSON_FALSE:
		lua_pushboolean(L, json_is_true(value));
		return;
	case JSON_NULL:
		value_push_null(L);
		return;
	}
	lua_pushnil(L);
}

void value_push_json(lua_State *L, const json_t *value)
{
	if (!value || json_is_null(value))
		lua_pushnil(L);
	else
		push(L, value, 0);
}

/* ---- Lua -> JSON ---- */

static const char no_memory[] = "out of memory";

struct taking {
	lua_State *L;
	struct lua_call *call;
	uint64_t left; /* bytes */
	const char *why;
	const void *above[DEPTH_MOST + 1]; /* the tables around this one */
};

static json_t *take(struct taking *t, int index, int depth);

static json_t *fails(struct taking *t, const char *why)
{
	if (!t->why)
		t->why = why;
	return NULL;
}

/* Nothing here may raise: JSON values hang on this frame. */
static json_t *take_text(struct taking *t, int index)
{
	size_t length = lua_rawlen(t->L, index);
	const char *text = lua_tolstring(t->L, index, NULL);
	json_t *value;

	if (length > t->left)
		return fails(t, "it is too large");
	t->left -= length;
	value = json_stringn(text, length);
	return value ? value : fails(t, utf8_valid(text, length) == length ? no_memory : "a text in it is not UTF-8");
}

static json_t *take_number(struct taking *t, int index)
{
	double number;

	if (lua_isinteger(t->L, index))
		return json_integer(lua_tointeger(t->L, index));
	number = lua_tonumber(t->L, index);
	if (!isfinite(number))
		return fails(t, "a number in it is not finite");
	return json_real(number);
}

static json_t *take_list(struct taking *t, int index, size_t count, int depth)
{
	json_t *list = json_array(), *item;

	for (size_t i = 1; list && i <= count; i++) {
		lua_rawgeti(t->L, index, (lua_Integer)i);
		item = take(t, lua_gettop(t->L), depth + 1);
		lua_pop(t->L, 1);
		if (!item || json_array_append_new(list, item)) {
			json_decref(list);
			return fails(t, no_memory);
		}
	}
	return list;
}

static const char *key_fault(struct taking *t, int index)
{
	const char *why;

	if (lua_isinteger(t->L, index))
		why = arena_printf(
			&t->call->arena,
			"a table in it has the key %lld, and is neither a list (1, 2, 3...) nor has only texts as keys",
			(long long)lua_tointeger(t->L, index));
	else
		why = arena_printf(&t->call->arena, "a table in it has a %s as a key", luaL_typename(t->L, index));
	return why ? why : no_memory;
}

static json_t *take_object(struct taking *t, int index, int depth)
{
	json_t *object = json_object(), *item;
	size_t length;

	if (!object)
		return fails(t, no_memory);
	lua_pushnil(t->L);
	while (lua_next(t->L, index)) {
		if (lua_type(t->L, -2) != LUA_TSTRING) {
			fails(t, key_fault(t, -2));
			goto fail;
		}
		length = lua_rawlen(t->L, -2);
		item = length <= t->left ? take(t, lua_gettop(t->L), depth + 1) : fails(t, "it is too large");
		t->left -= length <= t->left ? length : 0;
		if (!item)
			goto fail;
		if (json_object_setn_new(object, lua_tolstring(t->L, -2, NULL), length, item)) {
			const char *key = lua_tolstring(t->L, -2, NULL);

			fails(t, utf8_valid(key, length) == length ? no_memory : "a key in it is not UTF-8");
			goto fail;
		}
		lua_pop(t->L, 1);
	}
	return object;
fail:
	json_decref(object);
	lua_pop(t->L, 2);
	return fails(t, no_memory);
}

/* Are its keys 1..count, and nothing else? */
static bool is_list(lua_State *L, int index, size_t count)
{
	size_t seen = 0;

	lua_pushnil(L);
	while (lua_next(L, index)) {
		lua_pop(L, 1);
		if (!lua_isinteger(L, -1) || lua_tointeger(L, -1) < 1 || (size_t)lua_tointeger(L, -1) > count) {
			lua_pop(L, 1);
			return false;
		}
		seen++;
	}
	return seen == count;
}

static json_t *take_table(struct taking *t, int index, int depth)
{
	const void *self = lua_topointer(t->L, index);
	size_t count = lua_rawlen(t->L, index);
	bool object = false, list = false;

	for (int i = 0; i < depth; i++)
		if (t->above[i] == self)
			return fails(t, "a table in it holds itself");
	if (depth >= DEPTH_MOST)
		return fails(t, "it is more than 64 levels deep");
	t->above[depth] = self;
	if (lua_getmetatable(t->L, index)) {
		object = is_registered(t->L, &object_key);
		list = !object && is_registered(t->L, &array_key);
		lua_pop(t->L, 1);
	}
	if (list || (!object && is_list(t->L, index, count)))
		return take_list(t, index, count, depth);
	return take_object(t, index, depth);
}

/* A row of evidence. */
static json_t *take_row(struct taking *t, int index)
{
	size_t bytes;
	bool is_row;
	json_t *row = api_row_json(t->L, index, &bytes, &is_row);

	if (!row)
		return fails(t, is_row ? no_memory : "there is a userdata in it (an object of pipe's)");
	if (bytes > t->left) {
		json_decref(row);
		return fails(t, "it is too large");
	}
	t->left -= bytes;
	return row;
}

static json_t *take(struct taking *t, int index, int depth)
{
	static const char *const strange[] = { [LUA_TLIGHTUSERDATA] = "there is a userdata in it",
					       [LUA_TFUNCTION] = "there is a function in it",
					       [LUA_TTHREAD] = "there is a coroutine in it" };
	int type = lua_type(t->L, index);

	if (t->left < NODE_BYTES)
		return fails(t, "it is too large");
	t->left -= NODE_BYTES;
	if (!lua_checkstack(t->L, 6))
		return fails(t, no_memory);
	switch (type) {
	case LUA_TSTRING:
		return take_text(t, index);
	case LUA_TNUMBER:
		return take_number(t, index);
	case LUA_TBOOLEAN:
		return json_boolean(lua_toboolean(t->L, index));
	case LUA_TTABLE:
		return take_table(t, index, depth);
	case LUA_TNIL:
		return json_null();
	case LUA_TUSERDATA:
		return take_row(t, index);
	default:
		return value_is_null(t->L, index) ? json_null() : fails(t, strange[type]);
	}
}

json_t *value_to_json(lua_State *L, int index, const char **why)
{
	struct lua_guest *g = guest_of(L);
	struct taking t = { .L = L, .call = g->call, .left = g->budget.limits.memory_bytes };
	json_t *value;

	if (t.left > (uint64_t)NODES_MOST * NODE_BYTES)
		t.left = (uint64_t)NODES_MOST * NODE_BYTES;
	value = take(&t, lua_absindex(L, index), 0);
	*why = value ? NULL : t.why ? t.why : no_memory;
	return value;
}

bool value_no_memory(const char *why)
{
	return why == no_memory;
}

/* ---- YAML -> Lua ---- */

struct expanding {
	const struct scope *scope; /* or NULL */
	struct arena *arena;
};

static void push_text(lua_State *L, const struct node *node, const struct expanding *e)
{
	bool failed = false;
	const char *text = node->text;

	if (!e->scope) {
		lua_pushlstring(L, text, node->count);
		return;
	}
	text = scope_expand(e->scope, text, e->arena, &failed);
	if (!text || failed)
		luaL_error(L, "a text is too long when its variables are replaced");
	lua_pushstring(L, text);
}

static void push_scalar(lua_State *L, const struct node *node, const struct expanding *e)
{
	bool truth;
	int64_t integer;

	switch (node_type(node)) {
	case SCALAR_NULL:
		value_push_null(L);
		return;
	case SCALAR_BOOL:
		if (node_bool(node, &truth)) {
			lua_pushboolean(L, truth);
			return;
		}
		break;
	case SCALAR_INT:
		if (node_int(node, &integer)) {
			lua_pushinteger(L, integer);
			return;
		}
		break;
	case SCALAR_FLOAT:
		if (lua_stringtonumber(L, node->text))
			return;
		break;
	case SCALAR_TEXT:
		break;
	}
	push_text(L, node, e);
}

static void push_node(lua_State *L, const struct node *node, const struct expanding *e, int depth)
{
	if (depth > DEPTH_MOST)
		luaL_error(L, "YAML is more than %d levels deep", (int)DEPTH_MOST);
	luaL_checkstack(L, 6, "YAML");
	budget_charge(L, 4);
	if (node->kind == NODE_SCALAR) {
		push_scalar(L, node, e);
		return;
	}
	if (node->kind == NODE_LIST) {
		lua_createtable(L, node->count < NODES_MOST ? (int)node->count : NODES_MOST, 0);
		for (uint32_t i = 0; i < node->count; i++) {
			push_node(L, node->items[i], e, depth + 1);
			lua_rawseti(L, -2, (lua_Integer)i + 1);
		}
		return;
	}
	lua_createtable(L, 0, node->count < NODES_MOST ? (int)node->count : NODES_MOST);
	if (!node->count)
		value_mark_object(L);
	for (uint32_t i = 0; i < node->count; i++) {
		if (node_is_null(node->pairs[i].value))
			continue; /* as if it were not written */
		lua_pushlstring(L, node->pairs[i].key->text, node->pairs[i].key->count);
		push_node(L, node->pairs[i].value, e, depth + 1);
		lua_rawset(L, -3);
	}
}

void value_push_node(lua_State *L, const struct node *node, const struct scope *scope)
{
	struct expanding e = { scope, &guest_of(L)->call->arena };

	if (node_is_null(node))
		lua_pushnil(L);
	else
		push_node(L, node, &e, 0);
}
