/* pipe.json. */
#include "lua/api/inside.h"

#include <string.h>

/* What jansson makes of a value, at the most: a script's memory limit holds for it too. */
enum { VALUE_BYTES = 128 };

/* Values and nesting of a JSON text, counted ahead of making them. */
static void measure(const char *text, size_t length, uint64_t *values)
{
	bool quoted = false;

	*values = 1;
	for (size_t i = 0; i < length; i++) {
		if (text[i] == '"')
			quoted = !quoted;
		else if (quoted && text[i] == '\\')
			i++;
		else if (!quoted && (text[i] == ',' || text[i] == '[' || text[i] == '{'))
			++*values;
	}
}

static int fail(lua_State *L, const char *why)
{
	lua_pushnil(L);
	lua_pushstring(L, why);
	return 2;
}

/* jansson says so, or nothing at all. */
static bool is_out_of_memory(const json_error_t *error)
{
	return !error->text[0] || json_error_code(error) == json_error_out_of_memory;
}

/* Where it has no memory for a text in the text it speaks of a mistake in the syntax: what is one is one the second time, too. */
static json_t *parse(const char *text, size_t length, json_error_t *error)
{
	json_t *value = NULL;

	for (int i = 0; i < 2 && !value; i++)
		value = json_loadb(text, length, JSON_DECODE_ANY | JSON_ALLOW_NUL, error);
	return value;
}

/* (text) -> value | nil, why */
int api_json_decode(lua_State *L)
{
	const struct lua_limits *limits = &guest_of(L)->budget.limits;
	struct api_scratch *s;
	json_error_t error;
	uint64_t values;
	size_t length;
	const char *text = luaL_checklstring(L, 1, &length);

	budget_charge(L, length);
	measure(text, length, &values);
	if (length > limits->memory_bytes || values > limits->memory_bytes / VALUE_BYTES)
		return fail(L, "the JSON text is too large for the script's memory");
	s = api_scratch(L);
	s->json = parse(text, length, &error);
	if (!s->json && is_out_of_memory(&error)) {
		guest_of(L)->budget.starved = true;
		return budget_starve(L);
	}
	if (!s->json) {
		lua_pushnil(L);
		lua_pushfstring(L, "%d:%d: %s", error.line, error.column, error.text);
		return 2;
	}
	if (json_is_null(s->json))
		value_push_null(L);
	else
		value_push_json(L, s->json);
	api_scratch_clear(s);
	return 1;
}

/* (value, {pretty}) -> text */
int api_json_encode(lua_State *L)
{
	static const char name[] = "pipe.json.encode";

	luaL_checkany(L, 1);
	lua_settop(L, 2);
	api_options(L, 2, name, "pipe.JsonOptions");
	api_push_json_text(L, 1, name, api_flag(L, 2, name, "pretty", false) ? JSON_INDENT(2) : JSON_COMPACT);
	return 1;
}

int api_json_object(lua_State *L)
{
	lua_settop(L, 1);
	if (lua_isnil(L, 1))
		lua_createtable(L, 0, 0);
	luaL_checktype(L, -1, LUA_TTABLE);
	value_mark_object(L);
	return 1;
}

int api_json_array(lua_State *L)
{
	lua_settop(L, 1);
	if (lua_isnil(L, 1))
		lua_createtable(L, 0, 0);
	luaL_checktype(L, -1, LUA_TTABLE);
	value_mark_array(L);
	return 1;
}
