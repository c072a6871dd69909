/*
 * Each kind of include is one function below.  What is costly is done once per world: the list of the project's files, the changes
 * against a base, and asking a server what a branch or tag means.
 */
#include "runner/plan/world.h"

#include "base/error.h"
#include "base/glob.h"
#include "base/map.h"
#include "runner/files/beneath.h"
#include "runner/files/walk.h"
#include "runner/net/url.h"
#include "runner/plan/include_cache.h"
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

struct change_list {
	git_paths paths;
	bool known;
};
struct remote_commit {
	const char *sha, *name;
};
static const char yes[] = "yes", no[] = "no";

static void log_message(struct project_world *w, struct arena *a, const char *what, const char *why)
{
	const char *text = w->o.log ? arena_printf(a, "%s; what was fetched before is used%s%s", what, *why ? ": " : "", why)
				    : NULL;

	if (text)
		w->o.log(w->o.payload, text);
}

/* ---- files of the project ---- */

static int read_local(struct project_world *w, const struct include_request *r, struct include_reply *reply, struct arena *a,
		      pipe_error *err)
{
	bool nomem;
	const char *path = path_clean(r->location, a, &nomem);
	int fd, rc;

	if (!path)
		return nomem ? error_nomem(err)
			     : error_set(err, PIPE_EUSAGE, "\"%s\" leaves the project: a path may not hold \"..\"", r->location);
	fd = beneath_open_follow(w->root, path, O_RDONLY | O_NONBLOCK);
	if (fd < 0 && errno == EXDEV)
		return error_set(err, PIPE_EUSAGE, "\"%s\" leaves the project through a symbolic link", r->location);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR
			       ? error_set(err, PIPE_ENOTFOUND, "there is no file \"%s\" in the project", r->location)
			       : error_errno(err, error_code_of(errno), errno, "%s", r->location);
	rc = fd_read_all(fd, r->location, r->max_bytes ? r->max_bytes : SIZE_MAX / 4, a, &reply->text, &reply->length, err);
	close(fd);
	reply->name = path;
	return rc;
}

/* ---- files of other projects ---- */

static int no_origin(const char *project, pipe_error *err)
{
	return error_set(
		err, PIPE_EUSAGE,
		"\"%s\" is a project on the server that this repository came from, but there is no remote \"origin\" that "
		"says which one",
		project);
}

static int project_url(struct project_world *w, const char *project, struct arena *a, const char **url, pipe_error *err)
{
	if (!url_is_project_path(project))
		return error_set(err, PIPE_EUSAGE, "\"%s\" is no project; it looks like group/project", project);
	if (!*w->origin.path)
		return no_origin(project, err);
	*url = url_sibling(&w->origin, project, a);
	return *url ? PIPE_OK : error_nomem(err);
}

static bool is_host(const char *text, size_t length)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-.:";

	for (size_t i = 0; i < length; i++)
		if (!strchr(allowed, text[i]))
			return false;
	return length && *text != '-' && *text != '.';
}

/* The server of origin is reached as origin is (by ssh, for instance); one without a host, a directory, is "localhost". */
static bool is_own_server(const struct project_world *w, const char *host, size_t length)
{
	const char *own = *w->origin.host ? w->origin.host : "localhost";
	const char *colon = memchr(host, ':', length);

	if (colon)
		length = (size_t)(colon - host);
	return *w->origin.path && strlen(own) == length && !strncasecmp(own, host, length);
}

/* "host/group/project" */
static int component_url(struct project_world *w, const char *address, struct arena *a, const char **url, pipe_error *err)
{
	size_t host = strcspn(address, "/");
	const char *project = address + host + (address[host] == '/');

	if (!is_host(address, host) || !url_is_project_path(project))
		return error_set(err, PIPE_EUSAGE, "\"%s\" is no component; it looks like host/group/project/name@version",
				 address);
	*url = is_own_server(w, address, host) ? url_sibling(&w->origin, project, a)
					       : arena_printf(a, "https://%.*s/%s.git", (int)host, address, project);
	return *url ? PIPE_OK : error_nomem(err);
}

static int origin_url(struct project_world *w, const struct include_origin *from, struct arena *a, const char **url,
		      pipe_error *err)
{
	return from->kind == INCLUDE_COMPONENT ? component_url(w, from->project, a, url, err)
					       : project_url(w, from->project, a, url, err);
}

static const char *cache_directory(struct project_world *w, struct arena *a)
{
	return arena_printf(a, "%s/includes", w->o.state_directory);
}

