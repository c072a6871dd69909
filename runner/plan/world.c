/*
 * The world of a project, on one page: which file answers what (world_files.c, world_remote.c), includes by URL, what has changed.  What is
 * costly is done once per world: the list of the project's files, the changes against a base, and asking a server what a branch or tag
 * means.
 */
#include "runner/plan/world_inside.h"

#include "base/error.h"
#include "runner/files/beneath.h"
#include "runner/plan/include_cache.h"
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void world_log_stale(struct project_world *w, struct arena *a, const char *what, const char *why)
{
	const char *text = w->o.log ? arena_printf(a, "%s; what was fetched before is used%s%s", what, *why ? ": " : "", why)
				    : NULL;

	if (text)
		w->o.log(w->o.payload, text);
}

/* ---- by URL, and the table of kinds ---- */

static int read_url(struct project_world *w, const struct include_request *r, struct include_reply *reply, struct arena *a,
		    pipe_error *err)
{
	struct include_cached f = { .state_directory = w->o.state_directory,
				    .url = r->location,
				    .integrity = r->integrity,
				    .max_bytes = r->max_bytes ? r->max_bytes : SIZE_MAX / 4,
				    .timeout_ms = r->timeout_ms,
				    .offline = w->o.offline };
	const char *why = "";
	struct url url;
	bool stale;
	int rc = url_parse(r->location, a, &url) ? PIPE_OK : error_nomem(err);

	if (rc == PIPE_OK)
		rc = include_cache_fetch(&f, a, &reply->text, &reply->length, &stale, &why, err);
	if (rc)
		return rc;
	reply->name = url.text;
	if (stale)
		world_log_stale(w, a, url.text, why);
	return PIPE_OK;
}

static int no_template(struct project_world *w, const struct include_request *r, struct include_reply *reply, struct arena *a,
		       pipe_error *err)
{
	(void)w, (void)reply, (void)a;
	return error_set(err, PIPE_EUNSUPPORTED,
			 "the template \"%s\" is part of GitLab and not here; include it by its URL instead", r->location);
}

static int world_read(void *context, const struct include_request *r, struct include_reply *reply, struct arena *a,
		      pipe_error *err)
{
	static int (*const readers[])(struct project_world *, const struct include_request *, struct include_reply *,
				      struct arena *, pipe_error *) = { [INCLUDE_LOCAL] = world_read_local,
									[INCLUDE_REMOTE] = read_url,
									[INCLUDE_PROJECT] = world_read_of_project,
									[INCLUDE_COMPONENT] = world_read_component,
									[INCLUDE_TEMPLATE] = no_template };

	*reply = (struct include_reply){ .name = NULL };
	if (r->kind == INCLUDE_LOCAL && r->from && r->from->project)
		return world_read_of_origin(context, r, reply, a, err);
	return readers[r->kind](context, r, reply, a, err);
}

/* ---- globs ---- */

static int world_match(void *context, const struct include_origin *from, const char *glob, path_list *out, struct arena *a,
		       pipe_error *err)
{
	bool nomem;
	const char *clean = path_clean(glob, a, &nomem);

	if (!clean)
		return nomem ? error_nomem(err)
			     : error_set(err, PIPE_EUSAGE, "\"%s\" leaves the project: a path may not hold \"..\"", glob);
	return from && from->project ? world_match_remote(context, from, clean, out, a, err)
				     : world_match_local(context, clean, out, a, err);
}

static int world_exists(void *context, const char *project, const char *ref, const char *const *globs, size_t count, bool *found,
			pipe_error *err)
{
	int rc = PIPE_OK;

	*found = false;
	for (size_t i = 0; rc == PIPE_OK && !*found && i < count; i++)
		rc = project ? world_exists_remote(context, project, ref, globs[i], found, err)
			     : world_exists_local(context, globs[i], found, err);
	return rc;
}

/* ---- changes ---- */

struct change_list {
	git_paths paths;
	bool known;
};

static int find_changes(struct project_world *w, const char *compare_to, struct change_list *out, pipe_error *err)
{
	const char *base = compare_to ? compare_to : w->o.merge_target;
	int rc;

	if (!w->o.git->is_repository || (w->o.is_schedule && !compare_to))
		return PIPE_OK;
	rc = git_changes(w->o.git->work_tree, base, &out->paths, &out->known, &w->a, err);
	if (rc == PIPE_ENOTFOUND && !compare_to)
		rc = PIPE_OK; /* a merge into a branch that was never fetched: nothing to compare with */
	return rc;
}

static int world_changes(void *context, const char *compare_to, path_list *out, bool *known, struct arena *a, pipe_error *err)
{
	struct project_world *w = context;
	const char *key = compare_to ? compare_to : "";
	struct change_list *c = map_get(&w->changes, key, strlen(key));
	int rc;

	(void)a;
	if (!c) {
		c = ARENA_NEW(&w->a, struct change_list);
		key = arena_strdup(&w->a, key);
		if (!c || !key)
			return error_nomem(err);
		rc = find_changes(w, compare_to, c, err);
		if (rc)
			return rc;
		if (!map_put(&w->changes, &w->a, key, strlen(key), c))
			return error_nomem(err);
	}
	*known = c->known;
	out->items = c->paths.items;
	out->count = out->capacity = c->paths.count; /* full: whoever pushes to it gets a copy */
	return PIPE_OK;
}

/* ---- the world ---- */

int project_world_create(struct project_world **out, const struct project_world_options *options, pipe_error *err)
{
	struct project_world *w = calloc(1, sizeof(*w));
	int rc;

	*out = NULL;
	if (!w)
		return error_nomem(err);
	w->o = *options;
	rc = root_open(options->project_directory, &w->root, err);
	if (rc == PIPE_OK && !url_parse(options->git->remote, &w->a, &w->origin))
		rc = error_nomem(err);
	if (rc) {
		project_world_free(w);
		return rc;
	}
	w->world = (struct world){ .context = w,
				   .read = world_read,
				   .match = world_match,
				   .exists = world_exists,
				   .changes = world_changes,
				   .lua = options->lua };
	*out = w;
	return PIPE_OK;
}

const struct world *project_world(struct project_world *w)
{
	return &w->world;
}

void project_world_free(struct project_world *w)
{
	if (!w)
		return;
	if (w->root >= 0)
		close(w->root);
	arena_clear(&w->a);
	free(w);
}
