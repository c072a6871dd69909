/*
 * What TAP says about a test besides its line: the YAML block behind it, or comments (Test::More, Bats, pytest-tap) and bare text
 * (Mocha).  Only a few keys of the YAML are looked at, as lines: such blocks are often none, and may look like TAP.
 */
#ifndef STAGES_REPORT_TAP_TAP_NOTES_H
#define STAGES_REPORT_TAP_TAP_NOTES_H

#include "base/str.h"
#include <stdint.h>

struct tap_notes {
	struct str details;	     /* the whole, without its indentation */
	struct str message;	     /* "" */
	struct str wanted, found;    /* values of an assertion; "" */
	struct str file;	     /* "" */
	uint32_t line;		     /* 0: not said */
	int64_t duration_us;	     /* -1: not said */
	size_t most;		     /* bytes of each text */
	bool open, closed;	     /* within a YAML block; behind one */
	unsigned indent, key_indent; /* of the block and of its keys */
	struct str *scalar;	     /* what a value of several lines goes into; NULL: none */
	unsigned scalar_indent;	     /* of its key */
	bool under_at;		     /* within `at:`, whose file and line are meant */
	bool failed_line;	     /* the message is a traceback's "E" line, and whole */
};

void tap_notes_init(struct tap_notes *n, size_t most);
void tap_notes_reset(struct tap_notes *n);
void tap_notes_clear(struct tap_notes *n);
/* out of memory somewhere since the last reset */
bool tap_notes_failed(const struct tap_notes *n);

/* `---` was seen with this indentation. */
void tap_notes_open(struct tap_notes *n, unsigned indent);
/* A line while the block is open; false: it does not belong to the block, which is closed by it. */
bool tap_notes_yaml(struct tap_notes *n, const char *text, unsigned indent);
/* A comment (without its `#`) or a bare line. */
void tap_notes_text(struct tap_notes *n, const char *text);

#endif
