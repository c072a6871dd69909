/*
 * Files of other repositories, from the cache: <cache>/git/<hash of the address>.git, bare.  Only refs that are moving cost a
 * connection; a commit that is here is never asked for again.
 */
#include "base/error.h"
#include "base/glob.h"
#include "base/vec.h"
#include "runner/git/git.h"
#include "runner/git/git_fetch.h"
#include "runner/git/git_library.h"
#include "runner/git/git_version.h"
#include <stdlib.h>
#include <string.h>

struct cached {
	struct git_session s;
	git_repository *repository; /* NULL: nothing has been fetched yet */
	char *directory;
	struct arena *a;
};

static int cached_open(struct cached *c, const char *url, const char *cache_directory, struct arena *a, pipe_error *err)
{
	char hash[GIT_OID_HEXSZ + 1];
	git_oid oid;
	int rc = git_session_open(&c->s, err);

	if (rc)
		return rc;
	c->a = a;
	if (c->s.lib.git_odb_hash(&oid, url, strlen(url), GIT_OBJECT_BLOB))
		return git_session_error(&c->s, PIPE_EIO, err, url);
	c->s.lib.git_oid_tostr(hash, sizeof(hash), &oid);
	c->directory = arena_printf(a, "%s/git/%s.git", cache_directory, hash);
	if (!c->directory)
		return error_nomem(err);
	if (c->s.lib.git_repository_open_bare(&c->repository, c->directory))
		c->repository = NULL;
	return PIPE_OK;
}

static void cached_close(struct cached *c)
{
	if (c->repository)
		c->s.lib.git_repository_free(c->repository);
	git_session_close(&c->s);
}

/* ---- refs ---- */

static bool commit_at(struct cached *c, const char *name, git_oid *out)
{
	const struct git_library *g = &c->s.lib;
	git_object *object, *commit;
	bool found;

	if (!c->repository || g->git_revparse_single(&object, c->repository, name))
		return false;
	found = !g->git_object_peel(&commit, object, GIT_OBJECT_COMMIT);
	if (found) {
		*out = *g->git_object_id(commit);
		g->git_object_free(commit);
	}
	g->git_object_free(object);
	return found;
}

/* What the ref meant when it was last fetched; NULL: unknown. */
static const char *name_in_cache(struct cached *c, const char *ref)
{
	const struct git_library *g = &c->s.lib;
	VEC(const char *) names = { 0 };
	git_reference_iterator *all;
	git_reference *one;
	long i;

	if (!c->repository)
		return NULL;
	if (!ref)
		return GIT_FETCH_HEAD;
	if (g->git_reference_iterator_glob_new(&all, c->repository, "refs/*"))
		return NULL;
	while (!g->git_reference_next(&one, all)) {
		const char **p = vec_push(c->a, &names);
		if (p && !(*p = arena_strdup(c->a, g->git_reference_name(one))))
			names.count--;
		g->git_reference_free(one);
	}
	g->git_reference_iterator_free(all);
	i = git_version_choose(names.items, names.count, ref);
	return i < 0 ? NULL : names.items[i];
}

static const char *short_name(const char *full)
{
	static const char *const prefixes[] = { "refs/heads/", "refs/tags/" };

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (!strncmp(full, prefixes[i], strlen(prefixes[i])))
			return full + strlen(prefixes[i]);
	return "";
}

static int not_here(const struct git_remote_request *r, pipe_error *err)
{
	return error_set(err, PIPE_ENOTFOUND, "%s: \"%s\" has not been fetched yet, and this is offline", r->url,
			 r->ref ? r->ref : "HEAD");
}

static int from_cache(struct cached *c, const struct git_remote_request *r, git_oid *commit, const char **name, pipe_error *err)
{
	const char *full = git_is_sha(r->ref) ? r->ref : name_in_cache(c, r->ref);

	if (!full || !commit_at(c, full, commit))
		return not_here(r, err);
	*name = git_is_sha(r->ref) ? "" : short_name(full);
	return PIPE_OK;
}

static int from_server(struct cached *c, const struct git_remote_request *r, git_oid *commit, const char **name, pipe_error *err)
{
	char full[GIT_FETCH_NAME] = "";
	int rc = git_fetch(c->directory, r, full, err);

	if (rc)
		return rc;
	if (c->repository)
		c->s.lib.git_repository_free(c->repository);
	c->repository = NULL;
	if (c->s.lib.git_repository_open_bare(&c->repository, c->directory))
		return git_session_error(&c->s, PIPE_EIO, err, c->directory);
	if (!commit_at(c, *full ? full : r->ref, commit))
		return error_set(err, PIPE_ENOTFOUND, "%s has no commit \"%s\"", r->url, r->ref ? r->ref : "HEAD");
	*name = arena_strdup(c->a, short_name(full));
	return *name ? PIPE_OK : error_nomem(err);
}

static int find_commit(struct cached *c, const struct git_remote_request *r, git_oid *commit, const char **name, bool *stale,
		       pipe_error *err)
{
	int rc = PIPE_ENOTFOUND;

	if (r->offline || git_is_sha(r->ref))
		rc = from_cache(c, r, commit, name, err);
	if (rc == PIPE_OK || r->offline)
		return rc;
	rc = from_server(c, r, commit, name, err);
	if (rc == PIPE_ENETWORK && from_cache(c, r, commit, name, NULL) == PIPE_OK) {
		*stale = true;
		rc = PIPE_OK;
	}
	return rc;
}

