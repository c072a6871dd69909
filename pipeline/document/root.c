/* Merging and copying maps and lists.  Nodes are shared between documents, so nothing that was handed in is ever changed. */
#include "pipeline/document/root.h"

#include "pipeline/keyword/keyword.h"
#include <string.h>

bool root_index(struct map *index, struct arena *a, const struct node *root)
{
	for (uint32_t i = 0; i < root->count; i++) {
		const struct node *key = root->pairs[i].key;
		if (!map_put(index, a, key->text, key->count, &root->pairs[i]))
			return false;
	}
	return true;
}

static bool is_ours(const char *keyword)
{
	return !strcmp(keyword, "hooks") || !strcmp(keyword, "lua");
}

bool root_gives_way(const char *keyword, const struct node *value)
{
	static const char *const work[] = { "script", "uses", "run", "trigger", "extends" };

	if (!is_ours(keyword) || !value || value->kind != NODE_MAP)
		return false;
	for (size_t i = 0; i < sizeof(work) / sizeof(*work); i++)
		if (node_pair(value, work[i]))
			return true;
	return false;
}

/* The root is only searched for the few names that matter: it may be long. */
bool root_keywords(struct map *names, struct arena *a, const struct node *root)
{
	for (const struct keyword *k = keywords; k->name; k++) {
		if (!(k->where & IN_GLOBAL) || (is_ours(k->name) && root_gives_way(k->name, node_get(root, k->name))))
			continue;
		if (!map_put(names, a, k->name, strlen(k->name), (void *)(uintptr_t)k))
			return false;
	}
	return true;
}

struct node *root_without(struct arena *a, struct node *root, const char *key)
{
	struct pair *gone = node_pair(root, key);
	struct node *out;
	uint32_t at;

	if (!gone)
		return root;
	out = root_copy(a, root, 0);
	if (!out)
		return NULL;
	at = (uint32_t)(gone - root->pairs);
	memmove(out->pairs + at, out->pairs + at + 1, sizeof(*out->pairs) * (out->count - at - 1));
	out->count--;
	return out;
}

struct node *root_copy(struct arena *a, const struct node *n, uint32_t more)
{
	size_t size = n->kind == NODE_MAP ? sizeof(*n->pairs) : sizeof(*n->items);
	struct node *copy = ARENA_NEW(a, struct node);
	void *children = arena_array(a, size, (size_t)n->count + more);

	if (!copy || !children)
		return NULL;
	*copy = *n;
	copy->flags = 0; /* how much room there is, is known to node.c only */
	if (n->count)
		memcpy(children, n->kind == NODE_MAP ? (const void *)n->pairs : (const void *)n->items, size * n->count);
	if (n->kind == NODE_MAP)
		copy->pairs = children;
	else
		copy->items = children;
	return copy;
}

struct node *root_text(struct arena *a, struct mark at, const char *text, size_t length)
{
	struct node *n = ARENA_NEW(a, struct node);

	if (!n || length > UINT32_MAX)
		return NULL;
	n->kind = NODE_SCALAR;
	n->style = STYLE_QUOTED;
	n->at = at;
	n->text = text;
	n->count = (uint32_t)length;
	return n;
}

uint64_t root_weight(const struct node *n, uint64_t most, uint32_t depth)
{
	uint64_t sum = 1;

	if (n->kind == NODE_SCALAR)
		return sum;
	if (!depth)
		return most + 1;
	for (uint32_t i = 0; i < n->count && sum <= most; i++)
		sum += root_weight(n->kind == NODE_MAP ? n->pairs[i].value : n->items[i], most - sum, depth - 1);
	return sum;
}

struct node *root_lost_script(struct arena *a, struct mark at)
{
	struct node *list = node_list(a, at, 1);
	struct node *command = root_text(a, at, "true", 4);

	if (!list || !command)
		return NULL;
	list->count = 1;
	list->items[0] = command;
	return list;
}
