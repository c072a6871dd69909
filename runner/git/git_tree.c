/* The work tree against commits and the index: what is dirty, what has changed, which files there are. */
#include "base/error.h"
#include "base/map.h"
#include "runner/files/beneath.h"
#include "runner/git/git.h"
#include "runner/git/git_library.h"
#include "runner/git/git_quick.h"
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct work {
	struct git_session s;
	git_repository *repository;
};

static int begin(struct work *w, const char *work_tree, pipe_error *err)
{
	int rc = git_session_open(&w->s, err);

	return rc ? rc : git_session_repository(&w->s, work_tree, false, &w->repository, err);
}

static void end(struct work *w)
{
	if (w->repository)
		w->s.lib.git_repository_free(w->repository);
	git_session_close(&w->s);
}

static int tree_of(struct work *w, const git_oid *id, git_tree **out)
{
	const struct git_library *g = &w->s.lib;
	git_commit *commit;
	int rc = g->git_commit_lookup(&commit, w->repository, id);

	if (rc)
		return rc;
	rc = g->git_commit_tree(out, commit);
	g->git_commit_free(commit);
	return rc;
}

/* ---- dirty ---- */

static int first_is_enough(const git_diff *so_far, const git_diff_delta *delta, const char *pathspec, void *payload)
{
	(void)so_far, (void)delta, (void)pathspec, (void)payload;
	return GIT_EUSER;
}

int git_is_dirty(const char *work_tree, bool *dirty, pipe_error *err)
{
	struct work w = { 0 };
	git_diff_options options;
	git_tree *tree = NULL;
	git_diff *diff = NULL;
	git_oid head;
	enum git_quick_answer quick = git_quick_dirty(work_tree);
	int rc, got;

	*dirty = quick == GIT_QUICK_DIRTY;
	if (quick != GIT_QUICK_UNSURE)
		return PIPE_OK;
	rc = begin(&w, work_tree, err);
	if (rc)
		goto done;
	/* Before the first commit the index is compared with nothing. */
	if (!w.s.lib.git_reference_name_to_id(&head, w.repository, "HEAD") && tree_of(&w, &head, &tree)) {
		rc = git_session_error(&w.s, PIPE_EIO, err, "the commit at HEAD");
		goto done;
	}
	w.s.lib.git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
	options.notify_cb = first_is_enough;
	got = w.s.lib.git_diff_tree_to_workdir_with_index(&diff, w.repository, tree, &options);
	*dirty = got == GIT_EUSER;
	if (got && got != GIT_EUSER)
		rc = git_session_error(&w.s, PIPE_EIO, err, work_tree);
done:
	if (diff)
		w.s.lib.git_diff_free(diff);
	if (tree)
		w.s.lib.git_tree_free(tree);
	end(&w);
	return rc;
}

/* ---- lists of paths ---- */

