/*
 * The paths of a JSON document that a format reads ("runs[].results[]"), as a tree to walk down while the document is read.
 */
#ifndef STAGES_REPORT_JSON_JSON_PATH_H
#define STAGES_REPORT_JSON_JSON_PATH_H

#include "pipe.h"
#include <stdbool.h>
#include <stdint.h>

enum json_event {
	JSON_ITEM,  /* the value, whole */
	JSON_ENTER, /* a value begins there: only its type is known */
	JSON_LEAVE, /* the map or list there is complete */
	JSON_EVENTS
};

/* A path: keys with dots between them, `[]` behind one for each element of the list there: "runs[].results[]", "version", "[].name".
 * "" is the whole document; as an item it is taken when it is a map.  No path of an item leads into another item. */
struct json_pattern {
	const char *path;
	enum json_event event;
	bool whole; /* JSON_ITEM: with all its keys, whatever json_spec.keep says */
};

enum { JSON_NODES = 80, JSON_ROOT = 1 };

/* A step of a path.  Nodes are known by their index; 0 is none. */
struct json_node {
	const char *key; /* NULL: an element */
	uint8_t length, child, next;
	uint8_t nth;	     /* among its siblings */
	bool keys, elements; /* what can follow */
	bool whole;
	int16_t events[JSON_EVENTS]; /* the pattern's index, or -1 */
};

struct json_path {
	struct json_node nodes[JSON_NODES];
	unsigned count;
};

/* PIPE_EUSAGE: too many or too long. */
int json_path_init(struct json_path *path, const struct json_pattern *patterns, unsigned count, pipe_error *err);
/* The node behind a key, behind an element (key NULL); 0: no path goes there. */
unsigned json_path_step(const struct json_path *path, unsigned node, const char *key, size_t length);

#endif
