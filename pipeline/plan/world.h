/*
 * What reading a pipeline needs from outside.  pipeline/ opens no file and no socket: whoever loads hands in one of these (runner/
 * brings files, HTTP and git; a test brings a table).  All calls are made on the loading thread; text is allocated in `a`.
 */
#ifndef PIPELINE_WORLD_H
#define PIPELINE_WORLD_H

#include "base/arena.h"
#include "base/vec.h"
#include "pipe.h"
#include <stdbool.h>
#include <stddef.h>

struct diagnostics;
struct lua_settings;
struct lua_text;
struct node;
struct scope;
struct uses_type;

enum include_kind { INCLUDE_LOCAL, INCLUDE_REMOTE, INCLUDE_PROJECT, INCLUDE_COMPONENT, INCLUDE_TEMPLATE };

/* One file to bring.  All texts are expanded already. */
struct include_request {
	enum include_kind kind;
	const char *
		location; /* local: path in the project (no leading "/"); remote: URL; project, component: path of the file in it */
	const char *project;   /* project: "group/project"; component: "host/group/project" or the address as written */
	const char *ref;       /* project, component: branch, tag or SHA, "~latest"; NULL: HEAD */
	const char *integrity; /* remote: "sha256-BASE64"; or NULL */
	/* Whose local files these are: NULL for the project itself, otherwise the origin of the file that includes (a file that
	 * came from another project includes local files of that project at that commit). */
	const struct include_origin *from;
	uint64_t max_bytes;
	uint32_t timeout_ms;
};

/* Where a file came from; enough to resolve its own local includes. */
struct include_origin {
	enum include_kind kind;
	const char *project, *ref; /* project and component; ref is the resolved commit */
};

struct include_reply {
	const char *name; /* as the user would name it, for diagnostics */
	const char *text; /* NUL-terminated after length bytes */
	size_t length;
	struct include_origin *origin; /* NULL: the project itself, or a URL */
	/* component: what $[[ component.name ]] and its like mean */
	const char *component_name, *component_sha, *component_version, *component_reference;
};

typedef VEC(const char *) path_list;

/* Lua, as reading and planning need it.  Errors of a script: PIPE_EPIPELINE with file, line and a sentence in err. */
struct world_lua {
	void *context;
	/* What the file's own `lua` says, before anything of it is called but a pipeline.lua that nothing includes; called once more when
	 * all is merged.  Lives as long as the load's arena. */
	void (*settle)(void *context, const struct lua_settings *settings);
	/* Is it Lua at all?  condition: a rule's, for which an expression will do. */
	int (*check)(void *context, const struct lua_text *code, bool condition, pipe_error *err);
	/* A rule's condition. */
	int (*condition)(void *context, const struct lua_text *code, const struct scope *scope, bool *holds, pipe_error *err);
	/* What a Lua file returns, as the nodes that YAML would have become; source: the file's index.  with: ctx.with; or NULL.
	 * NULL: reported in d. */
	struct node *(*pipeline)(void *context, const struct lua_text *code, uint16_t source, const struct scope *scope,
				 const struct node *with, struct arena *a, struct diagnostics *d);
	/* The type of stage that a Lua file is; its `name` is how the pipeline file calls it.  NULL: reported in d. */
	const struct uses_type *(*stage)(void *context, const struct lua_text *code, struct arena *a, struct diagnostics *d);
};

struct world {
	void *context;
	/* One file.  A sentence in err says why it cannot be had. */
	int (*read)(void *context, const struct include_request *request, struct include_reply *reply, struct arena *a,
		    pipe_error *err);
	/* Paths of `from` (as above) that match a glob, sorted. */
	int (*match)(void *context, const struct include_origin *from, const char *glob, path_list *out, struct arena *a,
		     pipe_error *err);
	/* rules:exists: does a file of the project's work tree match one of the globs?  (project, ref: of another one.) */
	int (*exists)(void *context, const char *project, const char *ref, const char *const *globs, size_t count, bool *found,
		      pipe_error *err);
	/* rules:changes: the paths that differ from what the pipeline is compared with (compare_to: a ref, or NULL for the usual base).
	 * *known false: there is nothing to compare with (a new branch, a schedule): then every `changes` is true. */
	int (*changes)(void *context, const char *compare_to, path_list *out, bool *known, struct arena *a, pipe_error *err);
	const struct world_lua *lua; /* NULL: there is no Lua here */
};

#endif
