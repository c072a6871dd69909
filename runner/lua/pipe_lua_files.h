/*
 * The Lua files of a project: found, read once, and named by their paths from the project's directory.  What somebody names from the current
 * directory is looked up in the project; nothing outside of it is read.
 */
#ifndef RUNNER_LUA_FILES_H
#define RUNNER_LUA_FILES_H

#include "base/map.h"
#include "base/vec.h"
#include "lua/engine.h"

struct lua_files {
	const char *directory; /* the project's */
	int root;	       /* it, open */
	struct arena arena;
	struct map sources;	 /* by path -> struct lua_source */
	VEC(const char *) paths; /* that were found, in order */
};

int lua_files_open(struct lua_files *f, const struct pipe_project *project, pipe_error *err);
/* After the engine that was fed from it. */
void lua_files_close(struct lua_files *f);

/* Adds to `paths`: the files, and those below the directories that end in `suffix`.  names NULL: all of the project that do. */
int lua_files_find(struct lua_files *f, const char *const *names, const char *suffix, pipe_error *err);
/* A file by its path in the project; the same each time. */
int lua_files_source(struct lua_files *f, const char *path, const struct lua_source **out, pipe_error *err);
/* lua_test_options.source: beside the file `from`, else in the project. */
int lua_files_beside(void *payload, const char *name, const char *from, const struct lua_source **out, pipe_error *err);
/* A path from the current directory as one of the project; NULL: err says why not. */
const char *lua_files_inside(struct lua_files *f, const char *name, pipe_error *err);

#endif
