/*
 * What Git says about the project, through libgit2 (loaded when first needed).  The one place that says git_.
 */
#ifndef RUNNER_GIT_H
#define RUNNER_GIT_H

#include "base/arena.h"
#include "base/vec.h"
#include "pipe.h"
#include <stdbool.h>

struct git_facts {
	bool is_repository;
	const char *work_tree;      /* absolute, no trailing slash */
	const char *sha;            /* 40 hex digits; "" before the first commit */
	const char *before_sha;     /* first parent; zeros: none */
	const char *branch;         /* "" when HEAD is detached */
	const char *tag;            /* a tag that points at HEAD; "" none */
	const char *title, *message, *description, *author; /* of the commit; author "Name <mail>" */
	const char *timestamp;      /* ISO 8601 */
	const char *author_name, *author_email; /* user.name, user.email of the configuration */
	const char *remote;         /* URL of origin, credentials removed; "" none */
	const char *host, *project_path; /* from it: "gitlab.com", "group/project" */
	const char *default_branch; /* of origin/HEAD, else init.defaultBranch, else main or master whichever is there */
};

/* Facts about the repository around a directory; outside one is_repository is false and all texts are "". */
int git_facts_read(const char *directory, struct arena *a, struct git_facts *out, pipe_error *err);
/* Does the work tree differ from HEAD (untracked files do not count)? */
int git_is_dirty(const char *work_tree, bool *dirty, pipe_error *err);
/* Paths that differ between the work tree and `base` (a ref; NULL: the merge base with origin's default branch, on that branch itself
 * the commit before).  *known false: there is no base. */
typedef VEC(const char *) git_paths;
int git_changes(const char *work_tree, const char *base, git_paths *out, bool *known, struct arena *a, pipe_error *err);
/* Tracked files that exist, and untracked ones that are not ignored; sorted.  ignored: the ignored ones as well. */
int git_files(const char *work_tree, bool tracked, bool untracked, bool ignored, git_paths *out, struct arena *a,
              pipe_error *err);
/* A file of another repository at a ref, fetched bare and shallow into cache_directory (reused when offline). *sha is the commit. */
int git_remote_file(const char *url, const char *ref, const char *path, const char *cache_directory, bool offline,
                    uint32_t timeout_ms, uint64_t max_bytes, struct arena *a, const char **text, size_t *length,
                    const char **sha, pipe_error *err);
/* All paths of that commit that match a glob. */
int git_remote_match(const char *url, const char *sha, const char *glob, const char *cache_directory, git_paths *out,
                     struct arena *a, pipe_error *err);

#endif
