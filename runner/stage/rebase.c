#include "runner/stage/rebase.h"

#include "stages/evidence.h"

#include <string.h>
#include <unistd.h>

enum { KNOWN_MOST = 50000 };

void rebase_clear(struct rebase *r)
{
	arena_clear(&r->arena);
	r->root = NULL;
	r->known = (struct map)MAP_INIT;
}

void rebase_set(struct rebase *r, const char *workspace, const char *directory, const char *rendered)
{
	rebase_clear(r);
	r->workspace = workspace;
	r->directory = directory && *directory ? directory : NULL;
	r->rendered = rendered;
}

/* What lies below `rendered`, seen from there: as its own path would stand in the report. */
static const char *below_rendered(struct rebase *r, const char *path)
{
	size_t n;

	if (!r->rendered)
		return path;
	if (!r->root && !(r->root = evidence_path(&r->arena, r->workspace, r->rendered)))
		return NULL;
	n = strlen(r->root);
	return n && !strncmp(path, r->root, n) && path[n] == '/' ? path + n + 1 : path;
}

/* Where the path leads from the directory, if something is there; otherwise the path. */
static const char *look(struct rebase *r, const char *path)
{
	const char *joined = arena_printf(&r->arena, "%s/%s", r->directory, path), *full;

	joined = joined ? evidence_path(&r->arena, "", joined) : NULL;
	if (!joined)
		return NULL;
	if (!strncmp(joined, "..", 2) && (!joined[2] || joined[2] == '/'))
		return path;
	full = arena_printf(&r->arena, "%s/%s", r->workspace, joined);
	if (!full)
		return NULL;
	return access(full, F_OK) == 0 ? joined : path;
}

const char *rebase_path(struct rebase *r, const char *path)
{
	const char *found, *key;
	size_t n;

	path = below_rendered(r, path);
	if (!path)
		return NULL;
	n = strlen(path);
	if (!r->directory || !n)
		return path;
	found = map_get(&r->known, path, n);
	if (found)
		return found;
	if (r->known.count >= KNOWN_MOST)
		rebase_clear(r);
	key = arena_strdup(&r->arena, path);
	found = key ? look(r, key) : NULL;
	return found && map_put(&r->known, &r->arena, key, n, (void *)(uintptr_t)found) ? found : NULL;
}
