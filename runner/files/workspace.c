/*
 * In Git the copy holds what a fresh clone with one's uncommitted work would: tracked files as they are now, and new ones that are not
 * ignored; and a `.git` of its own that borrows the objects (git_share).  Outside Git it holds everything.
 */
#include "runner/files/workspace.h"

#include "base/error.h"
#include "runner/files/beneath.h"
#include "runner/files/walk.h"
#include "runner/git/git.h"
#include "runner/git/git_library.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- copying ---- */

struct copier {
	int from, to;
	const char *below; /* for a submodule: its path, which is put in front; else "" */
	char *buffer;
	bool no_clone, no_range; /* this file system cannot */
};
enum { BUFFER = 128 * 1024 };

static int copy_by_hand(struct copier *c, int in, int out)
{
	for (;;) {
		ssize_t n = read(in, c->buffer, BUFFER);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return (int)n;
		if (fd_write_all(out, c->buffer, (size_t)n))
			return -1;
	}
}

static int copy_range(struct copier *c, int in, int out)
{
	bool some = false;

	for (;;) {
		ssize_t n = copy_file_range(in, NULL, out, NULL, SSIZE_MAX / 2, 0);
		if (n > 0) {
			some = true;
			continue;
		}
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && !some &&
		    (errno == EXDEV || errno == ENOSYS || errno == EINVAL || errno == EOPNOTSUPP || errno == EPERM)) {
			c->no_range = true;
			return copy_by_hand(c, in, out);
		}
		/* Nothing at all: some virtual file systems say so of files that are not empty. */
		return n || some ? (int)n : copy_by_hand(c, in, out);
	}
}

static int copy_content(struct copier *c, int in, int out)
{
	if (!c->no_clone) {
		if (!ioctl(out, FICLONE, in))
			return 0;
		c->no_clone = true;
	}
	return c->no_range ? copy_by_hand(c, in, out) : copy_range(c, in, out);
}

static int copy_file(struct copier *c, int in, const struct stat *st, int parent, const char *name)
{
	struct timespec times[2] = { st->st_atim, st->st_mtim };
	int out = openat(parent, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600), rc, saved;

	if (out < 0)
		return -1;
	rc = copy_content(c, in, out) || fchmod(out, st->st_mode & 0777) || futimens(out, times) ? -1 : 0;
	saved = errno;
	close(out);
	errno = saved;
	return rc;
}

static int copy_link(int from_parent, const char *from_name, const struct stat *st, int parent, const char *name)
{
	struct timespec times[2] = { st->st_atim, st->st_mtim };
	char target[PATH_MAX];
	ssize_t n = readlinkat(from_parent, from_name, target, sizeof(target) - 1);

	if (n < 0)
		return -1;
	target[n] = '\0';
	if (symlinkat(target, parent, name))
		return -1;
	(void)utimensat(parent, name, times, AT_SYMLINK_NOFOLLOW); /* a link's own time matters to nobody */
	return 0;
}