/* ---- content ---- */

static int tree_of(struct cached *c, const git_oid *commit, git_tree **out, pipe_error *err)
{
	git_commit *object;
	int rc = c->s.lib.git_commit_lookup(&object, c->repository, commit);

	if (!rc) {
		rc = c->s.lib.git_commit_tree(out, object);
		c->s.lib.git_commit_free(object);
	}
	return rc ? git_session_error(&c->s, PIPE_EIO, err, c->directory) : PIPE_OK;
}

static int copy_blob(struct cached *c, const git_oid *id, const struct git_remote_request *r, struct git_remote_reply *reply,
		     pipe_error *err)
{
	const struct git_library *g = &c->s.lib;
	git_blob *blob;
	uint64_t size;
	int rc = PIPE_OK;

	if (g->git_blob_lookup(&blob, c->repository, id))
		return git_session_error(&c->s, PIPE_EIO, err, r->path);
	size = (uint64_t)g->git_blob_rawsize(blob);
	if (r->max_bytes && size > r->max_bytes) {
		rc = error_set(err, PIPE_ELIMIT, "%s: %s is too large: %llu bytes, at most %llu are read", r->url, r->path,
			       (unsigned long long)size, (unsigned long long)r->max_bytes);
	} else {
		reply->length = (size_t)size;
		reply->text = arena_strndup(c->a, g->git_blob_rawcontent(blob), (size_t)size);
		if (!reply->text)
			rc = error_nomem(err);
	}
	g->git_blob_free(blob);
	return rc;
}

static int read_path(struct cached *c, const git_oid *commit, const struct git_remote_request *r, struct git_remote_reply *reply,
		     pipe_error *err)
{
	const struct git_library *g = &c->s.lib;
	git_tree_entry *entry;
	git_tree *tree;
	int rc = tree_of(c, commit, &tree, err);

	if (rc)
		return rc;
	if (g->git_tree_entry_bypath(&entry, tree, r->path)) {
		rc = error_set(err, PIPE_ENOTFOUND, "%s has no file \"%s\" at %s", r->url, r->path, r->ref ? r->ref : "HEAD");
	} else {
		rc = g->git_tree_entry_type(entry) == GIT_OBJECT_BLOB
			     ? copy_blob(c, g->git_tree_entry_id(entry), r, reply, err)
			     : error_set(err, PIPE_ENOTFOUND, "%s: \"%s\" is a directory", r->url, r->path);
		g->git_tree_entry_free(entry);
	}
	g->git_tree_free(tree);
	return rc;
}

int git_remote_file(const struct git_remote_request *request, struct git_remote_reply *reply, struct arena *a, pipe_error *err)
{
	struct cached c = { .repository = NULL };
	char sha[GIT_OID_HEXSZ + 1];
	git_oid commit;
	int rc = cached_open(&c, request->url, request->cache_directory, a, err);

	*reply = (struct git_remote_reply){ .name = "" };
	if (rc == PIPE_OK)
		rc = find_commit(&c, request, &commit, &reply->name, &reply->stale, err);
	if (rc == PIPE_OK && request->path)
		rc = read_path(&c, &commit, request, reply, err);
	if (rc == PIPE_OK && !(reply->sha = arena_strdup(a, c.s.lib.git_oid_tostr(sha, sizeof(sha), &commit))))
		rc = error_nomem(err);
	cached_close(&c);
	return rc;
}

/* ---- globs ---- */

struct matching {
	struct cached *c;
	const char *glob;
	git_paths *out;
	bool nomem;
};

static int match_entry(const char *root, const git_tree_entry *entry, void *payload)
{
	struct matching *m = payload;
	const struct git_library *g = &m->c->s.lib;
	const char *path = arena_printf(m->c->a, "%s%s", root, g->git_tree_entry_name(entry)), **p;

	if (!path)
		goto nomem;
	if (g->git_tree_entry_type(entry) == GIT_OBJECT_TREE)
		return glob_may_match_below(m->glob, path) ? 0 : 1;
	if (g->git_tree_entry_type(entry) != GIT_OBJECT_BLOB || !glob_match(m->glob, path))
		return 0;
	p = vec_push(m->c->a, m->out);
	if (p) {
		*p = path;
		return 0;
	}
nomem:
	m->nomem = true;
	return -1;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int git_remote_match(const char *url, const char *sha, const char *glob, const char *cache_directory, git_paths *out,
		     struct arena *a, pipe_error *err)
{
	struct cached c = { .repository = NULL };
	struct matching m = { .c = &c, .glob = glob, .out = out };
	git_tree *tree = NULL;
	git_oid commit;
	int rc = cached_open(&c, url, cache_directory, a, err);

	if (rc == PIPE_OK && !commit_at(&c, sha, &commit))
		rc = error_set(err, PIPE_ENOTFOUND, "%s: commit %s has not been fetched", url, sha);
	if (rc == PIPE_OK)
		rc = tree_of(&c, &commit, &tree, err);
	if (rc == PIPE_OK && c.s.lib.git_tree_walk(tree, GIT_TREEWALK_PRE, match_entry, &m) < 0)
		rc = m.nomem ? error_nomem(err) : git_session_error(&c.s, PIPE_EIO, err, url);
	if (out->count)
		qsort(out->items, out->count, sizeof(*out->items), by_text);
	if (tree)
		c.s.lib.git_tree_free(tree);
	cached_close(&c);
	return rc;
}
