/*
 * A pattern that matches a directory selects all that is in it, as in GitLab; a bit of walk_entry.below carries that down.  Patterns are
 * made relative and clean once; those that leave the root can select nothing.
 */
#include "runner/files/archive_select.h"

#include "base/error.h"
#include "base/glob.h"
#include "runner/files/beneath.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef VEC(const char *) pattern_list; /* NULL: leaves the root */

struct selection {
	struct arena *a;
	pattern_list paths, exclude;
	uint64_t matched;
	selected_list *out;
};

/* A path in the file may be absolute: "$CI_PROJECT_DIR/build". */
static const char *relative(const char *root, const char *pattern)
{
	size_t n = strlen(root);

	while (n && root[n - 1] == '/')
		n--;
	if (*pattern != '/')
		return pattern;
	if (strncmp(pattern, root, n) || (pattern[n] != '/' && pattern[n]))
		return NULL;
	return pattern + n;
}

static int clean_patterns(const char *root, const char *const *patterns, pattern_list *out, struct arena *a, pipe_error *err)
{
	for (; patterns && *patterns; patterns++) {
		const char *inside = relative(root, *patterns), **p = vec_push(a, out);
		bool nomem = !p;

		if (p && inside)
			*p = path_clean(inside, a, &nomem);
		if (nomem)
			return error_nomem(err);
	}
	return PIPE_OK;
}

static bool selects(struct selection *s, const char *path)
{
	bool yes = false;

	for (uint32_t i = 0; i < s->paths.count; i++) {
		const char *p = s->paths.items[i];
		if (p && (!*p || glob_match(p, path))) {
			s->matched |= UINT64_C(1) << (i < 64 ? i : 63);
			yes = true;
		}
	}
	return yes;
}

/* "dir/" followed by two stars means what is in a directory, not the directory itself: it stays behind, empty. */
static bool excludes_one(const char *pattern, const char *path, enum walk_type type, struct arena *a)
{
	size_t n = strlen(pattern);
	const char *directory;

	if (!glob_match(pattern, path))
		return false;
	if (type != WALK_DIRECTORY || n < 3 || strcmp(pattern + n - 3, "/**"))
		return true;
	directory = arena_strndup(a, pattern, n - 3);
	return directory && !glob_match(directory, path);
}

static bool excluded(struct selection *s, const char *path, enum walk_type type)
{
	for (uint32_t i = 0; i < s->exclude.count; i++)
		if (s->exclude.items[i] && excludes_one(s->exclude.items[i], path, type, s->a))
			return true;
	return false;
}

static bool may_match_below(const struct selection *s, const char *directory)
{
	for (uint32_t i = 0; i < s->paths.count; i++)
		if (s->paths.items[i] && glob_may_match_below(s->paths.items[i], directory))
			return true;
	return false;
}

static int take(struct selection *s, const char *path, enum walk_type type, pipe_error *err)
{
	struct selected *one;

	if (excluded(s, path, type))
		return PIPE_OK;
	one = vec_push(s->a, s->out);
	if (!one || !(one->path = arena_strdup(s->a, path)))
		return error_nomem(err);
	one->type = type;
	return PIPE_OK;
}

static int visit(void *context, struct walk_entry *e, pipe_error *err)
{
	struct selection *s = context;
	bool here;

	if (e->type == WALK_SPECIAL)
		return PIPE_OK;
	here = selects(s, e->path) || e->above;
	e->below = here;
	e->enter = here || may_match_below(s, e->path);
	return here ? take(s, e->path, e->type, err) : PIPE_OK;
}

static int add_untracked(struct selection *s, const char *root, const char *const *files, pipe_error *err)
{
	int fd, rc = root_open(root, &fd, err);

	if (rc)
		return rc;
	for (; rc == PIPE_OK && files && *files; files++) {
		const char *path = path_clean(*files, s->a, NULL);
		struct stat st;
		int parent;
		const char *name;

		parent = path && *path ? beneath_parent(fd, path, false, &name) : -1;
		if (parent < 0)
			continue;
		if (fstatat(parent, name, &st, AT_SYMLINK_NOFOLLOW) == 0 && (S_ISREG(st.st_mode) || S_ISLNK(st.st_mode)))
			rc = take(s, path, S_ISREG(st.st_mode) ? WALK_FILE : WALK_LINK, err);
		close(parent);
	}
	close(fd);
	return rc;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct selected *)a)->path, ((const struct selected *)b)->path);
}

static void sort_once(selected_list *list)
{
	uint32_t kept = 0;

	if (!list->count)
		return;
	qsort(list->items, list->count, sizeof(*list->items), by_path);
	for (uint32_t i = 1; i < list->count; i++)
		if (strcmp(list->items[kept].path, list->items[i].path))
			list->items[++kept] = list->items[i];
	list->count = kept + 1;
}

int archive_select_files(const char *root, const struct archive_select *select, selected_list *out, uint64_t *unmatched,
			 struct arena *a, pipe_error *err)
{
	struct selection s = { .a = a, .out = out };
	uint64_t all;
	int rc = clean_patterns(root, select->paths, &s.paths, a, err);

	if (rc == PIPE_OK)
		rc = clean_patterns(root, select->exclude, &s.exclude, a, err);
	if (rc == PIPE_OK && s.paths.count)
		rc = walk_tree(root, visit, &s, err);
	if (rc == PIPE_OK && select->untracked)
		rc = add_untracked(&s, root, select->untracked_files, err);
	if (rc)
		return rc;
	sort_once(out);
	all = s.paths.count >= 64 ? UINT64_MAX : (UINT64_C(1) << s.paths.count) - 1;
	if (unmatched)
		*unmatched = all & ~s.matched;
	return PIPE_OK;
}

/* Trees of programs that a virtual environment or a toolchain points into; a job can read them anyway. */
static const char *const system_trees[] = { "/usr/", "/bin/", "/lib/", "/lib64/", "/opt/", "/nix/store/", "/gnu/store/", NULL };

static bool has_parent_part(const char *path)
{
	for (const char *p = path; (p = strstr(p, "..")); p += 2)
		if ((p == path || p[-1] == '/') && (p[2] == '/' || !p[2]))
			return true;
	return false;
}

static bool absolute_stays(const char *root, const char *target)
{
	size_t n = strlen(root);

	if (has_parent_part(target))
		return false;
	for (const char *const *t = system_trees; *t; t++)
		if (!strncmp(target, *t, strlen(*t)))
			return true;
	return n && !strncmp(target, root, n) && (target[n] == '/' || !target[n]);
}

bool archive_link_stays(const char *root, const char *path, const char *target)
{
	unsigned depth = 0;

	if (*target == '/')
		return absolute_stays(root, target);
	for (; *path; path++)
		depth += *path == '/';
	for (;;) {
		target += strspn(target, "/");
		if (!strncmp(target, "./", 2)) {
			target += 2;
		} else if (!strncmp(target, "..", 2) && (target[2] == '/' || !target[2])) {
			if (!depth--)
				return false;
			target += 2;
		} else {
			return !has_parent_part(target);
		}
	}
}
