/*
 * The way in for every report: from bytes of some encoding and some format to evidence.  One buffer for what comes, one parser's
 * state; nothing grows with the report.
 */
#include "base/error.h"
#include "stages/report/clean.h"
#include "stages/report/encoding.h"
#include "stages/report/report.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BUFFER_SIZE = 65536, HEAD_SIZE = 4096 };

static const struct report_limits default_limits = {
	.bytes = (uint64_t)2 << 30,
	.items = 10000000,
	.depth = 200,
	.text_bytes = 65536,
	.item_bytes = 16 << 20,
};

struct reading {
	const struct report_format *format;
	void *state;
	struct report_options options;
	struct cleaner cleaner;
	struct encoding encoding;
	report_source source;
	void *payload;
	uint64_t bytes; /* read so far */
	size_t length;	/* in buffer */
	bool ended;	/* the source is at its end */
	char buffer[BUFFER_SIZE];
};

static void set_limits(struct report_limits *l)
{
	l->bytes = l->bytes ? l->bytes : default_limits.bytes;
	l->items = l->items ? l->items : default_limits.items;
	l->depth = l->depth ? l->depth : default_limits.depth;
	l->text_bytes = l->text_bytes ? l->text_bytes : default_limits.text_bytes;
	l->item_bytes = l->item_bytes ? l->item_bytes : default_limits.item_bytes;
}

/* Reads once, behind what is in the buffer. */
static int fill(struct reading *r, pipe_error *err)
{
	int64_t n = r->source(r->payload, r->buffer + r->length, sizeof(r->buffer) - r->length, err);

	if (n < 0)
		return (int)n;
	r->length += (size_t)n;
	r->bytes += (uint64_t)n;
	r->ended = n == 0;
	if (r->bytes > r->options.limits.bytes)
		return error_set(err, PIPE_ELIMIT, "the report is larger than %llu bytes",
				 (unsigned long long)r->options.limits.bytes);
	return PIPE_OK;
}

static int fill_head(struct reading *r, pipe_error *err)
{
	int rc = PIPE_OK;

	while (!rc && !r->ended && r->length < 2 * HEAD_SIZE)
		rc = fill(r, err);
	return rc;
}

/* ---- recognition ---- */

struct head {
	char text[HEAD_SIZE + 1];
	size_t length;
};

static int keep_head(void *payload, const char *text, size_t length, pipe_error *err)
{
	struct head *head = payload;
	size_t room = HEAD_SIZE - head->length;

	(void)err;
	length = length > room ? room : length;
	memcpy(head->text + head->length, text, length);
	head->length += length;
	return PIPE_OK;
}

/* The beginning as UTF-8. */
static int decode_head(const struct reading *r, struct head *head, pipe_error *err)
{
	struct encoding e = r->encoding;
	size_t length = r->length > 2 * HEAD_SIZE ? 2 * HEAD_SIZE : r->length, used;
	int rc;

	e.lenient = true;
	e.emit = keep_head;
	e.payload = head;
	rc = encoding_open(&e, err);
	if (!rc)
		rc = encoding_feed(&e, r->buffer + e.mark, length - e.mark, false, &used, err);
	encoding_close(&e);
	head->text[head->length] = '\0';
	return rc;
}

static int recognise(struct reading *r, const char *path, pipe_error *err)
{
	struct head head = { .length = 0 };
	unsigned best = 0;
	int rc = decode_head(r, &head, err);

	if (rc)
		return rc;
	for (size_t i = 0; report_formats[i]; i++) {
		unsigned sure = report_formats[i]->recognise(head.text, head.length, path);

		if (sure > best) {
			best = sure;
			r->format = report_formats[i];
		}
	}
	if (best)
		return PIPE_OK;
	if (r->length == r->encoding.mark)
		return error_set(err, PIPE_EPIPELINE, "the report is empty");
	return error_set(err, PIPE_EPIPELINE,
			 "the report's format is not recognised by its beginning nor by its name: say which one it is in");
}

/* ---- reading ---- */

static int feed_parser(void *payload, const char *text, size_t length, pipe_error *err)
{
	struct reading *r = payload;

	return r->format->feed(r->state, text, length, err);
}

static int begin(struct reading *r, pipe_error *err)
{
	int rc;

	r->encoding.lenient = r->format->text;
	r->encoding.emit = feed_parser;
	r->encoding.payload = r;
	rc = encoding_open(&r->encoding, err);
	if (rc)
		return rc;
	r->state = calloc(1, r->format->state_size);
	if (!r->state)
		return error_nomem(err);
	return r->format->begin(r->state, &r->options, &r->cleaner.sink, err);
}

static int feed_all(struct reading *r, pipe_error *err)
{
	size_t at = r->encoding.mark, used;
	int rc;

	for (;;) {
		rc = encoding_feed(&r->encoding, r->buffer + at, r->length - at, r->ended, &used, err);
		if (rc)
			return rc;
		r->length -= at + used;
		memmove(r->buffer, r->buffer + at + used, r->length);
		at = 0;
		if (r->ended)
			return r->format->finish(r->state, err);
		rc = fill(r, err);
		if (rc)
			return rc;
	}
}

static int read_all(struct reading *r, const char *path, pipe_error *err)
{
	int rc = fill_head(r, err);

	if (!rc)
		rc = encoding_detect(&r->encoding, r->buffer, r->length, err);
	if (!rc && !r->format)
		rc = recognise(r, path, err);
	if (!rc)
		rc = begin(r, err);
	if (!rc)
		rc = feed_all(r, err);
	if (r->state)
		r->format->end(r->state);
	free(r->state);
	encoding_close(&r->encoding);
	return rc;
}

int report_read(const struct report_format *format, const char *path, report_source source, void *payload,
		const struct report_options *options, const struct evidence_sink *sink, const struct report_format **used,
		pipe_error *err)
{
	struct reading *r = malloc(sizeof(*r));
	pipe_error ours = { 0 };
	int rc;

	if (used)
		*used = format;
	if (!r)
		return error_nomem(err);
	memset(r, 0, offsetof(struct reading, buffer));
	r->format = format;
	r->options = *options;
	r->source = source;
	r->payload = payload;
	set_limits(&r->options.limits);
	cleaner_init(&r->cleaner, sink, &r->options.limits);
	rc = read_all(r, path, &ours);
	/* Only what is wrong with the report has its place there. */
	if ((rc == PIPE_EPIPELINE || rc == PIPE_ELIMIT || rc == PIPE_EUNSUPPORTED) && !*ours.file)
		snprintf(ours.file, sizeof(ours.file), "%s", path);
	if (rc && err)
		*err = ours;
	if (used)
		*used = r->format;
	cleaner_clear(&r->cleaner);
	free(r);
	return rc;
}
