/* Where and why a test failed: found by the message handler, while the stack still stands. */
#include "lua/test/room.h"
#include "lua/test/show.h"

#include <stdio.h>
#include <string.h>

enum { LEVELS_SHOWN = 20 };

static const char *source_name(const lua_Debug *ar)
{
	return *ar->source == '@' ? ar->source + 1 : ar->short_src;
}

static void add_level(lua_State *L, lua_Debug *ar, struct str *out)
{
	lua_getinfo(L, "Sln", ar);
	if (ar->currentline <= 0)
		return;
	str_printf(out, "%s:%d: in ", source_name(ar), ar->currentline);
	if (*ar->namewhat)
		str_printf(out, "%s '%s'\n", *ar->namewhat == 'm' ? "method" : "function", ar->name);
	else if (*ar->what == 'm')
		str_adds(out, "the file\n");
	else
		str_printf(out, "the function at line %d\n", ar->linedefined);
}

/* The test file's own place where it is on the way; else the innermost one of Lua. */
static void find_place(lua_State *L, struct test_file *file)
{
	struct failure *f = file->failure;
	bool own = false;
	lua_Debug ar;

	for (int level = 1; !own && lua_getstack(L, level, &ar); level++) {
		lua_getinfo(L, "Sl", &ar);
		if (ar.currentline <= 0)
			continue;
		own = !strcmp(source_name(&ar), file->source->name);
		if (f->line && !own)
			continue;
		snprintf(f->file, sizeof(f->file), "%s", source_name(&ar));
		f->line = (uint32_t)ar.currentline;
	}
}

/* Down to the function of C that runs the tests: what is below is ours. */
static void add_traceback(lua_State *L, struct str *out)
{
	lua_Debug ar;

	for (int level = 1, shown = 0; lua_getstack(L, level, &ar); level++) {
		lua_getinfo(L, "f", &ar);
		if (lua_tocfunction(L, -1) == test_run_units) {
			lua_pop(L, 1);
			return;
		}
		lua_pop(L, 1);
		if (shown++ == LEVELS_SHOWN) {
			str_adds(out, "...\n");
			return;
		}
		add_level(L, &ar, out);
	}
}

/* "file.lua:12: " in front of a message: that is said beside it. */
static const char *without_place(lua_State *L, const char *message)
{
	lua_Debug ar;

	for (int level = 1; lua_getstack(L, level, &ar); level++) {
		size_t length;

		lua_getinfo(L, "Sl", &ar);
		if (ar.currentline <= 0)
			continue;
		lua_pushfstring(L, "%s:%d: ", ar.short_src, ar.currentline);
		length = lua_rawlen(L, -1);
		if (!strncmp(message, lua_tostring(L, -1), length))
			message += length;
		lua_pop(L, 1);
		break;
	}
	return message;
}

int test_failure(lua_State *L)
{
	struct test_file *file = test_file_of(L);
	struct failure *f = file->failure;

	str_reset(&f->message);
	str_reset(&f->traceback);
	f->line = 0;
	if (lua_type(L, 1) == LUA_TSTRING)
		str_adds(&f->message, without_place(L, lua_tostring(L, 1)));
	else if (luaL_getmetafield(L, 1, "__tostring") != LUA_TNIL)
		str_adds(&f->message, luaL_tolstring(L, 1, NULL));
	else {
		str_adds(&f->message, "error: ");
		show_value(L, 1, &f->message);
	}
	find_place(L, file);
	add_traceback(L, &f->traceback);
	lua_pushnil(L);
	return 1;
}