static bool remember(struct project_world *w, const char *key, const struct git_remote_reply *reply)
{
	struct remote_commit *c = ARENA_NEW(&w->a, struct remote_commit);
	const char *copy = arena_strdup(&w->a, key);

	if (!c || !copy || !(c->sha = arena_strdup(&w->a, reply->sha)) || !(c->name = arena_strdup(&w->a, reply->name)))
		return false;
	return map_put(&w->commits, &w->a, copy, strlen(copy), c);
}

/* What the user put into the address of origin is for that server, and no other. */
static bool is_sibling(const struct project_world *w, const char *url)
{
	return w->origin.before_path && !strncmp(url, w->origin.text, w->origin.before_path);
}

/* Within one load a ref means one commit, and the server is asked for it once. */
static int remote_file(struct project_world *w, struct git_remote_request *g, struct git_remote_reply *reply, struct arena *a,
		       pipe_error *err)
{
	const char *key = arena_printf(a, "%s %s", g->url, g->ref ? g->ref : "");
	const struct remote_commit *known = key ? map_get(&w->commits, key, strlen(key)) : NULL;
	int rc;

	g->cache_directory = cache_directory(w, a);
	g->offline = w->o.offline;
	g->login = is_sibling(w, g->url) ? w->o.git->login : "";
	if (!key || !g->cache_directory)
		return error_nomem(err);
	if (known)
		g->ref = known->sha;
	rc = git_remote_file(g, reply, a, err);
	if (rc)
		return rc;
	if (known)
		reply->name = known->name;
	else if (!remember(w, key, reply))
		return error_nomem(err);
	if (reply->stale)
		log_message(w, a, g->url, "the server cannot be reached");
	return PIPE_OK;
}

static int fill_project_reply(enum include_kind kind, const char *project, const char *path, const char *ref,
			      const struct git_remote_reply *got, struct include_reply *reply, struct arena *a, pipe_error *err)
{
	reply->text = got->text;
	reply->length = got->length;
	reply->name = arena_printf(a, "%s:%s@%s", project, path, ref ? ref : "HEAD");
	reply->origin = ARENA_NEW(a, struct include_origin);
	if (!reply->name || !reply->origin || !(reply->origin->project = arena_strdup(a, project)))
		return error_nomem(err);
	reply->origin->kind = kind;
	reply->origin->ref = got->sha;
	return PIPE_OK;
}

static int clean_remote_path(const char *path, struct arena *a, const char **out, pipe_error *err)
{
	bool nomem;

	*out = path_clean(path, a, &nomem);
	if (*out && **out)
		return PIPE_OK;
	return nomem ? error_nomem(err) : error_set(err, PIPE_EUSAGE, "\"%s\" is no path in a project", path);
}

static int read_project(struct project_world *w, enum include_kind kind, const char *project, const char *ref,
			const struct include_request *r, const char *url, struct include_reply *reply, struct arena *a,
			pipe_error *err)
{
	struct git_remote_request g = { .url = url, .ref = ref, .timeout_ms = r->timeout_ms, .max_bytes = r->max_bytes };
	struct git_remote_reply got;
	int rc = clean_remote_path(r->location, a, &g.path, err);

	if (rc == PIPE_OK)
		rc = remote_file(w, &g, &got, a, err);
	return rc ? rc : fill_project_reply(kind, project, g.path, ref, &got, reply, a, err);
}

static int read_of_origin(struct project_world *w, const struct include_request *r, struct include_reply *reply, struct arena *a,
			  pipe_error *err)
{
	const char *url;
	int rc = origin_url(w, r->from, a, &url, err);

	return rc ? rc : read_project(w, r->from->kind, r->from->project, r->from->ref, r, url, reply, a, err);
}

static int read_of_project(struct project_world *w, const struct include_request *r, struct include_reply *reply, struct arena *a,
			   pipe_error *err)
{
	const char *url;
	int rc = project_url(w, r->project, a, &url, err);

	return rc ? rc : read_project(w, INCLUDE_PROJECT, r->project, r->ref, r, url, reply, a, err);
}

/* ---- components ---- */

struct component {
	const char *project; /* host/group/project */
	const char *name, *version;
};