/* Files and links; the rest (sockets, devices) is passed over.  -1 and errno. */
static int copy_leaf(struct copier *c, int from_parent, const char *name, int to_parent)
{
	struct stat st;
	int in, rc;

	if (fstatat(from_parent, name, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : -1;
	if (S_ISLNK(st.st_mode))
		return copy_link(from_parent, name, &st, to_parent, name);
	if (!S_ISREG(st.st_mode))
		return 0;
	in = openat(from_parent, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	if (in < 0)
		return -1;
	rc = fstat(in, &st) ? -1 : copy_file(c, in, &st, to_parent, name);
	close(in);
	return rc;
}

static int copy_path(struct copier *c, const char *path, pipe_error *err)
{
	const char *name, *same;
	int from = beneath_parent(c->from, path, false, &name), to = -1, rc = PIPE_OK;

	/* Gone, or behind a link that stands for its directory: what is there will be copied as the link. */
	if (from < 0)
		return errno == ENOENT || errno == ENOTDIR || errno == ELOOP
			       ? PIPE_OK
			       : error_errno(err, error_code_of(errno), errno, "%s", path);
	to = beneath_parent(c->to, path, true, &same);
	if (to < 0 || copy_leaf(c, from, name, to))
		rc = error_errno(err, error_code_of(errno), errno, "copying %s", path);
	if (to >= 0)
		close(to);
	close(from);
	return rc;
}

static int make_directory(struct copier *c, const char *path, pipe_error *err)
{
	const char *name;
	int to = beneath_parent(c->to, path, true, &name), rc = PIPE_OK;

	if (to < 0 || (mkdirat(to, name, 0777) && errno != EEXIST))
		rc = error_errno(err, error_code_of(errno), errno, "copying %s", path);
	if (to >= 0)
		close(to);
	return rc;
}

static int visit(void *context, struct walk_entry *e, pipe_error *err)
{
	struct copier *c = context;
	char *path = NULL;
	int rc;

	if (e->type == WALK_SPECIAL)
		return PIPE_OK;
	if (*c->below && asprintf(&path, "%s/%s", c->below, e->path) < 0)
		return error_nomem(err);
	rc = e->type == WALK_DIRECTORY ? make_directory(c, path ? path : e->path, err) : copy_path(c, path ? path : e->path, err);
	free(path);
	return rc;
}

static int copy_submodule(struct copier *c, const char *project_directory, const char *path, pipe_error *err)
{
	struct copier inner = *c;
	char *root;
	int rc;

	if (asprintf(&root, "%s/%s", project_directory, path) < 0)
		return error_nomem(err);
	inner.below = path;
	rc = make_directory(c, path, err);
	if (rc == PIPE_OK)
		rc = walk_tree(root, visit, &inner, err);
	free(root);
	return rc;
}

static int copy_git(struct copier *c, const char *project_directory, const char *destination, pipe_error *err)
{
	struct arena a = ARENA_INIT;
	git_paths files = { 0 };
	struct git_session kept; /* starting libgit2 is dear: it stays started between the two calls below */
	struct stat st;
	int rc = git_session_open(&kept, err);

	if (rc)
		return rc;
	rc = git_files(project_directory, true, true, false, &files, &a, err);
	for (uint32_t i = 0; rc == PIPE_OK && i < files.count; i++) {
		const char *path = files.items[i];
		if (!fstatat(c->from, path, &st, AT_SYMLINK_NOFOLLOW) && S_ISDIR(st.st_mode))
			rc = copy_submodule(c, project_directory, path, err);
		else
			rc = copy_path(c, path, err);
	}
	if (rc == PIPE_OK)
		rc = git_share(project_directory, destination, err);
	git_session_close(&kept);
	arena_clear(&a);
	return rc;
}

static int make_path(const char *path, pipe_error *err)
{
	char *copy = strdup(path);
	int e = 0;

	if (!copy)
		return error_nomem(err);
	for (char *p = copy + 1; !e && *p; p++)
		if (*p == '/') {
			*p = '\0';
			e = mkdir(copy, 0777) && errno != EEXIST ? errno : 0;
			*p = '/';
		}
	if (!e && mkdir(copy, 0777) && errno != EEXIST)
		e = errno;
	free(copy);
	return e ? error_errno(err, error_code_of(e), e, "%s", path) : PIPE_OK;
}

int workspace_copy(const char *project_directory, const char *destination, pipe_error *err)
{
	struct copier c = { .from = -1, .to = -1, .below = "", .buffer = malloc(BUFFER) };
	struct stat st;
	int rc = c.buffer ? make_path(destination, err) : error_nomem(err);

	if (rc == PIPE_OK)
		rc = root_open(project_directory, &c.from, err);
	if (rc == PIPE_OK)
		rc = root_open(destination, &c.to, err);
	if (rc == PIPE_OK)
		rc = fstatat(c.from, ".git", &st, AT_SYMLINK_NOFOLLOW) ? walk_tree(project_directory, visit, &c, err)
								       : copy_git(&c, project_directory, destination, err);
	if (c.from >= 0)
		close(c.from);
	if (c.to >= 0)
		close(c.to);
	free(c.buffer);
	return rc;
}

/* ---- removing ---- */

/*
 * A job may leave a tree of any depth, with directories that nobody may enter.  Everything is emptied from the top: a directory in a
 * top directory that is not empty is moved up to the root first, so that two open directories are enough.
 */
enum { MAX_PASSES = 1000 }; /* somebody is still writing there */

struct remover {
	int root;
	unsigned long moved; /* names directories that were moved up */
};

static DIR *open_to_empty(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *d;

	if (fd < 0 && errno == EACCES && !fchmodat(parent, name, 0700, 0))
		fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return NULL;
	(void)fchmod(fd, 0700);
	d = fdopendir(fd);
	if (!d)
		close(fd);
	return d;
}

static int move_up(struct remover *r, int directory, const char *name)
{
	char unique[64];
	bool opened = false;

	for (;;) {
		snprintf(unique, sizeof(unique), "removed.%lu", r->moved++);
		if (!renameat(directory, name, r->root, unique))
			return 0;
		if (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR)
			continue; /* the job has a file of that name */
		if (errno != EACCES || opened || fchmodat(directory, name, 0700, 0))
			return -1;
		opened = true;
	}
}

static int remove_one(struct remover *r, int directory, const char *name)
{
	if (!unlinkat(directory, name, 0) || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -1;
	if (!unlinkat(directory, name, AT_REMOVEDIR))
		return 0;
	return errno == ENOTEMPTY || errno == EEXIST ? move_up(r, directory, name) : -1;
}

static int empty_directory(struct remover *r, int parent, const char *name)
{
	DIR *d = open_to_empty(parent, name);
	struct dirent *e;
	int rc = 0, saved;

	if (!d)
		return -1;
	while (!rc && (e = readdir(d)))
		if (strcmp(e->d_name, ".") && strcmp(e->d_name, ".."))
			rc = remove_one(r, dirfd(d), e->d_name);
	saved = errno;
	closedir(d);
	errno = saved;
	return rc;
}

static int remove_top(struct remover *r, const char *name)
{
	if (!unlinkat(r->root, name, 0) || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return -1;
	/* Entries that come while the directory is read may be missed: then it is not empty, and read again. */
	for (int i = 0; unlinkat(r->root, name, AT_REMOVEDIR); i++)
		if ((errno != ENOTEMPTY && errno != EEXIST) || i == MAX_PASSES || empty_directory(r, r->root, name))
			return -1;
	return 0;
}

static int remove_pass(struct remover *r, DIR *top, bool *found)
{
	struct dirent *e;

	*found = false;
	rewinddir(top);
	while ((e = readdir(top))) {
		if (!strcmp(e->d_name, ".") || !strcmp(e->d_name, ".."))
			continue;
		*found = true;
		if (remove_top(r, e->d_name))
			return -1;
	}
	return 0;
}

int workspace_remove(const char *directory, pipe_error *err)
{
	DIR *top = open_to_empty(AT_FDCWD, directory);
	struct remover r = { .moved = 0 };
	bool found = true;
	int e = 0;

	if (!top)
		return errno == ENOENT ? PIPE_OK : error_errno(err, error_code_of(errno), errno, "removing %s", directory);
	r.root = dirfd(top);
	while (!e && found)
		e = remove_pass(&r, top, &found) ? errno : 0;
	closedir(top);
	if (!e && rmdir(directory) && errno != ENOENT)
		e = errno;
	return e ? error_errno(err, error_code_of(e), e, "removing %s", directory) : PIPE_OK;
}