static bool add_path(git_paths *out, struct arena *a, const char *path)
{
	const char *copy = arena_strdup(a, path), **p = copy ? vec_push(a, out) : NULL;

	if (p)
		*p = copy;
	return p != NULL;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort_once(git_paths *list)
{
	uint32_t kept = 0;

	if (!list->count)
		return;
	qsort(list->items, list->count, sizeof(*list->items), by_text);
	for (uint32_t i = 1; i < list->count; i++)
		if (strcmp(list->items[kept], list->items[i]))
			list->items[++kept] = list->items[i];
	list->count = kept + 1;
}

/* ---- changes ---- */

static int commit_named(struct work *w, const char *name, git_oid *out)
{
	const struct git_library *g = &w->s.lib;
	git_object *object, *commit;
	int rc = g->git_revparse_single(&object, w->repository, name);

	if (rc)
		return rc;
	rc = g->git_object_peel(&commit, object, GIT_OBJECT_COMMIT);
	g->git_object_free(object);
	if (rc)
		return rc;
	*out = *g->git_object_id(commit);
	g->git_object_free(commit);
	return 0;
}

/* A branch means origin's before one's own: that is what the team's server compares with. */
static int named_base(struct work *w, const char *name, git_oid *out, pipe_error *err)
{
	static const char heads[] = "refs/heads/";
	const char *branch = strncmp(name, heads, sizeof(heads) - 1) ? name : name + sizeof(heads) - 1;
	char full[512];

	if (snprintf(full, sizeof(full), "refs/remotes/origin/%s", branch) < (int)sizeof(full) && !commit_named(w, full, out))
		return PIPE_OK;
	if (!commit_named(w, name, out))
		return PIPE_OK;
	return error_set(err, PIPE_ENOTFOUND, "there is no branch, tag or commit \"%s\" to compare with", name);
}

/* origin/HEAD, or origin's main or master; false: origin has never been fetched. */
static bool usual_base(struct work *w, git_oid *out)
{
	static const char *const names[] = { "refs/remotes/origin/HEAD", "refs/remotes/origin/main",
					     "refs/remotes/origin/master" };
	const char *configured;
	git_config *config;
	char full[512];
	bool found = false;

	if (!commit_named(w, names[0], out))
		return true;
	if (!w->s.lib.git_repository_config_snapshot(&config, w->repository)) {
		found = !w->s.lib.git_config_get_string(&configured, config, "init.defaultbranch") &&
			snprintf(full, sizeof(full), "refs/remotes/origin/%s", configured) < (int)sizeof(full) &&
			!commit_named(w, full, out);
		w->s.lib.git_config_free(config);
	}
	for (size_t i = 1; !found && i < sizeof(names) / sizeof(*names); i++)
		found = !commit_named(w, names[i], out);
	return found;
}

static int list_changes(struct work *w, const git_oid *base, git_paths *out, struct arena *a, pipe_error *err)
{
	const struct git_library *g = &w->s.lib;
	git_tree *tree = NULL;
	git_diff *diff = NULL;
	int rc = PIPE_OK;

	if (tree_of(w, base, &tree) || g->git_diff_tree_to_workdir_with_index(&diff, w->repository, tree, NULL))
		rc = git_session_error(&w->s, PIPE_EIO, err, "the changes of the work tree");
	for (size_t i = 0, n = diff ? g->git_diff_num_deltas(diff) : 0; rc == PIPE_OK && i < n; i++) {
		const git_diff_delta *d = g->git_diff_get_delta(diff, i);
		if (!add_path(out, a, d->new_file.path ? d->new_file.path : d->old_file.path))
			rc = error_nomem(err);
	}
	if (diff)
		g->git_diff_free(diff);
	if (tree)
		g->git_tree_free(tree);
	sort_once(out);
	return rc;
}

int git_changes(const char *work_tree, const char *base, git_paths *out, bool *known, struct arena *a, pipe_error *err)
{
	struct work w = { 0 };
	git_oid head, other, fork;
	int rc = begin(&w, work_tree, err);

	*known = false;
	if (rc)
		goto done;
	if (w.s.lib.git_reference_name_to_id(&head, w.repository, "HEAD"))
		goto done;
	if (base)
		rc = named_base(&w, base, &other, err);
	else if (!usual_base(&w, &other))
		goto done;
	if (rc)
		goto done;
	if (w.s.lib.git_merge_base(&fork, w.repository, &head, &other))
		fork = other; /* histories that have nothing in common */
	*known = true;
	rc = list_changes(&w, &fork, out, a, err);
done:
	end(&w);
	return rc;
}

/* ---- files ---- */

static int list_tracked(struct work *w, const char *work_tree, git_paths *out, struct arena *a, pipe_error *err)
{
	const struct git_library *g = &w->s.lib;
	git_index *index;
	struct stat st;
	int root, rc = root_open(work_tree, &root, err);

	if (rc)
		return rc;
	if (g->git_repository_index(&index, w->repository)) {
		close(root);
		return git_session_error(&w->s, PIPE_EIO, err, "the index");
	}
	for (size_t i = 0, n = g->git_index_entrycount(index); rc == PIPE_OK && i < n; i++) {
		const git_index_entry *e = g->git_index_get_byindex(index, i);
		if (!fstatat(root, e->path, &st, AT_SYMLINK_NOFOLLOW) && !add_path(out, a, e->path))
			rc = error_nomem(err);
	}
	g->git_index_free(index);
	close(root);
	return rc;
}

static int list_others(struct work *w, bool untracked, bool ignored, git_paths *out, struct arena *a, pipe_error *err)
{
	const struct git_library *g = &w->s.lib;
	git_diff_options options;
	git_diff *diff;
	int rc = PIPE_OK;

	g->git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
	options.flags = GIT_DIFF_INCLUDE_UNTRACKED | GIT_DIFF_RECURSE_UNTRACKED_DIRS | GIT_DIFF_IGNORE_SUBMODULES;
	if (ignored)
		options.flags |= GIT_DIFF_INCLUDE_IGNORED | GIT_DIFF_RECURSE_IGNORED_DIRS;
	if (g->git_diff_index_to_workdir(&diff, w->repository, NULL, &options))
		return git_session_error(&w->s, PIPE_EIO, err, "the work tree");
	for (size_t i = 0, n = g->git_diff_num_deltas(diff); rc == PIPE_OK && i < n; i++) {
		const git_diff_delta *d = g->git_diff_get_delta(diff, i);
		size_t length = strlen(d->new_file.path);
		bool wanted = (untracked && d->status == GIT_DELTA_UNTRACKED) || (ignored && d->status == GIT_DELTA_IGNORED);

		/* "directory/" is a repository of its own. */
		if (wanted && length && d->new_file.path[length - 1] != '/' && !add_path(out, a, d->new_file.path))
			rc = error_nomem(err);
	}
	g->git_diff_free(diff);
	return rc;
}

static bool is_below(const struct map *directories, const char *path)
{
	for (const char *slash = path; (slash = strchr(slash, '/')); slash++)
		if (map_get(directories, path, (size_t)(slash - path)))
			return true;
	return false;
}

/* A state directory of ours is nobody's file: what holds `pipe.db`, with all that is below it. */
static bool drop_state(git_paths *list, uint32_t from, struct arena *a)
{
	static const char database[] = "/pipe.db";
	struct map directories = MAP_INIT;
	uint32_t kept = from;

	for (uint32_t i = from; i < list->count; i++) {
		const char *path = list->items[i];
		size_t n = strlen(path), above = n - (sizeof(database) - 1);
		if (n > sizeof(database) - 1 && !strcmp(path + above, database) &&
		    !map_put(&directories, a, path, above, (void *)(uintptr_t)path))
			return false;
	}
	for (uint32_t i = from; directories.count && i < list->count; i++)
		if (!is_below(&directories, list->items[i]))
			list->items[kept++] = list->items[i];
	if (directories.count)
		list->count = kept;
	return true;
}

int git_files(const char *work_tree, bool tracked, bool untracked, bool ignored, git_paths *out, struct arena *a, pipe_error *err)
{
	struct work w = { 0 };
	uint32_t others;
	int rc = begin(&w, work_tree, err);

	if (rc == PIPE_OK && tracked)
		rc = list_tracked(&w, work_tree, out, a, err);
	others = out->count;
	if (rc == PIPE_OK && (untracked || ignored))
		rc = list_others(&w, untracked, ignored, out, a, err);
	if (rc == PIPE_OK && !drop_state(out, others, a))
		rc = error_nomem(err);
	sort_once(out);
	end(&w);
	return rc;
}