/* Either apart already, or the address as written: host/group/project/name@version. */
static int split_component(const struct include_request *r, struct component *c, struct arena *a, pipe_error *err)
{
	const char *at = r->ref ? NULL : strrchr(r->project, '@'), *slash, *name = r->location;
	size_t length = at ? (size_t)(at - r->project) : strlen(r->project);
	static const char templates[] = "templates/";

	c->version = r->ref ? r->ref : at ? at + 1 : "~latest";
	c->project = arena_strndup(a, r->project, length);
	if (!c->project)
		return error_nomem(err);
	if (!name || !*name) {
		slash = strrchr(c->project, '/');
		if (!slash)
			return error_set(err, PIPE_EUSAGE,
					 "\"%s\" is no component; it looks like host/group/project/name@version", r->project);
		name = slash + 1;
		c->project = arena_strndup(a, c->project, (size_t)(slash - c->project));
	}
	if (!strncmp(name, templates, sizeof(templates) - 1))
		name += sizeof(templates) - 1;
	length = strcspn(name, "/");
	if (!name[length] && length > 4 && !strcmp(name + length - 4, ".yml"))
		length -= 4;
	c->name = arena_strndup(a, name, length);
	return c->name && c->project ? PIPE_OK : error_nomem(err);
}

/* A component of this very project at the commit that is checked out: it need not have been pushed, so it is read here. */
static bool is_this_commit(const struct project_world *w, const struct component *c)
{
	size_t host = strcspn(c->project, "/");

	return c->project[host] && *w->o.git->sha && !strcmp(c->version, w->o.git->sha) && is_own_server(w, c->project, host) &&
	       !strcmp(c->project + host + 1, w->o.git->project_path);
}

static int read_template(struct project_world *w, const struct component *c, struct git_remote_request *g, const char *format,
			 struct git_remote_reply *got, struct arena *a, pipe_error *err)
{
	g->path = arena_printf(a, "templates/%s%s", c->name, format);
	return g->path ? remote_file(w, g, got, a, err) : error_nomem(err);
}

static int read_component(struct project_world *w, const struct include_request *r, struct include_reply *reply, struct arena *a,
			  pipe_error *err)
{
	struct git_remote_request g = { .timeout_ms = r->timeout_ms, .max_bytes = r->max_bytes };
	struct git_remote_reply got;
	struct component c = { .name = NULL };
	const char *ref;
	bool here;
	int rc = split_component(r, &c, a, err);

	if (rc == PIPE_OK)
		rc = component_url(w, c.project, a, &g.url, err);
	if (rc)
		return rc;
	here = is_this_commit(w, &c);
	if (here)
		g.url = w->o.project_directory;
	/* A version may be a commit, a tag, a branch, or part of a version: git.h says how it is told. */
	ref = *c.version == '~' || strlen(c.version) == 40 ? c.version : arena_printf(a, "~%s", c.version);
	if (!ref)
		return error_nomem(err);
	g.ref = ref;
	rc = read_template(w, &c, &g, ".yml", &got, a, err);
	g.ref = ref;
	if (rc == PIPE_ENOTFOUND)
		rc = read_template(w, &c, &g, "/template.yml", &got, a, err);
	if (rc == PIPE_OK)
		rc = fill_project_reply(INCLUDE_COMPONENT, c.project, g.path, c.version, &got, reply, a, err);
	if (here)
		reply->origin = NULL; /* its own local files are the project's */
	reply->component_name = c.name;
	reply->component_reference = c.version;
	if (rc == PIPE_OK) {
		reply->component_sha = got.sha;
		reply->component_version = *got.name ? got.name : got.sha;
	}
	return rc;
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
		log_message(w, a, url.text, why);
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
				      struct arena *, pipe_error *) = { [INCLUDE_LOCAL] = read_local,
									[INCLUDE_REMOTE] = read_url,
									[INCLUDE_PROJECT] = read_of_project,
									[INCLUDE_COMPONENT] = read_component,
									[INCLUDE_TEMPLATE] = no_template };

	*reply = (struct include_reply){ .name = NULL };
	if (r->kind == INCLUDE_LOCAL && r->from && r->from->project)
		return read_of_origin(context, r, reply, a, err);
	return readers[r->kind](context, r, reply, a, err);
}

/* ---- globs ---- */

struct matching {
	const char *glob; /* NULL: everything */
	path_list *out;
	struct arena *a;
};

