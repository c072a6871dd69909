/* Directories still to be read wait in a list of paths, so that neither the C stack nor the number of open files grows with the
 * depth of the tree. */
#include "runner/files/walk.h"

#include "base/error.h"
#include "base/str.h"
#include "base/vec.h"
#include "runner/files/beneath.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct waiting {
	char *path;
	uint64_t below;
};

struct walker {
	int root;
	walk_visit visit;
	void *context;
	struct waiting *waiting; /* a stack */
	size_t count, capacity;
	struct str path;
};

static int push(struct walker *w, const char *path, uint64_t below, pipe_error *err)
{
	if (w->count == w->capacity) {
		size_t grown = w->capacity ? w->capacity * 2 : 64;
		struct waiting *bigger = reallocarray(w->waiting, grown, sizeof(*bigger));
		if (!bigger)
			return error_nomem(err);
		w->waiting = bigger;
		w->capacity = grown;
	}
	w->waiting[w->count].path = strdup(path);
	w->waiting[w->count].below = below;
	return w->waiting[w->count++].path ? PIPE_OK : error_nomem(err);
}

static bool is_state_directory(int above, const char *name)
{
	char database[NAME_MAX + sizeof("/pipe.db")];
	struct stat st;

	if (snprintf(database, sizeof(database), "%s/pipe.db", name) >= (int)sizeof(database))
		return false;
	return fstatat(above, database, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(st.st_mode);
}

static enum walk_type type_of_mode(mode_t mode)
{
	return S_ISREG(mode) ? WALK_FILE : S_ISDIR(mode) ? WALK_DIRECTORY : S_ISLNK(mode) ? WALK_LINK : WALK_SPECIAL;
}

static enum walk_type type_of(int directory, const struct dirent *d)
{
	struct stat st;

	if (d->d_type == DT_UNKNOWN) {
		if (fstatat(directory, d->d_name, &st, AT_SYMLINK_NOFOLLOW))
			return WALK_SPECIAL;
		return type_of_mode(st.st_mode);
	}
	return type_of_mode(DTTOIF(d->d_type));
}

static int visit_one(struct walker *w, int fd, const char *directory, uint64_t above, const struct dirent *d, pipe_error *err)
{
	struct walk_entry e = { .above = above, .below = above, .enter = true };
	int rc;

	if (!strcmp(d->d_name, ".") || !strcmp(d->d_name, "..") || (!*directory && !strcmp(d->d_name, ".git")))
		return PIPE_OK;
	str_reset(&w->path);
	str_adds(&w->path, directory);
	if (*directory)
		str_addc(&w->path, '/');
	str_adds(&w->path, d->d_name);
	if (w->path.failed)
		return error_nomem(err);
	e.path = w->path.data;
	e.type = type_of(fd, d);
	if (e.type == WALK_DIRECTORY && is_state_directory(fd, d->d_name))
		return PIPE_OK;
	rc = w->visit(w->context, &e, err);
	if (rc == PIPE_OK && e.type == WALK_DIRECTORY && e.enter)
		rc = push(w, e.path, e.below, err);
	return rc;
}

static int read_directory(struct walker *w, const char *path, uint64_t below, pipe_error *err)
{
	int fd = beneath_open(w->root, path, O_RDONLY | O_DIRECTORY, 0), rc = PIPE_OK;
	struct dirent *d;
	DIR *dir;

	if (fd < 0)
		return errno == EMFILE || errno == ENFILE || errno == ENOMEM
			       ? error_errno(err, error_code_of(errno), errno, "%s", path)
			       : PIPE_OK;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return error_nomem(err);
	}
	while (rc == PIPE_OK && (d = readdir(dir)))
		rc = visit_one(w, fd, path, below, d, err);
	closedir(dir);
	return rc;
}

int walk_tree(const char *root, walk_visit visit, void *context, pipe_error *err)
{
	struct walker w = { .visit = visit, .context = context };
	int rc = root_open(root, &w.root, err);

	if (rc)
		return rc;
	str_init(&w.path);
	rc = push(&w, "", 0, err);
	while (rc == PIPE_OK && w.count) {
		struct waiting next = w.waiting[--w.count];
		rc = read_directory(&w, next.path, next.below, err);
		free(next.path);
	}
	while (w.count)
		free(w.waiting[--w.count].path);
	free(w.waiting);
	str_clear(&w.path);
	close(w.root);
	return rc;
}
