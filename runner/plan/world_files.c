/* Files of the project, as includes and `exists` ask for them: nothing outside of its directory. */
#include "runner/plan/world_inside.h"

#include "base/error.h"
#include "base/glob.h"
#include "runner/files/beneath.h"
#include "runner/files/walk.h"
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char yes[] = "yes", no[] = "no";

int world_read_local(struct project_world *w, const struct include_request *r, struct include_reply *reply, struct arena *a,
		     pipe_error *err)
{
	bool nomem;
	const char *path = path_clean(r->location, a, &nomem);
	int fd, rc;

	if (!path)
		return nomem ? error_nomem(err)
			     : error_set(err, PIPE_EUSAGE, "\"%s\" leaves the project: a path may not hold \"..\"", r->location);
	fd = beneath_open_follow(w->root, path, O_RDONLY | O_NONBLOCK);
	if (fd < 0 && errno == EXDEV)
		return error_set(err, PIPE_EUSAGE, "\"%s\" leaves the project through a symbolic link", r->location);
	if (fd < 0)
		return errno == ENOENT || errno == ENOTDIR
			       ? error_set(err, PIPE_ENOTFOUND, "there is no file \"%s\" in the project", r->location)
			       : error_errno(err, error_code_of(errno), errno, "%s", r->location);
	rc = fd_read_all(fd, r->location, r->max_bytes ? r->max_bytes : SIZE_MAX / 4, a, &reply->text, &reply->length, err);
	close(fd);
	reply->name = path;
	return rc;
}

/* ---- globs ---- */

struct matching {
	const char *glob; /* NULL: everything */
	path_list *out;
	struct arena *a;
};

static int match_entry(void *context, struct walk_entry *e, pipe_error *err)
{
	struct matching *m = context;
	const char **p, *copy;

	if (e->type == WALK_DIRECTORY)
		e->enter = !m->glob || glob_may_match_below(m->glob, e->path);
	if (e->type == WALK_DIRECTORY || e->type == WALK_SPECIAL || (m->glob && !glob_match(m->glob, e->path)))
		return PIPE_OK;
	copy = arena_strdup(m->a, e->path);
	p = copy ? vec_push(m->a, m->out) : NULL;
	if (!p)
		return error_nomem(err);
	*p = copy;
	return PIPE_OK;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int world_match_local(struct project_world *w, const char *glob, path_list *out, struct arena *a, pipe_error *err)
{
	struct matching m = { glob, out, a };
	uint32_t before = out->count;
	int rc = walk_tree(w->o.project_directory, match_entry, &m, err);

	if (out->count > before)
		qsort(out->items + before, out->count - before, sizeof(*out->items), by_text);
	return rc;
}

/* ---- exists ---- */

static int stop_at_file(void *context, struct walk_entry *e, pipe_error *err)
{
	(void)err;
	*(bool *)context = e->type != WALK_DIRECTORY;
	return e->type == WALK_DIRECTORY ? PIPE_OK : PIPE_EBUSY;
}

/* A file, or a directory that holds one. */
static int path_exists(struct project_world *w, const char *path, bool *found, pipe_error *err)
{
	int fd = *path ? beneath_open_follow(w->root, path, O_PATH) : -1, rc = PIPE_OK;
	struct stat st;
	char *full;

	*found = false;
	if (fd < 0)
		return PIPE_OK;
	if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode)) {
		*found = true;
	} else if (asprintf(&full, "%s/%s", w->o.project_directory, path) < 0) {
		rc = error_nomem(err);
	} else {
		rc = walk_tree(full, stop_at_file, found, err);
		free(full);
	}
	close(fd);
	return *found ? PIPE_OK : rc;
}

static int list_files(struct project_world *w, pipe_error *err)
{
	struct matching all = { NULL, &w->files, &w->a };
	int rc = w->listed ? PIPE_OK : walk_tree(w->o.project_directory, match_entry, &all, err);

	w->listed = rc == PIPE_OK;
	return rc;
}

static int glob_exists(struct project_world *w, const char *glob, bool *found, pipe_error *err)
{
	int rc = list_files(w, err);

	*found = false;
	for (uint32_t i = 0; rc == PIPE_OK && !*found && i < w->files.count; i++)
		*found = glob_match(glob, w->files.items[i]);
	return rc;
}

int world_exists_local(struct project_world *w, const char *glob, bool *found, pipe_error *err)
{
	const char *clean = path_clean(glob, &w->a, NULL);
	const char *known = clean ? map_get(&w->globs, clean, strlen(clean)) : no;
	int rc;

	*found = known == yes;
	if (known)
		return PIPE_OK;
	rc = glob_is_pattern(clean) ? glob_exists(w, clean, found, err) : path_exists(w, clean, found, err);
	if (rc == PIPE_OK && !map_put(&w->globs, &w->a, clean, strlen(clean), (void *)(uintptr_t)(*found ? yes : no)))
		rc = error_nomem(err);
	return rc;
}
