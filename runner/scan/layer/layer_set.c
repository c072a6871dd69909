/* Open addressing, never removed from.  The hash is SipHash-1-3 (Aumasson, Bernstein), the parent's hash mixed into the key. */
#include "runner/scan/layer/layer_set.h"

#include "base/error.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { FIRST_CAPACITY = 4096 };

int layer_set_init(struct layer_set *set, pipe_error *err)
{
	*set = (struct layer_set){ 0 };
	if (getrandom(set->key, sizeof(set->key), 0) != (ssize_t)sizeof(set->key))
		return error_errno(err, PIPE_EIO, errno, "no random numbers");
	set->slots = calloc(FIRST_CAPACITY, sizeof(*set->slots));
	if (!set->slots)
		return error_nomem(err);
	set->capacity = FIRST_CAPACITY;
	return PIPE_OK;
}

void layer_set_clear(struct layer_set *set)
{
	free(set->slots);
	*set = (struct layer_set){ 0 };
}

static inline uint64_t turn(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static inline void sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[1] = turn(v[1], 13) ^ v[0];
	v[0] = turn(v[0], 32);
	v[2] += v[3];
	v[3] = turn(v[3], 16) ^ v[2];
	v[0] += v[3];
	v[3] = turn(v[3], 21) ^ v[0];
	v[2] += v[1];
	v[1] = turn(v[1], 17) ^ v[2];
	v[2] = turn(v[2], 32);
}

static inline void sip_word(uint64_t v[4], uint64_t word)
{
	v[3] ^= word;
	sip_round(v);
	v[0] ^= word;
}

uint64_t layer_set_hash(const struct layer_set *set, uint64_t parent, const char *name, size_t length)
{
	uint64_t k0 = set->key[0] ^ parent, k1 = set->key[1];
	uint64_t v[4] = { k0 ^ 0x736f6d6570736575, k1 ^ 0x646f72616e646f6d, k0 ^ 0x6c7967656e657261, k1 ^ 0x7465646279746573 };
	uint64_t last = (uint64_t)length << 56, word = 0, hash;

	for (; length >= sizeof(word); name += sizeof(word), length -= sizeof(word)) {
		memcpy(&word, name, sizeof(word));
		sip_word(v, word);
	}
	word = 0;
	memcpy(&word, name, length);
	sip_word(v, last | word);
	v[2] ^= 0xff;
	for (unsigned i = 0; i < 3; i++)
		sip_round(v);
	hash = v[0] ^ v[1] ^ v[2] ^ v[3];
	return hash ? hash : 1;
}

static struct layer_slot *place(const struct layer_set *set, uint64_t hash)
{
	size_t i = hash & (set->capacity - 1);

	while (set->slots[i].hash && set->slots[i].hash != hash)
		i = (i + 1) & (set->capacity - 1);
	return &set->slots[i];
}

struct layer_slot *layer_set_find(const struct layer_set *set, uint64_t hash)
{
	struct layer_slot *slot = place(set, hash);

	return slot->hash ? slot : NULL;
}

static bool grow(struct layer_set *set)
{
	struct layer_set bigger = *set;

	bigger.capacity = set->capacity * 2;
	bigger.slots = calloc(bigger.capacity, sizeof(*bigger.slots));
	if (!bigger.slots)
		return false;
	for (size_t i = 0; i < set->capacity; i++)
		if (set->slots[i].hash)
			*place(&bigger, set->slots[i].hash) = set->slots[i];
	free(set->slots);
	*set = bigger;
	return true;
}

struct layer_slot *layer_set_put(struct layer_set *set, uint64_t hash)
{
	struct layer_slot *slot = place(set, hash);

	if (slot->hash)
		return slot;
	if (set->count >= set->capacity / 4 * 3) {
		if (!grow(set))
			return NULL;
		slot = place(set, hash);
	}
	slot->hash = hash;
	set->count++;
	return slot;
}
