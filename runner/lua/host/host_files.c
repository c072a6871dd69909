/* Files that a script reads: of the workspace, and nowhere else but where the pipeline file allows it.  The kernel sees to it that no
 * symbolic link leads out. */
#include "base/error.h"
#include "base/glob.h"
#include "lua/limits.h"
#include "runner/files/archive.h"
#include "runner/files/beneath.h"
#include "runner/lua/host/host_inside.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* What is left of an absolute path below a directory; NULL: it leads elsewhere. */
static const char *below(const char *directory, const char *path)
{
	size_t n = strlen(directory);

	while (n > 1 && directory[n - 1] == '/')
		n--;
	if (n == 1)
		return path;
	return !strncmp(path, directory, n) && (!path[n] || path[n] == '/') ? path + n : NULL;
}

/* The granted directory that an absolute path lies in, and what is left of it. */
static const char *granted(const struct lua_grants *g, const char *path, const char **rest)
{
	*rest = path;
	if (g && g->all & (1u << LUA_GRANT_READ))
		return "/";
	for (const char *const *d = g ? g->read : NULL; d && *d; d++)
		if (**d == '/' && (*rest = below(*d, path)))
			return *d;
	return NULL;
}

static int refuse(const char *path, pipe_error *err)
{
	struct str line;

	str_init(&line);
	lua_grant_line(LUA_GRANT_READ, path, &line);
	error_set(err, PIPE_EUSAGE, "%.200s lies outside of the workspace; add to the pipeline file: %s", path, line.data);
	str_clear(&line);
	return PIPE_EUSAGE;
}

/* Which directory is it below, and where? */
static int place(const struct run_host *h, const char *path, struct arena *a, const char **directory, const char **clean,
		 pipe_error *err)
{
	const char *rest = path;
	bool nomem;

	*directory = h->o.workspace;
	if (*path == '/' && !(rest = below(h->o.workspace, path))) {
		*directory = granted(h->o.grants, path, &rest);
		if (!*directory)
			return refuse(path, err);
	}
	*clean = path_clean(rest, a, &nomem);
	if (*clean)
		return PIPE_OK;
	return nomem ? error_nomem(err)
		     : error_set(err, PIPE_EUSAGE, "\"%.200s\" leaves the workspace: a path may not hold \"..\"", path);
}

static int open_failed(const char *path, int error, pipe_error *err)
{
	if (error == EXDEV)
		return error_set(err, PIPE_EUSAGE, "%.200s leads out of the workspace through a symbolic link", path);
	if (error == ENOENT || error == ENOTDIR)
		return error_set(err, PIPE_ENOTFOUND, "there is no file %.200s", path);
	return error_errno(err, error_code_of(error), error, "cannot read %.200s", path);
}

/* *fd -1 with an error. */
static int open_file(const struct run_host *h, const char *path, int flags, struct arena *a, int *fd, pipe_error *err)
{
	const char *directory, *clean;
	int root = -1, rc = place(h, path, a, &directory, &clean, err), error;

	*fd = -1;
	if (rc == PIPE_OK)
		rc = root_open(directory, &root, err);
	if (rc)
		return rc;
	*fd = beneath_open_follow(root, clean, flags);
	error = errno;
	close(root);
	return *fd < 0 ? open_failed(path, error, err) : PIPE_OK;
}

int host_read(void *payload, const char *path, size_t limit, struct str *out, pipe_error *err)
{
	struct arena a = ARENA_INIT;
	const char *text;
	size_t length;
	int fd, rc = open_file(payload, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, &a, &fd, err);

	if (rc == PIPE_OK)
		rc = fd_read_all(fd, path, limit, &a, &text, &length, err);
	if (rc == PIPE_OK) {
		str_add(out, text, length);
		rc = out->failed ? error_nomem(err) : PIPE_OK;
	}
	if (fd >= 0)
		close(fd);
	arena_clear(&a);
	return rc;
}

/* ---- glob ---- */

struct listing {
	int (*each)(void *, const char *);
	void *payload;
	size_t left;
};

static int on_path(void *payload, const char *path)
{
	struct listing *l = payload;

	if (!l->left)
		return 1;
	l->left--;
	return l->each(l->payload, path);
}

static int list_one(struct run_host *h, const char *path, struct listing *l, pipe_error *err)
{
	struct arena a = ARENA_INIT;
	int fd, rc = open_file(h, path, O_PATH | O_CLOEXEC, &a, &fd, err);

	if (fd >= 0)
		close(fd);
	arena_clear(&a);
	if (rc == PIPE_ENOTFOUND)
		return PIPE_OK;
	if (rc == PIPE_OK)
		on_path(l, path);
	return rc;
}

int host_glob(void *payload, const char *pattern, size_t limit, int (*each)(void *, const char *), void *each_payload,
	      pipe_error *err)
{
	struct run_host *h = payload;
	struct listing l = { each, each_payload, limit };
	const char *const patterns[] = { pattern, NULL };
	const struct archive_select select = { .paths = patterns };
	int rc;

	if (!glob_is_pattern(pattern))
		return list_one(h, pattern, &l, err);
	if (*pattern == '/' && !below(h->o.workspace, pattern))
		return error_set(err, PIPE_EUSAGE, "\"%.200s\" lies outside of the workspace", pattern);
	rc = archive_find(h->o.workspace, &select, on_path, &l, err);
	return rc > 0 ? PIPE_OK : rc;
}
