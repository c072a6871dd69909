/* Looking into trees, and building them: see tree.h. */
#include "stages/scanner/syntax/tree.h"
#include "base/vec.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { INDEX_FROM = 12 }; /* members; fewer are found as fast one after the other */

int tree_fail(const struct tree_source *source, unsigned line, enum pipe_code code, pipe_error *err, const char *format, ...)
{
	va_list ap;

	if (!err)
		return code;
	*err = (pipe_error){ .code = code, .line = line };
	va_start(ap, format);
	vsnprintf(err->text, sizeof(err->text), format, ap);
	va_end(ap);
	snprintf(err->file, sizeof(err->file), "%s", source->path);
	return code;
}

static struct tree_member *find(const struct tree_value *map, const char *key, size_t length)
{
	uintptr_t at;

	if (map->index) {
		at = (uintptr_t)map_get(map->index, key, length);
		return at ? &map->members[at - 1] : NULL;
	}
	for (uint32_t i = 0; i < map->count; i++)
		if (map->members[i].length == length && !memcmp(map->members[i].key, key, length))
			return &map->members[i];
	return NULL;
}

const struct tree_member *tree_find(const struct tree_value *map, const char *key, size_t length)
{
	return map && map->kind == TREE_MAP ? find(map, key, length) : NULL;
}

const struct tree_value *tree_getn(const struct tree_value *map, const char *key, size_t length)
{
	const struct tree_member *m = tree_find(map, key, length);

	return m ? &m->value : NULL;
}

const struct tree_value *tree_get(const struct tree_value *map, const char *key)
{
	return tree_getn(map, key, strlen(key));
}

uint32_t tree_members(const struct tree_value *map)
{
	return map && map->kind == TREE_MAP ? map->count : 0;
}

uint32_t tree_items(const struct tree_value *list)
{
	return list && list->kind == TREE_LIST ? list->count : 0;
}

const char *tree_text(const struct tree_value *value)
{
	return value && (value->kind == TREE_TEXT || value->kind == TREE_NUMBER) ? value->text : "";
}

struct piece tree_piece(const struct tree_value *value)
{
	return piece_of(tree_text(value));
}

const char *tree_get_text(const struct tree_value *map, const char *key)
{
	return tree_text(tree_get(map, key));
}

bool tree_true(const struct tree_value *value)
{
	return value && value->kind == TREE_BOOL && value->truth;
}

struct piece tree_key(const struct tree_member *m)
{
	return (struct piece){ m->key, m->length };
}

static bool to_index(struct arena *a, struct tree_value *map, uint32_t at)
{
	return map_put(map->index, a, map->members[at].key, map->members[at].length, (void *)(uintptr_t)(at + 1));
}

static bool index_last(struct arena *a, struct tree_value *map)
{
	if (map->count < INDEX_FROM)
		return true;
	if (map->index)
		return to_index(a, map, map->count - 1);
	map->index = ARENA_NEW(a, struct map);
	for (uint32_t i = 0; map->index && i < map->count; i++)
		if (!to_index(a, map, i))
			return false;
	return map->index != NULL;
}

struct tree_value *tree_put(struct arena *a, struct tree_value *map, const char *key, uint32_t length, uint32_t line, bool *twice)
{
	struct tree_member *m;

	*twice = find(map, key, length) != NULL;
	if (*twice)
		return NULL;
	m = vec_grow(a, (void **)(void *)&map->members, &map->count, &map->capacity, sizeof(*m));
	if (!m)
		return NULL;
	m->key = key;
	m->length = length;
	m->line = line;
	return index_last(a, map) ? &m->value : NULL;
}

struct tree_value *tree_push(struct arena *a, struct tree_value *list)
{
	return vec_grow(a, (void **)(void *)&list->items, &list->count, &list->capacity, sizeof(*list->items));
}
