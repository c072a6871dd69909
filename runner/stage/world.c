#include "runner/stage/world.h"

#include "base/error.h"
#include "base/glob.h"
#include "runner/files/archive.h"
#include "runner/files/beneath.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { READ_MOST = 1 << 20 };

/* What is left of an absolute path below a directory; NULL: it leads elsewhere. */
static const char *below(const char *directory, const char *path)
{
	size_t n = directory ? strlen(directory) : 0;

	return n && !strncmp(path, directory, n) && (!path[n] || path[n] == '/') ? path + n : NULL;
}

/* The path below the workspace, also of an absolute one that leads there, or into the job's scratch directory, which *root is then;
 * NULL: it leads elsewhere. */
static const char *inside(const struct stage_place *p, const char *path, const char **root, struct arena *a)
{
	const char *rest;

	*root = p->workspace;
	if (*path != '/')
		return path_clean(path, a, NULL);
	rest = below(p->workspace, path);
	if (!rest) {
		*root = p->scratch;
		rest = below(p->scratch, path);
	}
	return rest ? path_clean(rest, a, NULL) : NULL;
}

static int open_inside(const struct stage_place *p, const char *path, int flags)
{
	struct arena scratch = ARENA_INIT;
	const char *directory, *clean = inside(p, path, &directory, &scratch);
	int root = -1, fd = -1, saved;

	errno = EXDEV;
	if (clean && root_open(directory, &root, NULL) == PIPE_OK)
		fd = beneath_open_follow(root, clean, flags);
	saved = errno;
	if (root >= 0)
		close(root);
	arena_clear(&scratch);
	errno = saved;
	return fd;
}

static bool exists(void *payload, const char *path)
{
	int fd = open_inside(payload, path, O_PATH | O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

struct collecting {
	struct arena *a;
	VEC(const char *) paths;
	size_t most;
	bool failed;
};

static int collect(void *payload, const char *path)
{
	struct collecting *c = payload;
	const char **slot;

	if (c->paths.count >= c->most)
		return 1;
	slot = vec_push(c->a, &c->paths);
	if (slot)
		*slot = arena_strdup(c->a, path);
	c->failed |= !slot || !*slot;
	return c->failed;
}

static const char *const *find(void *payload, struct arena *a, const char *pattern, size_t most)
{
	const struct stage_place *p = payload;
	struct collecting c = { .a = a, .most = most };
	const char *const patterns[] = { pattern, NULL };
	const struct archive_select select = { .paths = patterns };

	if (!glob_is_pattern(pattern) && !exists(payload, pattern))
		return NULL;
	if (archive_find(p->workspace, &select, collect, &c, NULL) || c.failed || !c.paths.count || !vec_push(a, &c.paths))
		return NULL;
	return c.paths.items;
}

static const char *read_text(void *payload, struct arena *a, const char *path, pipe_error *err)
{
	int fd = open_inside(payload, path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	const char *text = NULL;
	size_t length;

	if (fd < 0) {
		error_errno(err, errno == ENOENT ? PIPE_ENOTFOUND : PIPE_EIO, errno, "cannot read %s", path);
		return NULL;
	}
	if (fd_read_all(fd, path, READ_MOST, a, &text, &length, err))
		text = NULL;
	else if (strlen(text) != length) {
		error_set(err, PIPE_EIO, "%s is not a text: it has a NUL byte", path);
		text = NULL;
	}
	close(fd);
	return text;
}

/* ---- tools ---- */

static bool is_program(const char *file)
{
	struct stat st;

	return access(file, X_OK) == 0 && stat(file, &st) == 0 && S_ISREG(st.st_mode);
}

static const char *find_tool(void *payload, struct arena *a, const char *name)
{
	const struct stage_place *p = payload;
	const char *file;

	if (strchr(name, '/')) {
		file = *name == '/' ? arena_strdup(a, name) : arena_printf(a, "%s/%s", p->workspace, name);
		return file && is_program(file) ? file : NULL;
	}
	for (const char *entry = p->path; *name && entry; entry = strchr(entry, ':') ? strchr(entry, ':') + 1 : NULL) {
		int n = (int)strcspn(entry, ":");
		char full[4096];
		int length = *entry == '/' ? snprintf(full, sizeof(full), "%.*s/%s", n, entry, name)
					   : snprintf(full, sizeof(full), "%s/%.*s/%s", p->workspace, n, entry, name);
		if (length > 0 && length < (int)sizeof(full) && is_program(full))
			return arena_strdup(a, full);
	}
	return NULL;
}

bool stage_path_enters(const char *path, const char *workspace)
{
	size_t n = strlen(workspace);

	for (const char *entry = path; entry; entry = strchr(entry, ':') ? strchr(entry, ':') + 1 : NULL)
		if (*entry != '/' || (!strncmp(entry, workspace, n) && strchr("/:", entry[n])))
			return true;
	return false;
}

const char *stage_environment_get(const char *const *envp, const char *name)
{
	size_t n = strlen(name);

	for (; envp && *envp; envp++)
		if (!strncmp(*envp, name, n) && (*envp)[n] == '=')
			return *envp + n + 1;
	return NULL;
}

const char *stage_default_path(void)
{
	return "/usr/local/bin:/usr/bin:/bin";
}

/* ---- the machine ---- */

static unsigned processors(void *payload)
{
	cpu_set_t set;
	int n;

	(void)payload;
	CPU_ZERO(&set);
	n = sched_getaffinity(0, sizeof(set), &set) == 0 ? CPU_COUNT(&set) : (int)sysconf(_SC_NPROCESSORS_ONLN);
	return n < 1 ? 1 : (unsigned)n;
}

static int64_t now_ms(void *payload)
{
	struct timespec t;

	(void)payload;
	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void stage_place_init(struct stage_place *place, const char *workspace, const char *path)
{
	place->workspace = workspace;
	place->path = path ? path : stage_default_path();
	place->scratch = NULL;
	place->world = (struct stage_world){ .exists = exists,
					     .glob = find,
					     .read = read_text,
					     .tool = find_tool,
					     .processors = processors,
					     .now_ms = now_ms,
					     .payload = place };
}
