#include "runner/lua/pipe_lua_files.h"

#include "base/error.h"
#include "runner/files/beneath.h"
#include "runner/files/walk.h"
#include "runner/history/project.h"
#include "stages/evidence.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { FILES_MOST = 10000, FILE_MOST = 64 << 20 };

int lua_files_open(struct lua_files *f, const struct pipe_project *project, pipe_error *err)
{
	memset(f, 0, sizeof(*f));
	f->directory = project->directory;
	f->root = -1;
	return root_open(project->directory, &f->root, err);
}

void lua_files_close(struct lua_files *f)
{
	if (f->root >= 0)
		close(f->root);
	f->root = -1;
	arena_clear(&f->arena);
}

/* ---- reading ---- */

static int read_source(struct lua_files *f, const char *path, const struct lua_source **out, pipe_error *err)
{
	struct lua_source *s = ARENA_NEW(&f->arena, struct lua_source);
	const char *text;
	int fd, rc;

	if (!s)
		return error_nomem(err);
	fd = beneath_open_follow(f->root, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return error_set(err, PIPE_ENOTFOUND, "there is no %s in the project", path);
	if (fd < 0 && errno == EXDEV)
		return error_set(err, PIPE_EUSAGE, "\"%s\" leaves the project through a symbolic link", path);
	if (fd < 0)
		return error_errno(err, error_code_of(errno), errno, "cannot read %s", path);
	rc = fd_read_all(fd, path, FILE_MOST, &f->arena, &text, &s->length, err);
	close(fd);
	if (rc)
		return rc;
	s->name = path;
	s->text = text;
	if (!map_put(&f->sources, &f->arena, path, strlen(path), s))
		return error_nomem(err);
	*out = s;
	return PIPE_OK;
}

int lua_files_source(struct lua_files *f, const char *path, const struct lua_source **out, pipe_error *err)
{
	bool nomem = false;
	const char *clean = path_clean(evidence_path(&f->arena, "", path), &f->arena, &nomem);

	if (!clean)
		return nomem ? error_nomem(err) : error_set(err, PIPE_EUSAGE, "\"%s\" leads out of the project", path);
	*out = map_get(&f->sources, clean, strlen(clean));
	return *out ? PIPE_OK : read_source(f, clean, out, err);
}

int lua_files_beside(void *payload, const char *name, const char *from, const struct lua_source **out, pipe_error *err)
{
	struct lua_files *f = payload;
	const char *slash = from ? strrchr(from, '/') : NULL;
	const char *beside = slash ? arena_printf(&f->arena, "%.*s/%s", (int)(slash - from), from, name) : name;
	pipe_error here;
	int rc;

	if (!beside)
		return error_nomem(err);
	rc = *name == '/' ? PIPE_ENOTFOUND : lua_files_source(f, beside, out, &here);
	if (rc == PIPE_ENOTFOUND && (slash || *name == '/'))
		rc = lua_files_source(f, name, out, &here);
	if (rc == PIPE_ENOTFOUND)
		return error_set(err, rc, "there is no \"%s\" beside %s, nor in the project", name, from);
	if (rc && err)
		*err = here;
	return rc;
}

/* ---- finding ---- */

const char *lua_files_inside(struct lua_files *f, const char *name, pipe_error *err)
{
	const size_t n = strcmp(f->directory, "/") ? strlen(f->directory) : 0;
	char path[PATH_MAX];
	const char *inside;

	if (!realpath(name, path)) {
		error_errno(err, errno == ENOENT ? PIPE_ENOTFOUND : error_code_of(errno), errno, "cannot read %s", name);
		return NULL;
	}
	if (strncmp(path, f->directory, n) != 0 || (path[n] && path[n] != '/')) {
		error_set(err, PIPE_EUSAGE, "%s is not in the project %s", name, f->directory);
		return NULL;
	}
	inside = arena_strdup(&f->arena, path[n] ? path + n + 1 : "");
	if (!inside)
		error_nomem(err);
	return inside;
}

struct search {
	struct lua_files *files;
	const char *below, *suffix; /* of the project; of the name */
};

static int add_path(struct lua_files *f, const char *path, pipe_error *err)
{
	const char **slot;

	if (f->paths.count >= FILES_MOST)
		return error_set(err, PIPE_ELIMIT, "more than %d Lua files: name those that are meant", FILES_MOST);
	slot = vec_push(&f->arena, &f->paths);
	if (!slot || !path)
		return error_nomem(err);
	*slot = path;
	return PIPE_OK;
}

/* A directory with an (empty) file ".luaignore" in it: examples of mistakes, what others wrote. */
static bool is_passed_over(const struct search *s, const char *path)
{
	char mark[PATH_MAX];
	int length = snprintf(mark, sizeof(mark), "%s%s%s/.luaignore", s->below, *s->below ? "/" : "", path);
	struct stat st;

	return length > 0 && (size_t)length < sizeof(mark) && fstatat(s->files->root, mark, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

static int on_entry(void *context, struct walk_entry *e, pipe_error *err)
{
	const struct search *s = context;
	const char *slash = strrchr(e->path, '/'), *name = slash ? slash + 1 : e->path;
	const size_t length = strlen(name), end = strlen(s->suffix);

	if (e->type == WALK_DIRECTORY)
		e->enter = *name != '.' && !is_passed_over(s, e->path);
	if (e->type != WALK_FILE || length < end || strcmp(name + length - end, s->suffix) != 0)
		return PIPE_OK;
	return add_path(s->files, arena_printf(&s->files->arena, "%s%s%s", s->below, *s->below ? "/" : "", e->path), err);
}

static int search_below(struct lua_files *f, const char *below, const char *suffix, pipe_error *err)
{
	struct search s = { f, below, suffix };
	const char *directory = arena_printf(&f->arena, "%s/%s", strcmp(f->directory, "/") ? f->directory : "", below);

	return directory ? walk_tree(directory, on_entry, &s, err) : error_nomem(err);
}

static int find_named(struct lua_files *f, const char *name, const char *suffix, pipe_error *err)
{
	const char *inside = lua_files_inside(f, name, err);
	struct stat st;

	if (!inside)
		return err && err->code ? (int)err->code : PIPE_ENOTFOUND;
	if (stat(name, &st) == 0 && S_ISDIR(st.st_mode))
		return search_below(f, inside, suffix, err);
	return add_path(f, inside, err);
}

/* The modules of the project lie where nobody else looks: in the directory of the history. */
static int find_all(struct lua_files *f, const char *suffix, pipe_error *err)
{
	static const char own[] = ".pipe/lua";
	struct stat st;
	int rc = PIPE_OK;

	if (fstatat(f->root, own, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISDIR(st.st_mode))
		rc = search_below(f, own, suffix, err);
	return rc ? rc : search_below(f, "", suffix, err);
}

static int by_path(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int lua_files_find(struct lua_files *f, const char *const *names, const char *suffix, pipe_error *err)
{
	pipe_error own = { 0 };
	uint32_t kept = 0;
	int rc = PIPE_OK;

	err = err ? err : &own;
	if (!names)
		rc = find_all(f, suffix, err);
	for (; names && *names && !rc; names++)
		rc = find_named(f, *names, suffix, err);
	if (f->paths.count)
		qsort(f->paths.items, f->paths.count, sizeof(*f->paths.items), by_path);
	for (uint32_t i = 0; i < f->paths.count; i++) /* each once */
		if (!kept || strcmp(f->paths.items[i], f->paths.items[kept - 1]) != 0)
			f->paths.items[kept++] = f->paths.items[i];
	f->paths.count = kept;
	return rc;
}
