/*
 * Any encoding that reports come in, to UTF-8, piece by piece.  What it is says a byte-order mark, zeros between ASCII characters
 * (UTF-16), an XML declaration, and otherwise it is UTF-8.
 */
#ifndef STAGES_REPORT_ENCODING_H
#define STAGES_REPORT_ENCODING_H

#include "pipe.h"
#include <iconv.h>
#include <stdbool.h>

/* Receives UTF-8, whole characters. */
typedef int (*encoding_emit)(void *payload, const char *text, size_t length, pipe_error *err);

struct encoding {
	const char *name; /* iconv's; NULL: UTF-8 */
	size_t mark;	  /* length of the byte-order mark in front */
	bool lenient;	  /* bytes that are no character are taken for Windows-1252; otherwise they are an error */
	iconv_t convert, stray;
	bool opened, stray_opened;
	unsigned line, column; /* of what comes next, from 1; columns in characters */
	encoding_emit emit;
	void *payload;
};

enum {
	ENCODING_HEAD = 1024, /* bytes that are enough to tell */
	ENCODING_LEFT = 16    /* more bytes than a character has */
};

/* Looks at the first bytes.  PIPE_EPIPELINE: an encoding is declared that is not known. */
int encoding_detect(struct encoding *e, const char *head, size_t length, pipe_error *err);
/* Makes ready to feed (after lenient, emit and payload are set).  PIPE_EUNSUPPORTED: the system has no such converter. */
int encoding_open(struct encoding *e, pipe_error *err);
/* Converts and emits; *used bytes were taken, what is left (less than ENCODING_LEFT bytes) is to come again in front of the next
 * ones.  last: nothing follows, all is taken. */
int encoding_feed(struct encoding *e, const char *bytes, size_t length, bool last, size_t *used, pipe_error *err);
/* Gives back what encoding_open took; also on a zeroed one. */
void encoding_close(struct encoding *e);

#endif
