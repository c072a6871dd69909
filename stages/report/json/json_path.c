/* Paths into JSON documents: a tree of steps, made once a report from the few paths that a format names. */
#include "stages/report/json/json_path.h"

#include "base/error.h"

#include <string.h>

unsigned json_path_step(const struct json_path *path, unsigned node, const char *key, size_t length)
{
	for (unsigned i = path->nodes[node].child; i; i = path->nodes[i].next) {
		const struct json_node *n = &path->nodes[i];

		if (key ? n->key && n->length == length && !memcmp(n->key, key, length) : !n->key)
			return i;
	}
	return 0;
}

static unsigned add_node(struct json_path *path, unsigned parent, const char *key, size_t length)
{
	struct json_node *n, *p = &path->nodes[parent];
	unsigned index = path->count;

	if (index == JSON_NODES || length > UINT8_MAX)
		return 0;
	n = &path->nodes[path->count++];
	*n = (struct json_node){ .key = key, .length = (uint8_t)length, .next = p->child, .events = { -1, -1, -1 } };
	n->nth = p->child ? path->nodes[p->child].nth + 1 : 0;
	p->child = (uint8_t)index;
	if (key)
		p->keys = true;
	else
		p->elements = true;
	return index;
}

static unsigned step_or_add(struct json_path *path, unsigned node, const char *key, size_t length)
{
	unsigned next = json_path_step(path, node, key, length);

	return next ? next : add_node(path, node, key, length);
}

static bool add_pattern(struct json_path *path, const struct json_pattern *pattern, unsigned index)
{
	unsigned node = JSON_ROOT;

	for (const char *p = pattern->path; *p && node;) {
		size_t n = strcspn(p, ".[");

		if (*p == '[') {
			node = step_or_add(path, node, NULL, 0);
			p += 2;
		} else {
			node = step_or_add(path, node, p, n);
			p += n;
		}
		p += *p == '.';
	}
	path->nodes[node].events[pattern->event] = (int16_t)index;
	path->nodes[node].whole |= pattern->whole;
	return node != 0;
}

int json_path_init(struct json_path *path, const struct json_pattern *patterns, unsigned count, pipe_error *err)
{
	path->count = JSON_ROOT + 1;
	path->nodes[JSON_ROOT] = (struct json_node){ .events = { -1, -1, -1 } };
	for (unsigned i = 0; i < count; i++)
		if (i > INT16_MAX || !add_pattern(path, &patterns[i], i))
			return error_set(err, PIPE_EUSAGE, "too many paths into a JSON report");
	return PIPE_OK;
}
