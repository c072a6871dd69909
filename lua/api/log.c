/* What a script says: pipe.log, pipe.warn, pipe.fail, pipe.annotate. */
#include "lua/api/inside.h"

#include <string.h>

enum { LABEL_BYTES = 500, NOTE_BYTES = 4000 };

/* The arguments as text, a tab between two, pushed. */
static const char *line(lua_State *L, size_t *length)
{
	int count = lua_gettop(L);
	luaL_Buffer text;

	luaL_checkstack(L, 8, "pipe.log");
	luaL_buffinit(L, &text);
	for (int i = 1; i <= count; i++) {
		if (i > 1)
			luaL_addlstring(&text, "\t", 1);
		luaL_tolstring(L, i, NULL);
		luaL_addvalue(&text);
	}
	luaL_pushresult(&text);
	return lua_tolstring(L, -1, length);
}

static int say(lua_State *L, const char *prefix)
{
	size_t length;
	const char *text = line(L, &length);

	guest_say(L, prefix, text, length);
	return 0;
}

int api_log(lua_State *L)
{
	return say(L, "");
}

int api_warn(lua_State *L)
{
	return say(L, "warning: ");
}

int api_fail(lua_State *L)
{
	lua_settop(L, 1);
	if (lua_isnil(L, 1))
		return api_wrong(L, "pipe.fail", "the reason is missing");
	return guest_fail(L, luaL_tolstring(L, 1, NULL));
}

/* (label, {text, url}) */
int api_annotate(lua_State *L)
{
	static const char name[] = "pipe.annotate";
	const struct lua_host *host = guest_of(L)->call->options.host;
	const char *label, *text, *url;
	pipe_error err = { 0 };
	size_t length, text_length = 0;
	int rc;

	label = luaL_checklstring(L, 1, &length);
	lua_settop(L, 2);
	api_options(L, 2, name, "pipe.Annotation");
	text = api_text(L, 2, name, "text", &text_length);
	url = api_word(L, 2, name, "url");
	if (!length || length > LABEL_BYTES || text_length > NOTE_BYTES || (url && strlen(url) > NOTE_BYTES))
		return api_wrong(L, name, "the label is empty, or something is too long");
	if (url && strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0)
		return api_wrong(L, name, "\"url\" begins with https:// or http://");
	if (!host || !host->annotate)
		return 0;
	budget_in_earnest(L);
	rc = host->annotate(host->payload, label, text, url, &err);
	return rc ? guest_raise(L, &err) : 0;
}
