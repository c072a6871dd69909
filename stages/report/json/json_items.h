/*
 * JSON reports (RFC 8259) of any size, element by element.  A push parser that knows the path at which it stands: a format names the
 * paths that it reads, gets the value at each as a jansson value of its own, and nothing else is ever held.
 *
 * Taken as real tools write them: lone surrogates and \u0000 become U+FFFD, control characters other than a line end may stand in a
 * string as they are, a number that no double holds becomes the largest one, and within an item the same key twice is fine as long as
 * both say the same.  Everything else that RFC 8259 forbids is an error with its place, and so is a map where the format has a list.
 */
#ifndef STAGES_REPORT_JSON_JSON_ITEMS_H
#define STAGES_REPORT_JSON_JSON_ITEMS_H

#include "base/map.h"
#include "base/str.h"
#include "stages/report/json/json_path.h"
#include "stages/report/report.h"
#include <jansson.h>

struct json_item {
	unsigned pattern;      /* index into the patterns */
	json_t *value;	       /* of JSON_ITEM; borrowed for the call (json_incref keeps it) */
	json_type type;	       /* of the value, with every event */
	unsigned line, column; /* where the value begins (JSON_LEAVE: ends), from 1 */
};

struct json_spec {
	const struct json_pattern *patterns;
	unsigned count;
	/* Keys that are read within items; what stands behind any other key is checked and dropped.  "key*": with all that is below it.
	 * NULL at the end.  NULL: everything. */
	const char *const *keep;
	bool many; /* several values, one after the other: between them white space, NUL (Code Climate) and RS (RFC 7464) */
	/* PIPE_OK, or a negative pipe_code with err filled, which ends the reading. */
	int (*item)(void *payload, const struct json_item *item, pipe_error *err);
};

struct json_level;

struct json_items {
	const struct json_spec *spec;
	const struct report_limits *limits;
	void *payload;
	struct json_path path;
	struct arena arena; /* of keep and levels */
	struct map keep;
	struct json_level *levels;
	unsigned depth, most; /* open maps and lists; how many there may be */
	json_t *root;	      /* the item under way */
	size_t held;	      /* its memory, about */
	unsigned item_line, item_column;
	uint8_t state; /* enum json_state */
	/* Of the value that comes next. */
	struct {
		uint8_t node;	  /* on the path to items; 0: not */
		bool held, whole; /* part of an item; with all that is below it */
	} next;
	bool is_key, wanted, cut;  /* the string under way: a key; it is kept; it was cut */
	bool any;		   /* a value was read to its end */
	uint8_t digits;		   /* of the \u escape under way */
	uint16_t unit, high;	   /* it; the first half of a pair before it */
	struct str text;	   /* the string, number or word under way */
	struct str key;		   /* of the member whose value comes next, within an item */
	unsigned line, characters; /* the place: characters of the line before `from` */
	const char *from;
	unsigned token_line, token_column; /* of the number or word under way */
	int failed;			   /* the code of the error that ended it */
};

/* What the arguments point to must outlive it.  json_items_clear gives the memory back, also after an error. */
int json_items_init(struct json_items *it, const struct json_spec *spec, const struct report_limits *limits, void *payload,
		    pipe_error *err);
int json_items_feed(struct json_items *it, const char *bytes, size_t length, pipe_error *err);
/* The end of the file: an error within a value, and where there was none at all. */
int json_items_finish(struct json_items *it, pipe_error *err);
void json_items_clear(struct json_items *it);
/* No value is under way: a line of newline-delimited ones can end here. */
bool json_items_between(const struct json_items *it);

#endif
