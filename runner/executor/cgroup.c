/*
 * The cgroup2 file system, as far as tasks need it.  No controller is switched on, so no limit and no accounting comes with it: the
 * cgroups are there to name, count and kill what belongs together.
 */
#include "runner/executor/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { REAP_DEPTH = 24, CLOSE_TRIES = 200 };

struct cgroup_leaf {
	int directory, events;
	char *path;
	const char *name;	  /* the end of path that is ours alone: "/NAME/NUMBER" */
	struct cgroup_leaf *next; /* of the free ones */
	bool killed;		  /* by cgroup.kill: some kernels (seen with 6.18) kill whatever is born in it later as well */
};

struct cgroups {
	char *path; /* of the parent; made with the first leaf */
	size_t own; /* where "/NAME" begins in it */
	bool made;
	unsigned leaves;
	struct cgroup_leaf *free;
};

/* ---- where we are ---- */

/* The first line of a file for which `found` fills out. */
static bool search_lines(const char *file, bool (*found)(const char *line, struct str *out), struct str *out)
{
	FILE *f = fopen(file, "re");
	char *line = NULL;
	size_t size = 0;
	bool ok = false;

	if (!f)
		return false;
	while (!ok && getline(&line, &size, f) > 0) {
		line[strcspn(line, "\n")] = '\0';
		ok = found(line, out);
	}
	free(line);
	fclose(f);
	return ok && !out->failed;
}

static bool own_cgroup(const char *line, struct str *out)
{
	if (strncmp(line, "0::/", 4) != 0)
		return false;
	str_adds(out, line + 3);
	return true;
}

/* "36 35 98:0 ROOT MOUNTPOINT options... - cgroup2 source options": leaves "ROOT MOUNTPOINT" in out. */
static bool cgroup2_mount(const char *line, struct str *out)
{
	const char *kind = strstr(line, " - ");
	int start = 0, end = 0;

	if (!kind || strncmp(kind, " - cgroup2 ", 11) != 0)
		return false;
	if (sscanf(line, "%*d %*d %*s %n%*s %*s%n", &start, &end) < 0 || !end)
		return false;
	/* A path with blanks is written in octal; nobody mounts cgroups on one. */
	if (memchr(line + start, '\\', (size_t)(end - start)))
		return false;
	str_add(out, line + start, (size_t)(end - start));
	return true;
}

/* The mount point of the hierarchy, and our own cgroup's directory below it. */
static bool locate(struct str *mount, struct str *own)
{
	struct str line;
	char *blank;
	size_t root;

	str_init(&line);
	if (!search_lines("/proc/self/mountinfo", cgroup2_mount, &line) || !(blank = strchr(line.data, ' ')))
		goto failed;
	*blank = '\0';
	str_adds(mount, blank + 1);
	root = strcmp(line.data, "/") ? strlen(line.data) : 0;
	str_reset(own);
	if (!search_lines("/proc/self/cgroup", own_cgroup, own))
		goto failed;
	/* A container may see only a part of the hierarchy mounted, and still be told the whole path. */
	if (root && !strncmp(own->data, line.data, root))
		str_drop(own, root);
	str_reset(&line);
	str_adds(&line, own->data);
	str_reset(own);
	str_printf(own, "%s%s", mount->data, strcmp(line.data, "/") ? line.data : "");
	str_clear(&line);
	return !own->failed && !mount->failed;
failed:
	str_clear(&line);
	return false;
}

static bool is_name(const char *name)
{
	return *name && *name != '.' && !strchr(name, '/') && strlen(name) < 200;
}

/* ---- trees of cgroups ---- */

/* Calls each(context, path) for a cgroup and all below it, from below. */
static void walk(char *path, void (*each)(void *context, const char *path), void *context)
{
	char *roots[] = { path, NULL };
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *entry;

	if (!tree)
		return;
	while ((entry = fts_read(tree)))
		if (entry->fts_info == FTS_DP)
			each(context, entry->fts_path);
	fts_close(tree);
}

static int open_in(const char *cgroup, const char *file, int flags)
{
	char path[4096];

	if ((size_t)snprintf(path, sizeof(path), "%s/%s", cgroup, file) >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return -1;
	}
	return open(path, flags | O_CLOEXEC);
}

static void add_members(void *context, const char *path)
{
	int fd = open_in(path, "cgroup.procs", O_RDONLY);

	if (fd < 0)
		return;
	pids_read(context, fd);
	close(fd);
}

static void remove_one(void *context, const char *path)
{
	(void)context;
	rmdir(path);
}

static void members_of(char *path, struct pids *out)
{
	walk(path, add_members, out);
}

static void kill_all(char *path)
{
	struct pids members = { 0 };
	int fd = open_in(path, "cgroup.kill", O_WRONLY);
	bool done = fd >= 0 && write(fd, "1", 1) == 1;

	if (fd >= 0)
		close(fd);
	if (done)
		return;
	/* Before Linux 5.14: one by one. */
	members_of(path, &members);
	for (size_t i = 0; i < members.count; i++)
		kill(members.items[i], SIGKILL);
	pids_clear(&members);
}

/* A process that is just dying keeps its cgroup for a moment. */
static void remove_tree(char *path)
{
	const struct timespec moment = { 0, 500000 };

	for (int i = 0; i < CLOSE_TRIES; i++) {
		if (rmdir(path) == 0 || errno == ENOENT)
			return;
		walk(path, remove_one, NULL);
		if (access(path, F_OK) != 0)
			return;
		nanosleep(&moment, NULL);
	}
}

/* ---- the pool ---- */

