/*
 * Removing and measuring directory trees.  A tree may be as deep as a hostile job made it, so removal never descends: the
 * directories inside a directory are moved up into the root of the tree, and the root is emptied again and again until nothing is
 * left in it.  Every directory is moved at most once.
 */
#include "base/error.h"
#include "runner/history/state.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MEASURE_DEPTH = 32 };

struct removal {
	int root;	  /* the directory that is emptied */
	unsigned counter; /* for names of directories moved up */
	uint64_t *bytes;
};

static bool is_dots(const char *name)
{
	return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

static int open_directory(int at, const char *name)
{
	return openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
}

/* Opens a directory that is to go: its permissions may have to be mended first. */
static int open_doomed(int at, const char *name)
{
	int fd = open_directory(at, name);
	struct stat st;

	if (fd >= 0 && fstat(fd, &st) == 0 && (st.st_mode & 0700) != 0700)
		(void)!fchmod(fd, 0700);
	if (fd < 0 && errno == EACCES && fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode) &&
	    fchmodat(at, name, 0700, 0) == 0)
		fd = open_directory(at, name);
	return fd;
}

static int unlink_counted(int at, const char *name, const struct stat *st, uint64_t *bytes)
{
	if (unlinkat(at, name, 0))
		return errno == ENOENT ? 0 : -1;
	if (S_ISREG(st->st_mode) && st->st_nlink == 1)
		*bytes += (uint64_t)st->st_size;
	return 0;
}

/* Moves a directory up to the root, under a name that is free there. */
static int move_up(struct removal *r, int at, const char *name)
{
	char up[32];

	for (unsigned tries = 0; tries < 1000; tries++) {
		snprintf(up, sizeof(up), ".up-%u", r->counter++);
		if (renameat2(at, name, r->root, up, RENAME_NOREPLACE) == 0)
			return 0;
		if (errno == EACCES)
			(void)!fchmodat(at, name, 0700, 0);
		else if (errno == EINVAL && renameat(at, name, r->root, up) == 0)
			return 0; /* a file system without NOREPLACE */
		else if (errno != EEXIST && errno != ENOTEMPTY && errno != EINVAL && errno != ENOTDIR)
			return -1;
	}
	return -1;
}

/* Calls one for each entry of the directory fd, which it closes.  Returns the number of entries, or -1. */
static long each_entry(int fd, int (*one)(struct removal *r, int at, const char *name), struct removal *r)
{
	DIR *dir = fdopendir(fd);
	struct dirent *entry;
	long count = 0;

	if (!dir) {
		close(fd);
		return -1;
	}
	while ((errno = 0, entry = readdir(dir)) != NULL) {
		if (is_dots(entry->d_name))
			continue;
		count++;
		if (one(r, fd, entry->d_name)) {
			count = -1;
			break;
		}
	}
	if (!entry && errno)
		count = -1;
	fd = errno;
	closedir(dir);
	errno = fd;
	return count;
}

static int empty_inner(struct removal *r, int at, const char *name)
{
	struct stat st;

	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : -1;
	if (!S_ISDIR(st.st_mode))
		return unlink_counted(at, name, &st, r->bytes);
	if (unlinkat(at, name, AT_REMOVEDIR) == 0)
		return 0;
	return move_up(r, at, name);
}

static int empty_outer(struct removal *r, int at, const char *name)
{
	struct stat st;
	int fd;

	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW))
		return errno == ENOENT ? 0 : -1;
	if (!S_ISDIR(st.st_mode))
		return unlink_counted(at, name, &st, r->bytes);
	fd = open_doomed(at, name);
	if (fd < 0 || each_entry(fd, empty_inner, r) < 0)
		return -1;
	return unlinkat(at, name, AT_REMOVEDIR);
}

static int empty_root(struct removal *r)
{
	long count;

	do {
		/* a descriptor of its own: what was moved up is seen only by a fresh reading */
		int fd = openat(r->root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

		count = fd < 0 ? -1 : each_entry(fd, empty_outer, r);
	} while (count > 0);
	return count < 0 ? -1 : 0;
}

int tree_remove(int at, const char *name, uint64_t *bytes, pipe_error *err)
{
	struct removal r = { .bytes = bytes };
	struct stat st;
	int failed, why;

	if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW)) {
		if (errno == ENOENT)
			return PIPE_OK;
		return error_errno(err, error_code_of(errno), errno, "cannot remove %s", name);
	}
	if (!S_ISDIR(st.st_mode)) {
		if (unlink_counted(at, name, &st, bytes) == 0)
			return PIPE_OK;
		return error_errno(err, error_code_of(errno), errno, "cannot remove %s", name);
	}
	r.root = open_doomed(at, name);
	if (r.root < 0)
		return error_errno(err, error_code_of(errno), errno, "cannot open %s", name);
	failed = empty_root(&r);
	why = errno;
	close(r.root);
	if (!failed && unlinkat(at, name, AT_REMOVEDIR) && errno != ENOENT) {
		failed = -1;
		why = errno;
	}
	return failed ? error_errno(err, error_code_of(why), why, "cannot remove all of %s", name) : PIPE_OK;
}

static uint64_t measure(int at, const char *name, unsigned depth)
{
	uint64_t bytes = 0;
	struct dirent *entry;
	struct stat st;
	int fd = open_directory(at, name);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);

	if (!dir) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	while ((entry = readdir(dir)) != NULL) {
		if (is_dots(entry->d_name) || fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW))
			continue;
		if (S_ISREG(st.st_mode) && st.st_nlink == 1)
			bytes += (uint64_t)st.st_size;
		else if (S_ISDIR(st.st_mode) && depth < MEASURE_DEPTH)
			bytes += measure(fd, entry->d_name, depth + 1);
	}
	closedir(dir);
	return bytes;
}

uint64_t tree_bytes(int at, const char *name)
{
	return measure(at, name, 0);
}
