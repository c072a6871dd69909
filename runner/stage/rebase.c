#include "runner/stage/rebase.h"

#include "stages/evidence.h"

#include <string.h>
#include <unistd.h>

enum { KNOWN_MOST = 50000 };

void rebase_clear(struct rebase *r)
{
	arena_clear(&r->arena);
	r->known = (struct map)MAP_INIT;
}

void rebase_set(struct rebase *r, const char *workspace, const char *directory)
{
	rebase_clear(r);
	r->workspace = workspace;
	r->directory = directory;
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
	size_t n = strlen(path);

	if (!r->directory || !*r->directory || !*path)
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
