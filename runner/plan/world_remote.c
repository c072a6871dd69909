/*
 * Files of other projects, and components: from the server that the file names, or that origin is on.  Within one load a ref means one
 * commit, and the server is asked for it once.
 */
#include "runner/plan/world_inside.h"

#include "base/error.h"
#include "runner/files/beneath.h"
#include <string.h>

struct remote_commit {
	const char *sha, *name;
};

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
		world_log_stale(w, a, g->url, "the server cannot be reached");
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

int world_read_of_origin(struct project_world *w, const struct include_request *r, struct include_reply *reply, struct arena *a,
			 pipe_error *err)
{
	const char *url;
	int rc = origin_url(w, r->from, a, &url, err);

	return rc ? rc : read_project(w, r->from->kind, r->from->project, r->from->ref, r, url, reply, a, err);
}

int world_read_of_project(struct project_world *w, const struct include_request *r, struct include_reply *reply, struct arena *a,
			  pipe_error *err)
{
	const char *url;
	int rc = project_url(w, r->project, a, &url, err);

	return rc ? rc : read_project(w, INCLUDE_PROJECT, r->project, r->ref, r, url, reply, a, err);
}

int world_match_remote(struct project_world *w, const struct include_origin *from, const char *glob, path_list *out,
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

int world_exists_remote(struct project_world *w, const char *project, const char *ref, const char *glob, bool *found,
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

int world_read_component(struct project_world *w, const struct include_request *r, struct include_reply *reply, struct arena *a,
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
