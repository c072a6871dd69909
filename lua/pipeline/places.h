/*
 * The Lua side of a dynamic pipeline (pipeline.h): tables remember which constructor made them, and what the script returns is taken over
 * with that, before the state forgets it.
 */
#ifndef LUA_PIPELINE_PLACES_H
#define LUA_PIPELINE_PLACES_H

#include "base/arena.h"
#include "base/map.h"
#include "lua/lua54.h"
#include <stdbool.h>
#include <stdint.h>

struct lua_call;

enum pipeline_kind {
	PIPELINE_NULL,
	PIPELINE_PLAIN, /* true, false or a number, as YAML writes it */
	PIPELINE_TEXT,	/* UTF-8 without NUL bytes */
	PIPELINE_LIST,
	PIPELINE_MAP,
	PIPELINE_EMPTY, /* a table with nothing in it: a list or a map, as is wanted where it stands */
	PIPELINE_WRONG	/* text says what it is: "a function" */
};

/* A table that stands in several places is one value, as is a long text: it is a graph without circles. */
struct pipeline_value {
	enum pipeline_kind kind;
	bool open;	      /* while it is taken over: what leads here again is a circle */
	uint32_t constructor; /* of a table: 1 + the number of what made it; 0: not known */
	uint32_t count;	      /* bytes, items, pairs */
	union {
		const char *text;
		struct pipeline_pair *pairs; /* keys in no order; of a list, in its order and without keys */
	};
	uint32_t height; /* 1 + that of its highest part; of a scalar 1 */
	uint64_t weight; /* parts, each as often as it stands there; UINT64_MAX: at least that */
	const void *address;
	struct node *node; /* pipeline.c's */
};
struct pipeline_pair {
	const char *key;
	uint32_t length;
	struct pipeline_value *value;
};

enum { PIPELINE_DEPTH_MOST = 1000 };

/* Of one call. */
struct pipeline_places {
	struct arena *texts;	     /* where texts are kept */
	struct arena scratch;	     /* and the rest */
	struct map seen;	     /* addresses -> struct pipeline_value */
	struct pipeline_value *root; /* NULL: nothing was returned, or there was no memory */
	bool nomem;
};

/* lua_call_options.globals: adds `__at` to the table on the top. */
void pipeline_places_install(lua_State *L, void *payload);
/* What the script returned, after the call has ended well.  false: the budget of the call is over, or there was no memory. */
bool pipeline_places_keep(struct lua_call *call, struct pipeline_places *p);

#endif
