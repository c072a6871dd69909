#include "runner/git/git_lines.h"

#include "base/error.h"
#include "runner/git/git_library.h"

#include <stdio.h>
#include <string.h>

struct reading {
	struct git_session s;
	git_repository *repository;
	struct git_lines *out;
	struct arena *a;
	struct git_file_lines *file; /* the one under way */
	bool nomem;
};

/* ---- where the change began ---- */

static bool commit_named(struct reading *r, const char *name, git_oid *out)
{
	const struct git_library *g = &r->s.lib;
	git_object *object, *commit;
	bool ok;

	if (g->git_revparse_single(&object, r->repository, name))
		return false;
	ok = !g->git_object_peel(&commit, object, GIT_OBJECT_COMMIT);
	g->git_object_free(object);
	if (!ok)
		return false;
	*out = *g->git_object_id(commit);
	g->git_object_free(commit);
	return true;
}

static bool branch_named(struct reading *r, const char *branch, git_oid *out)
{
	static const char *const places[] = { "refs/remotes/origin/", "refs/heads/" };
	char name[512];

	for (size_t i = 0; *branch && i < sizeof(places) / sizeof(*places); i++)
		if (snprintf(name, sizeof(name), "%s%s", places[i], branch) < (int)sizeof(name) && commit_named(r, name, out))
			return true;
	return false;
}

static int find_base(struct reading *r, const char *branch, const char *commit, git_oid *out, pipe_error *err)
{
	const struct git_library *g = &r->s.lib;
	git_oid head, tip;

	if (g->git_reference_name_to_id(&head, r->repository, "HEAD"))
		return error_set(err, PIPE_ENOTFOUND, "there is no commit yet");
	if (branch_named(r, branch, &tip) && !g->git_merge_base(out, r->repository, &head, &tip) && !g->git_oid_equal(out, &head))
		return PIPE_OK;
	if (*commit && commit_named(r, commit, out))
		return PIPE_OK;
	if (*commit)
		return error_set(err, PIPE_ENOTFOUND, "the commit %.12s of the earlier run is not in this repository", commit);
	return error_set(err, PIPE_ENOTFOUND,
			 "there is no commit to compare with: HEAD is on %s itself, and no earlier run of it is known",
			 *branch ? branch : "the target branch");
}

/* ---- the difference ---- */

static int on_file(const git_diff_delta *delta, float progress, void *payload)
{
	struct reading *r = payload;
	const char *path = delta->new_file.path ? delta->new_file.path : delta->old_file.path;
	const char *copy = arena_strdup(r->a, path);

	(void)progress;
	r->file = ARENA_NEW(r->a, struct git_file_lines);
	r->nomem = !copy || !r->file || !map_put(&r->out->files, r->a, copy, strlen(copy), r->file);
	return r->nomem ? -1 : 0;
}

static int on_hunk(const git_diff_delta *delta, const git_diff_hunk *hunk, void *payload)
{
	struct reading *r = payload;
	struct git_range *range;

	(void)delta;
	if (hunk->new_lines <= 0)
		return 0;
	range = vec_push(r->a, &r->file->ranges);
	r->nomem = !range;
	if (range)
		*range = (struct git_range){ (uint32_t)hunk->new_start, (uint32_t)(hunk->new_start + hunk->new_lines - 1) };
	return r->nomem ? -1 : 0;
}

static int tree_of(struct reading *r, const git_oid *id, git_tree **out)
{
	const struct git_library *g = &r->s.lib;
	git_commit *commit;
	int rc = g->git_commit_lookup(&commit, r->repository, id);

	if (rc)
		return rc;
	rc = g->git_commit_tree(out, commit);
	g->git_commit_free(commit);
	return rc;
}

static int compare(struct reading *r, const git_oid *base, pipe_error *err)
{
	const struct git_library *g = &r->s.lib;
	git_diff_options options;
	git_tree *tree = NULL;
	git_diff *diff = NULL;
	int rc = PIPE_OK;

	g->git_diff_options_init(&options, GIT_DIFF_OPTIONS_VERSION);
	options.context_lines = 0;
	if (tree_of(r, base, &tree) || g->git_diff_tree_to_workdir_with_index(&diff, r->repository, tree, &options) ||
	    g->git_diff_foreach(diff, on_file, NULL, on_hunk, NULL, r))
		rc = r->nomem ? error_nomem(err) : git_session_error(&r->s, PIPE_EIO, err, "the changes of the work tree");
	if (diff)
		g->git_diff_free(diff);
	if (tree)
		g->git_tree_free(tree);
	return rc;
}

int git_changed_lines(const char *work_tree, const char *branch, const char *commit, struct git_lines *out, struct arena *a,
		      pipe_error *err)
{
	struct reading r = { .out = out, .a = a };
	git_oid base;
	int rc = git_session_open(&r.s, err);

	memset(out, 0, sizeof(*out));
	if (rc == PIPE_OK)
		rc = git_session_repository(&r.s, work_tree, true, &r.repository, err);
	if (rc == PIPE_OK)
		rc = find_base(&r, branch, commit, &base, err);
	if (rc == PIPE_OK)
		rc = compare(&r, &base, err);
	if (r.repository)
		r.s.lib.git_repository_free(r.repository);
	git_session_close(&r.s);
	return rc;
}

bool git_lines_touched(const struct git_lines *lines, const char *path, uint32_t line)
{
	const struct git_file_lines *file = map_get(&lines->files, path, strlen(path));
	uint32_t low = 0, high = file ? file->ranges.count : 0;

	if (!file || !line)
		return file != NULL;
	while (low < high) {
		uint32_t middle = low + (high - low) / 2;
		if (file->ranges.items[middle].last < line)
			low = middle + 1;
		else
			high = middle;
	}
	return low < file->ranges.count && file->ranges.items[low].first <= line;
}
