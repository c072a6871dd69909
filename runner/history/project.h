/* A project: a directory and its history, the root that plans and runs hang from. */
#ifndef RUNNER_PROJECT_H
#define RUNNER_PROJECT_H

#include "base/arena.h"
#include "lua/host.h"
#include "lua/limits.h"
#include "pipe.h"

struct evidence_db;
struct store;

/* What the operator (the embedding program, the command line) says of Lua; every field is filled in.  See pipe_project_lua. */
struct project_lua {
	const struct lua_host_function *functions; /* ended by one without a name; NULL: none.  In the project's arena */
	struct lua_limits most;			   /* a pipeline file may ask for */
	struct lua_limits defaults;		   /* where it says nothing; never more than `most` */
};

struct pipe_project {
	const char *directory;	      /* absolute, no trailing slash (but for "/") */
	const char *state_directory;  /* likewise; it need not exist */
	struct store *reader;	      /* NULL until project_store opens it */
	struct evidence_db *evidence; /* NULL until project_evidence opens it */
	void (*log)(void *payload, const char *message);
	void *payload;
	struct arena arena; /* for strings that belong to the project */
	struct project_lua lua;
};

/* A warning of the library's own, a sentence. */
void project_log(const struct pipe_project *project, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The connection for reading, opened when first asked for and kept.  PIPE_ENOTFOUND: there is no history yet. */
int project_store(struct pipe_project *project, struct store **out, pipe_error *err);
/* The same for the evidence; *out NULL: there is none. */
int project_evidence(struct pipe_project *project, struct evidence_db **out, pipe_error *err);
/* Before the operator said anything (runner/lua/pipe_lua.c). */
void project_lua_init(struct project_lua *lua);

#endif
