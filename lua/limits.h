/* What a script may use up, and what it may reach. */
#ifndef LUA_LIMITS_H
#define LUA_LIMITS_H

#include "base/str.h"
#include <stdbool.h>
#include <stdint.h>

/* Of one call.  0 in a field: its default. */
struct lua_limits {
	int64_t cpu_ms;	       /* processor time: 2,000 */
	int64_t wall_ms;       /* from its beginning to its end, waits included: 30,000 */
	uint64_t memory_bytes; /* of its state, all that Lua allocates: 64 MiB */
	uint64_t output_bytes; /* of pipe.log and its like together: 1 MiB */
	uint32_t depth; /* of calls of C functions and coroutines in each other: 160; Lua's own calls: by its stack (budget.c) */
	uint32_t waits; /* http, exec, mail and sleep together: 10,000 */
};
#define LUA_LIMIT_CPU_MS 2000
#define LUA_LIMIT_WALL_MS 30000
#define LUA_LIMIT_MEMORY (64u << 20)
#define LUA_LIMIT_OUTPUT (1u << 20)
#define LUA_LIMIT_DEPTH 160
#define LUA_LIMIT_WAITS 10000

/* What the pipeline file allows (`lua: {allow: ...}`).  Lists are NULL-terminated; NULL: nothing.  Borrowed. */
struct lua_grants {
	const char *const *
		http; /* "https://hooks.example": an origin, or one with a path that others must begin with, segment by segment */
	const char *const *exec;    /* names of programs, looked up on the PATH; an absolute path allows that one */
	const char *const *read;    /* absolute directories outside of the workspace */
	const char *const *secrets; /* names of masked variables that ctx.vars shows */
	const char *const *mail;    /* "smtp://host:25": servers */
	unsigned all; /* bits (1 << enum lua_grant) of which everything is allowed: in tests, where nothing goes out */
};

/* Is it allowed?  If not, *line is the line to add to the pipeline file, in the arena of the caller's str ("lua: {allow: {exec: [helm]}}").
 * http: an address; exec: argv[0]; read: an absolute, normal path; secrets: a name (grants.c). */
enum lua_grant { LUA_GRANT_HTTP, LUA_GRANT_EXEC, LUA_GRANT_READ, LUA_GRANT_SECRET, LUA_GRANT_MAIL };
bool lua_granted(const struct lua_grants *grants, enum lua_grant what, const char *wanted);
/* How much of what was wanted may be shown: of an address where it leads to, without the path, which may hold a secret. */
size_t lua_grant_shown(enum lua_grant what, const char *wanted);
/* The line to add, for a refusal. */
void lua_grant_line(enum lua_grant what, const char *wanted, struct str *out);

#endif