static int match_entry(void *context, struct walk_entry *e, pipe_error *err)
{
	struct matching *m = context;
	const char **p, *copy;

	if (e->type == WALK_DIRECTORY)
		e->enter = !m->glob || glob_may_match_below(m->glob, e->path);
	if (e->type == WALK_DIRECTORY || e->type == WALK_SPECIAL || (m->glob && !glob_match(m->glob, e->path)))
		return PIPE_OK;
	copy = arena_strdup(m->a, e->path);
	p = copy ? vec_push(m->a, m->out) : NULL;
	if (!p)
		return error_nomem(err);
	*p = copy;
	return PIPE_OK;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int match_of_origin(struct project_world *w, const struct include_origin *from, const char *glob, path_list *out,
			   struct arena *a, pipe_error *err)
{
	const char *url, *cache = cache_directory(w, a);
	git_paths found = { 0 };
	int rc = cache ? origin_url(w, from, a, &url, err) : error_nomem(err);

	if (rc == PIPE_OK)
		rc = git_remote_match(url, from->ref, glob, cache, &found, a, err);
	for (uint32_t i = 0; rc == PIPE_OK && i < found.count; i++) {
		const char **p = vec_push(a, out);
		if (!p)
			return error_nomem(err);
		*p = found.items[i];
	}
	return rc;
}

static int world_match(void *context, const struct include_origin *from, const char *glob, path_list *out, struct arena *a,
		       pipe_error *err)
{
	struct project_world *w = context;
	bool nomem;
	const char *clean = path_clean(glob, a, &nomem);
	struct matching m = { clean, out, a };
	uint32_t before = out->count;
	int rc;

	if (!clean)
		return nomem ? error_nomem(err)
			     : error_set(err, PIPE_EUSAGE, "\"%s\" leaves the project: a path may not hold \"..\"", glob);
	if (from && from->project)
		return match_of_origin(w, from, clean, out, a, err);
	rc = walk_tree(w->o.project_directory, match_entry, &m, err);
	if (out->count > before)
		qsort(out->items + before, out->count - before, sizeof(*out->items), by_text);
	return rc;
}

/* ---- exists ---- */

static int stop_at_file(void *context, struct walk_entry *e, pipe_error *err)
{
	(void)err;
	*(bool *)context = e->type != WALK_DIRECTORY;
	return e->type == WALK_DIRECTORY ? PIPE_OK : PIPE_EBUSY;
}

/* A file, or a directory that holds one. */
static int path_exists(struct project_world *w, const char *path, bool *found, pipe_error *err)
{
	int fd = *path ? beneath_open_follow(w->root, path, O_PATH) : -1, rc = PIPE_OK;
	struct stat st;
	char *full;

	*found = false;
	if (fd < 0)
		return PIPE_OK;
	if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode)) {
		*found = true;
	} else if (asprintf(&full, "%s/%s", w->o.project_directory, path) < 0) {
		rc = error_nomem(err);
	} else {
		rc = walk_tree(full, stop_at_file, found, err);
		free(full);
	}
	close(fd);
	return *found ? PIPE_OK : rc;
}

static int list_files(struct project_world *w, pipe_error *err)
{
	struct matching all = { NULL, &w->files, &w->a };
	int rc = w->listed ? PIPE_OK : walk_tree(w->o.project_directory, match_entry, &all, err);

	w->listed = rc == PIPE_OK;
	return rc;
}

static int glob_exists(struct project_world *w, const char *glob, bool *found, pipe_error *err)
{
	int rc = list_files(w, err);

	*found = false;
	for (uint32_t i = 0; rc == PIPE_OK && !*found && i < w->files.count; i++)
		*found = glob_match(glob, w->files.items[i]);
	return rc;
}

static int exists_here(struct project_world *w, const char *glob, bool *found, pipe_error *err)
{
	const char *clean = path_clean(glob, &w->a, NULL);
	const char *known = clean ? map_get(&w->globs, clean, strlen(clean)) : no;
	int rc;

	*found = known == yes;
	if (known)
		return PIPE_OK;
	rc = glob_is_pattern(clean) ? glob_exists(w, clean, found, err) : path_exists(w, clean, found, err);
	if (rc == PIPE_OK && !map_put(&w->globs, &w->a, clean, strlen(clean), (void *)(uintptr_t)(*found ? yes : no)))
		rc = error_nomem(err);
	return rc;
}

static int exists_there(struct project_world *w, const char *project, const char *ref, const char *glob, bool *found,
			pipe_error *err)
{
	struct arena a = ARENA_INIT;
	struct git_remote_request g = { .ref = ref };
	struct git_remote_reply got;
	git_paths paths = { 0 };
	int rc = project_url(w, project, &a, &g.url, err);

	if (rc == PIPE_OK)
		rc = remote_file(w, &g, &got, &a, err);
	if (rc == PIPE_OK)
		rc = git_remote_match(g.url, got.sha, glob, g.cache_directory, &paths, &a, err);
	*found = paths.count > 0;
	arena_clear(&a);
	return rc;
}

static int world_exists(void *context, const char *project, const char *ref, const char *const *globs, size_t count, bool *found,
			pipe_error *err)
{
	int rc = PIPE_OK;

	*found = false;
	for (size_t i = 0; rc == PIPE_OK && !*found && i < count; i++)
		rc = project ? exists_there(context, project, ref, globs[i], found, err)
			     : exists_here(context, globs[i], found, err);
	return rc;
}

/* ---- changes ---- */

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
