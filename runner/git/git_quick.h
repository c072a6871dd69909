/*
 * Reading the usual repository without libgit2, whose start alone takes as long as a small run (it reads all certificates of the
 * machine).  What is plain is read here: files of text, and objects that are no deltas.  At anything else the answer is "ask libgit2",
 * so that there is one truth and only its price differs.
 */
#ifndef RUNNER_GIT_QUICK_H
#define RUNNER_GIT_QUICK_H

#include "base/arena.h"
#include "runner/git/git.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { GIT_QUICK_SHA = 40 };

/* ---- objects (git_quick_object.c) ---- */

struct git_quick_objects;
/* directory: ".git/objects".  NULL: not here. */
struct git_quick_objects *git_quick_objects_open(const char *directory);
void git_quick_objects_close(struct git_quick_objects *o);
/* The content of a commit or tag (type: "commit", "tag"), NUL-terminated; NULL: ask libgit2. */
const char *git_quick_object(struct git_quick_objects *o, const char *sha, const char *type, struct arena *a, size_t *length);

/* ---- configuration (git_quick_config.c) ---- */

struct git_quick_config {
	const char *user_name, *user_email, *remote, *default_branch; /* "" when not set */
	bool converts; /* something (core.autocrlf, an attributes file) may make a file differ from what is stored */
};
/* The files of the system and the user, then the repository's.  false: ask libgit2. */
bool git_quick_config(const char *repository_file, struct arena *a, struct git_quick_config *out);

/* ---- facts (git_quick.c) ---- */

/* Fills everything (*out holds no NULL before), or returns false and leaves *out in any state. */
bool git_quick_facts(const char *directory, struct arena *a, struct git_facts *out);

/* What the work tree is compared with. */
struct git_quick_head {
	const char *own, *common; /* .git of the work tree, and the shared one */
	const char *tree;	  /* SHA of HEAD's tree; "" before the first commit */
	bool converts;
};
bool git_quick_head(const char *work_tree, struct arena *a, struct git_quick_head *out);

enum git_quick_answer { GIT_QUICK_UNSURE, GIT_QUICK_CLEAN, GIT_QUICK_DIRTY };
/* Does the work tree differ from HEAD?  (git_quick_index.c) */
enum git_quick_answer git_quick_dirty(const char *work_tree);

/* ---- what both ways of reading share (git.c) ---- */

bool git_facts_message(struct git_facts *out, const char *message, struct arena *a);
/* All by libgit2. */
int git_facts_read_slowly(const char *directory, struct arena *a, struct git_facts *out, pipe_error *err);
const char *git_facts_time(int64_t seconds, struct arena *a);
bool git_facts_remote(struct git_facts *out, const char *url, struct arena *a);

#endif
