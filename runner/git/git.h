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
	const char *work_tree;				    /* absolute, no trailing slash */
	const char *sha;				    /* 40 hex digits; "" before the first commit */
	const char *before_sha;				    /* first parent; zeros: none */
	const char *branch;				    /* "" when HEAD is detached */
	const char *tag;				    /* a tag that points at HEAD; "" none */
	const char *title, *message, *description, *author; /* of the commit; author "Name <mail>" */
	const char *timestamp;				    /* ISO 8601 */
	const char *author_name, *author_email;		    /* user.name, user.email of the configuration */
	const char *remote;				    /* URL of origin, credentials removed; "" none */
	const char *login;				    /* its credentials, "user:word" as written: a secret; "" none */
	const char *host, *project_path;		    /* from it: "gitlab.com", "group/project" */
	const char *default_branch; /* of origin/HEAD, else init.defaultBranch, else main or master whichever is there */
};

/* Makes <destination>/.git, a repository of its own at the same HEAD, with the same refs and index, that borrows the objects of
 * work_tree's: commands of a job see the history and can change nothing in it. */
int git_share(const char *work_tree, const char *destination, pipe_error *err);
/* Facts about the repository around a directory; outside one is_repository is false and all texts are "". */
int git_facts_read(const char *directory, struct arena *a, struct git_facts *out, pipe_error *err);
/* Does the work tree differ from HEAD (untracked files do not count)? */
int git_is_dirty(const char *work_tree, bool *dirty, pipe_error *err);
/* Paths that differ between the work tree (untracked files do not count) and the merge base of HEAD with `base`: a branch (origin's
 * before a local one), tag or commit, PIPE_ENOTFOUND if there is none; NULL: origin's default branch.  *known false: there is no
 * base. */
typedef VEC(const char *) git_paths;
int git_changes(const char *work_tree, const char *base, git_paths *out, bool *known, struct arena *a, pipe_error *err);
/* The commit that changed a path (relative to the work tree) last, in 40 hex digits; "" when HEAD does not have it. */
int git_last_commit(const char *work_tree, const char *path, char sha[41], pipe_error *err);
/* Tracked files that exist (submodules are directories), untracked ones that are not ignored, ignored ones: as asked for, sorted.  Of a
 * state directory of ours nothing is listed as untracked or ignored. */
int git_files(const char *work_tree, bool tracked, bool untracked, bool ignored, git_paths *out, struct arena *a,
	      pipe_error *err);
/* A file of another repository, fetched into a bare repository below cache_directory. */
struct git_remote_request {
	const char *url;
	const char *
		ref; /* branch, tag or full SHA; NULL: HEAD; "~latest": the highest released version among the tags; "~1.2": that tag
	                     or branch, else the highest 1.2.x */
	const char *path;  /* NULL: only sha is wanted */
	const char *login; /* "user:word", percent-encoded as in an address, for its host alone; "" or NULL: Git is asked */
	const char *cache_directory;
	bool offline; /* only what was fetched before */
	uint32_t timeout_ms;
	uint64_t max_bytes;
};
struct git_remote_reply {
	const char *text; /* NUL-terminated after length bytes */
	size_t length;
	const char *sha;  /* the commit */
	const char *name; /* the branch or tag that ref turned out to be; "" for HEAD and SHAs */
	bool stale;	  /* the server could not be reached: this is what was fetched before */
};
/* PIPE_ENOTFOUND: no such ref or file; PIPE_ENETWORK; PIPE_ELIMIT. */
int git_remote_file(const struct git_remote_request *request, struct git_remote_reply *reply, struct arena *a, pipe_error *err);
/* All paths of that commit, fetched before, that match a glob; sorted. */
int git_remote_match(const char *url, const char *sha, const char *glob, const char *cache_directory, git_paths *out,
		     struct arena *a, pipe_error *err);

#endif
