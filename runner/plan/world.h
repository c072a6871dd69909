/* The world of pipeline/plan/world.h for a real project: its files, HTTP, Git; with the cache of fetched includes in <state>/includes. */
#ifndef RUNNER_WORLD_H
#define RUNNER_WORLD_H

#include "pipeline/plan/world.h"
#include "runner/git/git.h"

struct project_world;

struct project_world_options {
	const char *project_directory, *state_directory;
	const struct git_facts *git; /* outlives the world */
	bool offline;
	const struct world_lua *lua;			 /* outlives the world; or NULL */
	bool is_schedule;				 /* nothing to compare with */
	const char *merge_target;			 /* merge request pipelines compare with this branch; or NULL */
	void (*log)(void *payload, const char *message); /* "…: not reachable, using the copy of before"; NULL: dropped */
	void *payload;
};
/* The strings of options are borrowed.  What `changes` lists lives as long as the world: a file that 10,000 jobs ask for is read once. */
int project_world_create(struct project_world **out, const struct project_world_options *options, pipe_error *err);
const struct world *project_world(struct project_world *w);
void project_world_free(struct project_world *w);

#endif
