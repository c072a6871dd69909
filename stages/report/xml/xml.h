/*
 * XML for the formats that are made of it: expat, with bounds, and with repairs in front of it.
 *
 * What many tools get wrong, and what can mean one thing only, is repaired on the way in: control characters, as such or as character
 * references (they travel on as clean.h says); `]]>` in text; a `&` that begins no reference; white space before the declaration.
 * Everything else that is not well-formed is an error with its place (columns behind a repair in the same line may be some off).  No
 * DTD is ever fetched, and a document that declares entities of its own is refused.
 */
#ifndef STAGES_REPORT_XML_XML_H
#define STAGES_REPORT_XML_XML_H

#include "base/str.h"
#include "stages/report/report.h"
#include <expat.h>

/* Names are without their namespace prefix.  attributes: name, value, name, value, ... NULL. */
struct xml_handler {
	int (*open)(void *payload, const char *name, const char **attributes, pipe_error *err);
	int (*close)(void *payload, const char *name, pipe_error *err);
};

/* Where the filter in front of expat is (xml_filter.c). */
struct xml_filter {
	bool in_cdata;
	uint8_t opening;  /* characters of <![CDATA[ that were seen */
	uint8_t brackets; /* ] that were seen, at most 2 */
	uint8_t special;  /* bytes of U+FFFE or U+FFFF that were seen */
	uint8_t held;	  /* in reference */
	char reference[16];
};

struct xml {
	XML_Parser parser;
	const struct xml_handler *handler;
	void *payload;
	const struct report_limits *limits;
	struct xml_filter filter;
	uint32_t depth;	 /* elements that are open */
	size_t silent;	 /* bytes since expat last found something: it holds a tag as a whole */
	bool begun;	 /* something other than white space was seen */
	unsigned before; /* lines before that */
	int rc;		 /* of what ended the parsing from inside */
	pipe_error *err; /* during feed and finish */
	struct str text; /* character data since xml_collect */
	bool collects, cut;
};

/* handler and limits outlive it. */
int xml_begin(struct xml *x, const struct xml_handler *handler, void *payload, const struct report_limits *limits,
	      pipe_error *err);
int xml_feed(struct xml *x, const char *bytes, size_t length, pipe_error *err);
int xml_finish(struct xml *x, pipe_error *err);
/* Also on a zeroed one. */
void xml_end(struct xml *x);

/* From here on the character data is collected (what was before is forgotten), whatever elements it stands in. */
void xml_collect(struct xml *x);
/* Ends that: the text without white space around it, cut where it was very long; valid until the next xml_collect.  NULL: no memory. */
const char *xml_collected(struct xml *x);

/* An error at the element that is being handled. */
int xml_error(struct xml *x, enum pipe_code code, pipe_error *err, const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The value of an attribute; NULL: it is not there. */
const char *xml_attribute(const char **attributes, const char *name);
/* A number without a sign; false: it is none.  Larger than `most` is `most`. */
bool xml_number(const char *text, uint64_t most, uint64_t *out);
/* Seconds as tools write them ("0.012", "1e-05", "0,5", "1,234.5", "12ms") in microseconds; -1: negative, or no number. */
int64_t xml_seconds(const char *text);

/* The root element's tag in the first bytes of a document: its name without a prefix, and all of it up to its end (or as far as it
 * is there); false: this is no XML. */
struct xml_root {
	const char *name, *tag;
	size_t name_length, tag_length;
};
bool xml_root(const char *head, size_t length, struct xml_root *out);
bool xml_root_is(const struct xml_root *root, const char *name);
/* Whether the tag holds the text. */
bool xml_root_has(const struct xml_root *root, const char *text);

/* ---- between xml.c and xml_filter.c ---- */

enum { XML_FILTER_MOST = 32 }; /* bytes that one byte may become, at most */

/* Filters into out (of at least 2 * XML_FILTER_MOST bytes) until it is full or the input is used up; *used of the input. */
size_t xml_filter(struct xml_filter *f, const char *bytes, size_t length, size_t *used, char *out, size_t size);
/* What was held back at the end of the document. */
size_t xml_filter_end(struct xml_filter *f, char *out);

#endif
