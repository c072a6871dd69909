/*
 * What scripts of a run see of the world: the files of its workspace, its evidence and that of its baseline, the history, the plan.
 * Connections are opened when a script first asks; a host serves one call at a time, on any thread.
 */
#ifndef RUNNER_LUA_HOST_HOST_H
#define RUNNER_LUA_HOST_HOST_H

#include "lua/host.h"
#include "pipeline/plan/plan.h"
#include "runner/evidence/evidence.h"

struct run_host_options {
	const char *state_directory, *project_directory;
	const char *workspace;			  /* absolute; NULL: no files */
	const struct lua_grants *grants;	  /* read */
	int64_t run;				  /* 0: none yet */
	uint32_t job;				  /* UINT32_MAX: the run itself */
	const char *base;			  /* the job's base name; or NULL */
	const struct plan *plan;		  /* ctx.graph; NULL: of a run of the past: as far as the history tells */
	const struct evidence_baseline *baseline; /* NULL: looked for */
	/* Of this run's own: metrics, findings and annotations; NULL: not kept. */
	const struct evidence_sink *sink;
	int (*annotate)(void *payload, const char *label, const char *text, const char *url, pipe_error *err);
	/* Rows of the history are about to be read: returns when all that has happened so far is in the history.  NULL: it is. */
	void (*fresh)(void *session);
	void *session;
	void *payload;
	const struct lua_host_function *functions; /* of the embedding program; or NULL */
};

struct run_host;
int run_host_create(struct run_host **out, const struct run_host_options *options,
		    pipe_error *err); /* options are copied, and what they point to outlives the host */
const struct lua_host *run_host(const struct run_host *h);
void run_host_free(struct run_host *h);

#endif
