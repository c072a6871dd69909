/*
 * What pipe.test.call runs: a call of its own beside that of the test, over a fixture, its waits answered by the test.
 *
 * It belongs to a userdata of the test's call, marked to be closed: whatever error passes by, it is cleared.  Indexes on the test's stack are
 * fixed (enum inner_slot).
 */
#ifndef LUA_TEST_INNER_H
#define LUA_TEST_INNER_H

#include "lua/test/room.h"

enum inner_slot { SLOT_OPTIONS = 1, SLOT_INNER, SLOT_REQUESTS, SLOT_COMMANDS, SLOT_MAILS, SLOT_TOP = SLOT_MAILS };

struct inner {
	lua_State *L;	  /* of the test */
	const char *what; /* "pipe.test.call": for messages */
	struct test_file *file;
	struct arena arena;
	json_t *document; /* the fixture, and what the test puts over it */
	json_t *value;	  /* at hand: so that an error leaves nothing behind */
	struct fixture *fixture;
	struct lua_context context;
	struct lua_grants grants;
	const struct lua_source *source;
	const char *no_waits; /* lua_call_options */
	struct lua_call *call;
	int64_t slept_ms;
	struct str log, text;
};

/* inner.c: opens one over the table of options at index 1, in slot SLOT_INNER; the others are filled. */
struct inner *inner_open(lua_State *L, const char *what, const char *const *more_options);
/* Creates the call, carries out its waits; returns when it has ended, its outcome. */
const struct lua_outcome *inner_run(struct inner *in, const char *member);
/* The call has ended, and another may be made. */
void inner_next(struct inner *in);
/* Pushes the table that the test gets. */
void inner_push_result(struct inner *in, const struct lua_outcome *outcome);

/* inner_options.c: fixture, context, grants, source. */
void inner_read_options(struct inner *in, const char *const *more_options);
/* A text of the options, borrowed from the table; NULL: not given. */
const char *inner_text(struct inner *in, const char *name);

/* inner_answer.c */
void inner_answer(struct inner *in, const struct lua_wait *wait);

/* inner_host.c: functions of the embedding program, as the test has them in `host`; or NULL. */
const struct lua_host_function *inner_functions(struct inner *in);

#endif
