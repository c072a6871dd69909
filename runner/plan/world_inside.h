/* Inside the world of a project: what its files share. */
#ifndef RUNNER_PLAN_WORLD_INSIDE_H
#define RUNNER_PLAN_WORLD_INSIDE_H

#include "base/map.h"
#include "runner/net/url.h"
#include "runner/plan/world.h"

struct project_world {
	struct world world;
	struct project_world_options o;
	struct arena a;
	struct url origin;
	int root;
	bool listed;
	path_list files;    /* of the work tree, once listed */
	struct map globs;   /* what exists has answered: -> yes or no */
	struct map changes; /* by base ("": the usual one) -> struct change_list */
	struct map commits; /* by "URL ref" -> struct remote_commit */
};

/* What was fetched before is used, and why. */
void world_log_stale(struct project_world *w, struct arena *a, const char *what, const char *why);

/* ---- world_files.c: files of the project ---- */
int world_read_local(struct project_world *w, const struct include_request *r, struct include_reply *reply, struct arena *a,
		     pipe_error *err);
/* Adds the files that match, in the order of their names. */
int world_match_local(struct project_world *w, const char *glob, path_list *out, struct arena *a, pipe_error *err);
/* Is there a file that matches, or lies in a directory that does? */
int world_exists_local(struct project_world *w, const char *glob, bool *found, pipe_error *err);

/* ---- world_remote.c: files of other projects, and components, through Git ---- */
/* What a file of another project includes as its own. */
int world_read_of_origin(struct project_world *w, const struct include_request *r, struct include_reply *reply, struct arena *a,
			 pipe_error *err);
int world_read_of_project(struct project_world *w, const struct include_request *r, struct include_reply *reply, struct arena *a,
			  pipe_error *err);
int world_read_component(struct project_world *w, const struct include_request *r, struct include_reply *reply, struct arena *a,
			 pipe_error *err);
int world_match_remote(struct project_world *w, const struct include_origin *from, const char *glob, path_list *out,
		       struct arena *a, pipe_error *err);
int world_exists_remote(struct project_world *w, const char *project, const char *ref, const char *glob, bool *found,
			pipe_error *err);

#endif
