/*
 * libFuzzer (and AFL++) target: our string.find, match, gmatch and gsub beside Lua's own.  The first byte chooses the function, the next two
 * are the lengths of pattern and replacement, the rest is the text.  What ours gives up on for want of time is not asked of Lua's, which
 * would not.
 */
#include "tests/unit/lua_library_fixture.h"

#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char functions[] = "local function show(...)\n"
				"  local r = {}\n"
				"  for i = 1, select('#', ...) do r[i] = ('%q'):format((select(i, ...))) end\n"
				"  return table.concat(r, ' ')\n"
				"end\n"
				"local function all(s, p)\n"
				"  local r = {}\n"
				"  for a, b, c in string.gmatch(s, p) do r[#r + 1] = show(a, b, c) end\n"
				"  return table.concat(r, '|')\n"
				"end\n"
				"local with = {\n"
				"  function(s, p) return string.find(s, p) end,\n"
				"  function(s, p) return string.find(s, p, -3) end,\n"
				"  function(s, p) return string.match(s, p) end,\n"
				"  function(s, p) return all(s, p) end,\n"
				"  function(s, p, r) return string.gsub(s, p, r) end,\n"
				"  function(s, p, r) return string.gsub(s, p, { [r] = 'x', [''] = false }) end,\n"
				"  function(s, p, r) return string.gsub(s, p, function(...) return show(...) end, #r) end,\n"
				"  function(s, p) return string.find(s, p, 2, true) end,\n"
				"}\n"
				"return function(which, s, p, r) return show(pcall(with[which % #with + 1], s, p, r)) end\n";

static const struct lua_limits brief = { .cpu_ms = 100, .wall_ms = 10000, .memory_bytes = 16u << 20 };

struct input {
	unsigned which;
	const char *text, *pattern, *replacement;
	size_t text_length, pattern_length, replacement_length;
};

static void open_with_functions(struct state *s, bool ours)
{
	lua_State *L;

	state_open(s, ours);
	L = s->L;
	if (luaL_loadbufferx(L, functions, sizeof(functions) - 1, "=fuzz", "t") || lua_pcall(L, 0, 1, 0))
		abort();
}

/* What the function gives: on the top of the stack; NULL: it was ended. */
static const char *result(struct state *s, const struct input *in)
{
	lua_State *L = s->L;

	lua_settop(L, 1);
	budget_anew(s, &brief);
	lua_pushvalue(L, 1);
	lua_pushinteger(L, in->which);
	lua_pushlstring(L, in->text, in->text_length);
	lua_pushlstring(L, in->pattern, in->pattern_length);
	lua_pushlstring(L, in->replacement, in->replacement_length);
	lua_pcall(L, 4, 1, 0);
	budget_leave(&s->guest);
	return s->guest.budget.breach || lua_type(L, -1) != LUA_TSTRING ? NULL : lua_tostring(L, -1);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct state plain, ours;
	const char *expected, *got;
	struct input in;

	if (size < 3 || data[1] + (size_t)data[2] > size - 3)
		return 0;
	if (!plain.L) {
		open_with_functions(&plain, false);
		open_with_functions(&ours, true);
	}
	in.which = data[0];
	in.pattern = (const char *)data + 3;
	in.pattern_length = data[1];
	in.replacement = in.pattern + in.pattern_length;
	in.replacement_length = data[2];
	in.text = in.replacement + in.replacement_length;
	in.text_length = size - 3 - in.pattern_length - in.replacement_length;
	got = result(&ours, &in);
	expected = got ? result(&plain, &in) : NULL;
	if (expected && strcmp(got, expected)) {
		fprintf(stderr, "Lua's: %s\nours:  %s\n", expected, got);
		__builtin_trap();
	}
	return 0;
}
