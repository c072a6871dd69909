/*
 * Tests of Lua scripts, written in Lua: `pipe lua test`.
 *
 *   describe("the licence gate", function()
 *     it("refuses the GPL", function()
 *       local r = pipe.test.call{ file = "licence_gate.lua", fixture = { rows = { components = { { name = "x", licenses = "GPL-3.0" } } } } }
 *       assert.is_false(r.ok)
 *     end)
 *   end)
 *
 * A file's groups and tests are collected while it runs, and run in their order afterwards, all in one call of the engine with limits of its
 * own.  What pipe.test.call runs is a call of its own, whose waits are answered by the test: nothing leaves the process.
 */
#ifndef LUA_TEST_TEST_H
#define LUA_TEST_TEST_H

#include "lua/call.h"
#include "lua/engine.h"

struct lua_test_suite;

struct lua_test_options {
	struct lua_engine *engine;
	/* The text of a file that a test names: beside the file `from`, else in the project.  PIPE_ENOTFOUND: there is none.  *out lives as
	 * long as the engine, and is the same for the same file. */
	int (*source)(void *payload, const char *name, const char *from, const struct lua_source **out, pipe_error *err);
	void *payload;
	const struct lua_limits *limits;	/* of a file of tests */
	const struct lua_limits *script_limits; /* of what pipe.test.call runs */
	const char *filter;			/* only tests in whose name, with those of the groups around, this is; or NULL */
};

enum lua_test_state { LUA_TEST_PASSED, LUA_TEST_FAILED, LUA_TEST_PENDING, LUA_TEST_BROKEN, LUA_TEST_STATES };

/* How one test ended.  All texts are borrowed for the length of the call. */
struct lua_test_case {
	const char *file;
	const char *const *groups; /* names of those around it, from the outermost on; NULL-terminated */
	const char *name;	   /* NULL: BROKEN, the file as a whole: it is not Lua, or failed outside of a test */
	uint32_t line;		   /* of `it` */
	enum lua_test_state state;
	int64_t duration_us;
	/* FAILED and BROKEN: why, where, that line of the file, the way there ("file:line: in ..." lines) and what was logged. */
	const char *message, *where;
	uint32_t where_line;
	const char *text;
	size_t text_length;
	const char *traceback, *said;
	size_t said_length;
};

/* options are copied; the engine outlives the suite, and is to be freed before what the suite's sources are made of (take them from it). */
int lua_test_suite_create(struct lua_test_suite **out, const struct lua_test_options *options, pipe_error *err);
void lua_test_suite_free(struct lua_test_suite *suite);

/* Runs one file.  each: 0 to go on.  PIPE_OK however the tests ended. */
int lua_test_run(struct lua_test_suite *suite, const struct lua_source *source,
		 int (*each)(void *payload, const struct lua_test_case *one), void *payload, pipe_error *err);

#endif
