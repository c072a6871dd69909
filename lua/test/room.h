/* Inside the test library: what its files share. */
#ifndef LUA_TEST_ROOM_H
#define LUA_TEST_ROOM_H

#include "base/map.h"
#include "base/vec.h"
#include "lua/guest.h"
#include "lua/test/fixture.h"
#include "lua/test/test.h"

/* What lives as long as the suite: pieces of Lua that tests made up, fixtures that were read. */
struct lua_test_suite {
	struct lua_test_options options;
	struct arena arena;
	struct map fixtures; /* by name -> json_t * */
	VEC(json_t *) documents;
};

/* A group of tests, or a test. */
struct unit {
	struct unit *parent, *first, *last, *next;
	const char *name;
	uint32_t line, depth;
	bool is_group;
	int function;		/* number of its function in the file's table of functions; 0: a test that is pending */
	VEC(int) before, after; /* of a group: before_each, after_each */
};

/* Why the test at hand failed, as its message handler found it. */
struct failure {
	struct str message, traceback;
	char file[256];
	uint32_t line;
};

/* A file of tests that is run. */
struct test_file {
	struct lua_test_suite *suite;
	const struct lua_source *source;
	int (*each)(void *payload, const struct lua_test_case *one);
	void *payload;
	struct arena arena;
	struct unit root, *group; /* that is being described */
	bool running;		  /* no more groups or tests can be added */
	bool stopped;		  /* by each */
	bool told_broken;
	int functions; /* how many there are */
	uint32_t units;
	struct failure first, later, *failure; /* the one that is noted at present */
	/* Text that C functions make up.  Here, so that an error that jumps over them leaves nothing behind. */
	struct str scratch;
};

/* The file whose test library L has: upvalue 1 of each of its functions. */
static inline struct test_file *test_file_of(lua_State *L)
{
	return lua_touserdata(L, lua_upvalueindex(1));
}

/* test.c: runs what was collected; below it on the stack nothing belongs to the test. */
int test_run_units(lua_State *L);
/* assert.c: pushes `assert`. */
void test_push_assert(lua_State *L, struct test_file *file);
/* inner.c: pushes `pipe.test`. */
void test_push_library(lua_State *L, struct test_file *file);
/* failure.c: a message handler, upvalue 1 the file: notes where and why, and returns nil. */
int test_failure(lua_State *L);

#endif