static void leaf_free(struct cgroup_leaf *leaf, bool remove)
{
	if (leaf->directory >= 0)
		close(leaf->directory);
	if (leaf->events >= 0)
		close(leaf->events);
	if (remove && leaf->path)
		remove_tree(leaf->path);
	free(leaf->path);
	free(leaf);
}

struct cgroups *cgroups_open(const char *name)
{
	struct cgroups *g = NULL;
	struct str mount, own;

	str_init(&mount);
	str_init(&own);
	if (name && is_name(name) && locate(&mount, &own)) {
		str_printf(&own, "/%s", name);
		g = own.failed ? NULL : calloc(1, sizeof(*g));
	}
	if (g && !(g->path = str_detach(&own))) {
		free(g);
		g = NULL;
	}
	if (g)
		g->own = strlen(g->path) - strlen(name) - 1;
	str_clear(&mount);
	str_clear(&own);
	return g;
}

void cgroups_close(struct cgroups *g)
{
	if (!g)
		return;
	while (g->free) {
		struct cgroup_leaf *leaf = g->free;
		g->free = leaf->next;
		leaf_free(leaf, true);
	}
	if (g->made)
		remove_tree(g->path);
	free(g->path);
	free(g);
}

static struct cgroup_leaf *leaf_make(struct cgroups *g)
{
	struct cgroup_leaf *leaf = calloc(1, sizeof(*leaf));
	struct str path;

	if (!leaf)
		return NULL;
	leaf->directory = leaf->events = -1;
	str_init(&path);
	str_printf(&path, "%s/%u", g->path, g->leaves);
	leaf->path = str_detach(&path);
	if (!leaf->path || (mkdir(leaf->path, 0755) < 0 && errno != EEXIST)) {
		leaf_free(leaf, false);
		return NULL;
	}
	leaf->name = leaf->path + g->own;
	leaf->directory = open(leaf->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	leaf->events = open_in(leaf->path, "cgroup.events", O_RDONLY);
	if (leaf->directory < 0 || leaf->events < 0 || cgroup_leaf_is_populated(leaf)) {
		leaf_free(leaf, true);
		return NULL;
	}
	g->leaves++;
	return leaf;
}

struct cgroup_leaf *cgroups_take(struct cgroups *g)
{
	struct cgroup_leaf *leaf = g->free;

	if (leaf) {
		g->free = leaf->next;
		return leaf;
	}
	if (!g->made) {
		if (mkdir(g->path, 0755) < 0 && errno != EEXIST)
			return NULL;
		g->made = true;
	}
	return leaf_make(g);
}

void cgroups_give(struct cgroups *g, struct cgroup_leaf *leaf, bool empty)
{
	if (leaf->killed) {
		/* While somebody in it is still dying it stays, and goes with the parent's tree. */
		rmdir(leaf->path);
		leaf_free(leaf, false);
		return;
	}
	/* Somebody unkillable is still in it: not for the next task.  Its directory goes with the parent's tree. */
	if (!empty && cgroup_leaf_is_populated(leaf)) {
		struct pids members = { 0 };
		cgroup_leaf_members(leaf, &members);
		if (members.count) {
			pids_clear(&members);
			leaf_free(leaf, false);
			return;
		}
	}
	leaf->next = g->free;
	g->free = leaf;
}

int cgroup_leaf_directory(const struct cgroup_leaf *leaf)
{
	return leaf->directory;
}

bool cgroup_leaf_is_populated(const struct cgroup_leaf *leaf)
{
	char text[128];
	ssize_t n = pread(leaf->events, text, sizeof(text) - 1, 0);

	if (n <= 0)
		return false;
	text[n] = '\0';
	return strstr(text, "populated 1") != NULL;
}

void cgroup_leaf_members(const struct cgroup_leaf *leaf, struct pids *out)
{
	members_of(leaf->path, out);
}

bool cgroup_leaf_is_in(const struct cgroup_leaf *leaf, const char *path)
{
	const char *at = strstr(path, leaf->name);

	return at && strchr("/ ", at[strlen(leaf->name)]);
}

void cgroup_leaf_kill(struct cgroup_leaf *leaf)
{
	leaf->killed = true;
	kill_all(leaf->path);
}

/* ---- recovery ---- */

/* We may be at work inside a job of that very run. */
static bool is_around(const char *cgroup, const char *own)
{
	size_t n = strlen(cgroup);

	return !strncmp(cgroup, own, n) && (own[n] == '/' || !own[n]);
}

static unsigned reap_one(char *path)
{
	struct pids members = { 0 };
	unsigned count;

	members_of(path, &members);
	count = (unsigned)members.count;
	pids_clear(&members);
	if (count)
		kill_all(path);
	remove_tree(path);
	return count;
}

unsigned cgroup_reap(const char *name)
{
	struct str mount, own;
	unsigned count = 0;
	char *roots[2] = { NULL, NULL };
	FTSENT *entry;
	FTS *tree;

	if (!is_name(name))
		return 0;
	str_init(&mount);
	str_init(&own);
	roots[0] = locate(&mount, &own) ? mount.data : NULL;
	tree = roots[0] ? fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL) : NULL;
	while (tree && (entry = fts_read(tree))) {
		if (entry->fts_info != FTS_D)
			continue;
		if (entry->fts_level >= REAP_DEPTH)
			fts_set(tree, entry, FTS_SKIP);
		if (!strcmp(entry->fts_name, name)) {
			if (!is_around(entry->fts_path, own.data))
				count += reap_one(entry->fts_path);
			fts_set(tree, entry, FTS_SKIP);
		}
	}
	if (tree)
		fts_close(tree);
	str_clear(&mount);
	str_clear(&own);
	return count;
}
