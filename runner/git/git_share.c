/*
 * A repository of its own for a copied work tree: HEAD, refs, index and configuration are copied (a few small files), the objects
 * are read through `alternates`.  Commits, tags and fetches of a job stay in its copy; hooks are not taken along.
 */
#include "base/error.h"
#include "base/str.h"
#include "runner/files/beneath.h"
#include "runner/files/walk.h"
#include "runner/git/git.h"
#include "runner/git/git_library.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILE_MAX = 512 << 20 };

struct share {
	struct git_session s;
	git_repository *repository;
	int own, common; /* of the work tree (a linked one has its own HEAD and index); shared by all of them */
	int to;		 /* the new .git */
	struct arena a;
};

static int copy(struct share *s, int from, const char *path, pipe_error *err)
{
	int in = openat(from, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), out = -1, parent = -1, rc;
	struct arena a = ARENA_INIT;
	const char *text, *name;
	size_t length;

	if (in < 0)
		return errno == ENOENT ? PIPE_OK : error_errno(err, error_code_of(errno), errno, ".git/%s", path);
	rc = fd_read_all(in, path, FILE_MAX, &a, &text, &length, err);
	if (rc == PIPE_OK) {
		parent = beneath_parent(s->to, path, true, &name);
		if (parent >= 0)
			out = openat(parent, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
		if (out < 0 || fd_write_all(out, text, length))
			rc = error_errno(err, error_code_of(errno), errno, ".git/%s", path);
	}
	arena_clear(&a);
	close(in);
	if (out >= 0)
		close(out);
	if (parent >= 0)
		close(parent);
	return rc;
}

static int copy_ref(void *context, struct walk_entry *e, pipe_error *err)
{
	struct share *s = context;
	const char *path;
	int rc;

	if (e->type != WALK_FILE)
		return PIPE_OK;
	path = arena_printf(&s->a, "refs/%s", e->path);
	rc = path ? copy(s, s->common, path, err) : error_nomem(err);
	return rc;
}

static int write_alternates(struct share *s, pipe_error *err)
{
	const char *text = arena_printf(&s->a, "%sobjects\n", s->s.lib.git_repository_commondir(s->repository)), *name;
	int parent, fd, rc = PIPE_OK;

	if (!text)
		return error_nomem(err);
	parent = beneath_parent(s->to, "objects/info/alternates", true, &name);
	fd = parent < 0 ? -1 : openat(parent, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
	if (fd < 0 || fd_write_all(fd, text, strlen(text)))
		rc = error_errno(err, error_code_of(errno), errno, ".git/objects/info/alternates");
	if (fd >= 0)
		close(fd);
	if (parent >= 0)
		close(parent);
	return rc;
}

/* core.worktree (of a submodule, for instance) would lead the job back to the original. */
static int clean_config(struct share *s, const char *git, pipe_error *err)
{
	static const char *const unwanted[] = { "core.worktree", "core.hookspath", "core.fsmonitor",
						"extensions.worktreeconfig" };
	const struct git_library *g = &s->s.lib;
	const char *path = arena_printf(&s->a, "%s/config", git);
	git_config *config;

	if (!path)
		return error_nomem(err);
	if (access(path, F_OK))
		return PIPE_OK;
	if (g->git_config_open_ondisk(&config, path))
		return git_session_error(&s->s, PIPE_EIO, err, path);
	for (size_t i = 0; i < sizeof(unwanted) / sizeof(*unwanted); i++)
		(void)g->git_config_delete_entry(config, unwanted[i]); /* mostly it is not there */
	g->git_config_free(config);
	return PIPE_OK;
}

static int copy_all(struct share *s, const char *git, pipe_error *err)
{
	static const char *const of_common[] = { "packed-refs", "config", "shallow", "info/exclude" };
	const char *refs = arena_printf(&s->a, "%srefs", s->s.lib.git_repository_commondir(s->repository));
	int rc = refs ? copy(s, s->own, "HEAD", err) : error_nomem(err);

	if (rc == PIPE_OK)
		rc = copy(s, s->own, "index", err);
	for (size_t i = 0; rc == PIPE_OK && i < sizeof(of_common) / sizeof(*of_common); i++)
		rc = copy(s, s->common, of_common[i], err);
	if (rc == PIPE_OK && mkdirat(s->to, "refs", 0777) && errno != EEXIST)
		rc = error_errno(err, error_code_of(errno), errno, "%s/refs", git);
	if (rc == PIPE_OK)
		rc = walk_tree(refs, copy_ref, s, err);
	if (rc == PIPE_OK)
		rc = write_alternates(s, err);
	return rc ? rc : clean_config(s, git, err);
}

int git_share(const char *work_tree, const char *destination, pipe_error *err)
{
	struct share s = { .own = -1, .common = -1, .to = -1 };
	const char *git = arena_printf(&s.a, "%s/.git", destination);
	int rc = git ? git_session_open(&s.s, err) : error_nomem(err);

	if (rc == PIPE_OK)
		rc = git_session_repository(&s.s, work_tree, false, &s.repository, err);
	if (rc == PIPE_OK && mkdir(git, 0777) && errno != EEXIST)
		rc = error_errno(err, error_code_of(errno), errno, "%s", git);
	if (rc == PIPE_OK)
		rc = root_open(git, &s.to, err);
	if (rc == PIPE_OK)
		rc = root_open(s.s.lib.git_repository_path(s.repository), &s.own, err);
	if (rc == PIPE_OK)
		rc = root_open(s.s.lib.git_repository_commondir(s.repository), &s.common, err);
	if (rc == PIPE_OK)
		rc = copy_all(&s, git, err);
	for (size_t i = 0; i < 3; i++) {
		int fd = i == 0 ? s.own : i == 1 ? s.common : s.to;
		if (fd >= 0)
			close(fd);
	}
	if (s.repository)
		s.s.lib.git_repository_free(s.repository);
	git_session_close(&s.s);
	arena_clear(&s.a);
	return rc;
}
