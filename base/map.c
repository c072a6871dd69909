#include "base/map.h"

#include <string.h>

static const char seed_anchor; /* its address differs from process to process */

uint32_t map_hash(const char *key, size_t length)
{
	uint64_t h = (uint64_t)(uintptr_t)&seed_anchor ^ 0x9e3779b97f4a7c15u ^ length;

	while (length >= 8) {
		uint64_t w;
		memcpy(&w, key, 8);
		h = (h ^ w) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
		key += 8;
		length -= 8;
	}
	if (length) {
		uint64_t w = 0;
		memcpy(&w, key, length);
		h = (h ^ w) * 0xff51afd7ed558ccdu;
		h ^= h >> 32;
	}
	h *= 0xc4ceb9fe1a85ec53u;
	return (uint32_t)(h ^ (h >> 33));
}

static struct map_slot *find(const struct map *m, const char *key, size_t length, uint32_t hash)
{
	uint32_t i = hash & (m->capacity - 1);

	for (;; i = (i + 1) & (m->capacity - 1)) {
		struct map_slot *s = &m->slots[i];
		if (!s->key || (s->hash == hash && s->length == length && !memcmp(s->key, key, length)))
			return s;
	}
}

void *map_get(const struct map *m, const char *key, size_t length)
{
	if (!m->capacity)
		return NULL;
	return find(m, key, length, map_hash(key, length))->value;
}

static bool grow(struct map *m, struct arena *a)
{
	struct map bigger = MAP_INIT;

	bigger.capacity = m->capacity ? m->capacity * 2 : 16;
	bigger.count = m->count;
	bigger.slots = ARENA_ARRAY(a, struct map_slot, bigger.capacity);
	if (!bigger.slots)
		return false;
	for (uint32_t i = 0; i < m->capacity; i++) {
		struct map_slot *s = &m->slots[i];
		if (s->key)
			*find(&bigger, s->key, s->length, s->hash) = *s;
	}
	*m = bigger;
	return true;
}

bool map_reserve(struct map *m, struct arena *a, uint32_t count)
{
	uint32_t capacity = 16;

	while (capacity / 4 * 3 < (uint64_t)count + 1 && capacity <= UINT32_MAX / 2)
		capacity *= 2;
	m->slots = ARENA_ARRAY(a, struct map_slot, capacity);
	m->capacity = m->slots ? capacity : 0;
	return m->slots != NULL;
}

bool map_put(struct map *m, struct arena *a, const char *key, size_t length, void *value)
{
	uint32_t hash = map_hash(key, length);
	struct map_slot *s;

	if (length > UINT32_MAX || (m->count + 1 > m->capacity / 4 * 3 && !grow(m, a)))
		return false;
	s = find(m, key, length, hash);
	if (!s->key)
		m->count++;
	*s = (struct map_slot){ .key = key, .value = value, .length = (uint32_t)length, .hash = hash };
	return true;
}
