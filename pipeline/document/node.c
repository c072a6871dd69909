/*
 * Looking into maps, making nodes, merging.  A map made here has room for more pairs than it holds: the first place of its array
 * is not a pair, it keeps how many there may be (NODE_HAS_ROOM); the composer's maps are exact.
 */
#include "pipeline/document/document.h"
#include "pipeline/document/node_index.h"

#include <string.h>

enum { NODE_HAS_ROOM = 1 };

struct pair *node_pair(const struct node *map, const char *key)
{
	size_t length = strlen(key);

	if (!map || map->kind != NODE_MAP)
		return NULL;
	for (uint32_t i = 0; i < map->count; i++) {
		const struct node *k = map->pairs[i].key;

		if (k->count == length && !memcmp(k->text, key, length))
			return &map->pairs[i];
	}
	return NULL;
}

struct node *node_getn(const struct node *map, const char *key, size_t length)
{
	if (!map || map->kind != NODE_MAP)
		return NULL;
	for (uint32_t i = 0; i < map->count; i++) {
		const struct node *k = map->pairs[i].key;

		if (k->count == length && !memcmp(k->text, key, length))
			return map->pairs[i].value;
	}
	return NULL;
}

struct node *node_get(const struct node *map, const char *key)
{
	return node_getn(map, key, strlen(key));
}

struct node *node_scalar(struct arena *a, struct mark at, const char *text, size_t length)
{
	struct node *n = ARENA_NEW(a, struct node);

	if (!n || length > UINT32_MAX)
		return NULL;
	n->kind = NODE_SCALAR;
	n->style = STYLE_QUOTED;
	n->at = at;
	n->count = (uint32_t)length;
	n->text = length ? arena_strndup(a, text, length) : "";
	return n->text ? n : NULL;
}

struct node *node_list(struct arena *a, struct mark at, uint32_t count)
{
	struct node *n = ARENA_NEW(a, struct node);

	if (!n)
		return NULL;
	n->kind = NODE_LIST;
	n->at = at;
	n->count = count;
	if (!count)
		return n;
	n->items = ARENA_ARRAY(a, struct node *, count);
	return n->items ? n : NULL;
}

/* ---- maps with room ---- */

static uint32_t room_of(const struct node *map)
{
	return map->flags & NODE_HAS_ROOM ? (uint32_t)(uintptr_t)map->pairs[-1].key : 0;
}

static bool give_room(struct node *map, struct arena *a, uint32_t capacity)
{
	struct pair *pairs = capacity < UINT32_MAX ? ARENA_ARRAY(a, struct pair, (size_t)capacity + 1) : NULL;

	if (!pairs)
		return false;
	pairs[0].key = (struct node *)(uintptr_t)capacity;
	if (map->count)
		memcpy(pairs + 1, map->pairs, map->count * sizeof(*pairs));
	map->pairs = pairs + 1;
	map->flags |= NODE_HAS_ROOM;
	return true;
}

struct node *node_map(struct arena *a, struct mark at, uint32_t capacity)
{
	struct node *n = ARENA_NEW(a, struct node);

	if (!n)
		return NULL;
	n->kind = NODE_MAP;
	n->at = at;
	return !capacity || give_room(n, a, capacity) ? n : NULL;
}

bool node_add(struct node *map, struct arena *a, struct node *key, struct node *value)
{
	if (map->count >= room_of(map)) {
		uint32_t grown = map->count < 4 ? 4 : map->count <= UINT32_MAX / 4 ? map->count * 2 : UINT32_MAX;

		if (!give_room(map, a, grown))
			return false;
	}
	map->pairs[map->count++] = (struct pair){ key, value };
	return true;
}

bool node_set(struct node *map, struct arena *a, struct node *key, struct node *value)
{
	for (uint32_t i = 0; i < map->count; i++)
		if (node_same_text(map->pairs[i].key, key)) {
			map->pairs[i] = (struct pair){ key, value };
			return true;
		}
	return node_add(map, a, key, value);
}

/* ---- merging ---- */

/* Where over's keys are to go in the new map, which begins as a copy of under. */
static bool merge_pairs(struct node *map, struct arena *a, const struct node *under, const struct node *over,
			const struct node_index *index)
{
	for (uint32_t i = 0; i < over->count; i++) {
		struct node *key = over->pairs[i].key, *value = over->pairs[i].value;
		uint32_t at = 0;

		if (index)
			at = *node_index_slot(index, under->pairs, key);
		else
			for (uint32_t k = 0; k < under->count && !at; k++)
				if (node_same_text(under->pairs[k].key, key))
					at = k + 1;
		if (!at) {
			if (!node_add(map, a, key, value))
				return false;
			continue;
		}
		value = node_merge(a, under->pairs[at - 1].value, value);
		if (!value)
			return false;
		map->pairs[at - 1] = (struct pair){ key, value };
	}
	return true;
}

static bool merge_many(struct node *map, struct arena *a, const struct node *under, const struct node *over)
{
	struct node_index index;
	bool done;

	if (!node_index_init(&index, under->count))
		return false;
	for (uint32_t i = 0; i < under->count; i++)
		*node_index_slot(&index, under->pairs, under->pairs[i].key) = i + 1;
	done = merge_pairs(map, a, under, over, &index);
	node_index_clear(&index);
	return done;
}

/* Recurses as deep as both are maps: limits.depth at most. */
struct node *node_merge(struct arena *a, struct node *under, struct node *over)
{
	struct node *map;

	if (!under || !over || under == over || under->kind != NODE_MAP || over->kind != NODE_MAP || !under->count)
		return over ? over : under;
	if (!over->count)
		return under;
	if (over->count > UINT32_MAX / 4 || under->count > UINT32_MAX / 4)
		return NULL;
	map = node_map(a, over->at, under->count + over->count);
	if (!map)
		return NULL;
	memcpy(map->pairs, under->pairs, under->count * sizeof(*under->pairs));
	map->count = under->count;
	if (under->count > NODE_INDEX_FEW && over->count > 1)
		return merge_many(map, a, under, over) ? map : NULL;
	return merge_pairs(map, a, under, over, NULL) ? map : NULL;
}
