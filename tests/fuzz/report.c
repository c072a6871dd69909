/*
 * libFuzzer (and AFL++) target: any bytes as a report.  The first byte picks the format (128 and above: it is recognised), the rest is
 * the report, read whole and in small pieces: both ways must end alike, and what comes out must be as stages/evidence.h promises.
 * Seeds are made of tests/reports: tests/fuzz/report_seeds.sh DIRECTORY.  REPORT=junit in the environment: every input is read as that
 * format, whatever its first byte says.
 */
#include "stages/report/report.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static const struct report_format *forced;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *name = getenv("REPORT");

	(void)argc;
	(void)argv;
	forced = name ? report_format_named(name) : NULL;
	if (name && !forced)
		abort();
	return 0;
}

enum { TEXT_BYTES = 200, PIECE = 5 };

struct counted {
	uint64_t items, sum;
};

static void text(struct counted *c, const char *s)
{
	size_t length;

	if (!s)
		abort();
	length = strlen(s);
	if (length > TEXT_BYTES || utf8_valid(s, length) != length)
		abort();
	for (size_t i = 0; i < length; i++) {
		unsigned char u = (unsigned char)s[i];

		if ((u < ' ' && u != '\n' && u != '\t') || u == 0x7f)
			abort();
		c->sum = c->sum * 31 + u;
	}
	c->items++;
}

static int test(void *payload, const struct evidence_test *t, pipe_error *err)
{
	(void)err;
	if (!t->name || !*t->name || t->status >= TEST_STATUS_COUNT || t->duration_us < -1 ||
	    (t->failures && t->status != TEST_FLAKY))
		abort();
	text(payload, t->suite);
	text(payload, t->name);
	text(payload, t->file);
	text(payload, t->message);
	text(payload, t->details);
	return PIPE_OK;
}

static int line(void *payload, const struct evidence_line *l, pipe_error *err)
{
	(void)err;
	if (!l->line || l->branches_hit > l->branches)
		abort();
	text(payload, l->path);
	return PIPE_OK;
}

static int finding(void *payload, const struct evidence_finding *f, pipe_error *err)
{
	unsigned char print[16];

	(void)err;
	if (f->kind >= FINDING_KIND_COUNT || f->severity >= SEVERITY_COUNT)
		abort();
	text(payload, f->tool);
	text(payload, f->rule);
	text(payload, f->path);
	text(payload, f->message);
	text(payload, f->fingerprint);
	text(payload, f->package);
	text(payload, f->installed);
	text(payload, f->fixed);
	text(payload, f->url);
	evidence_fingerprint(f, 0, print);
	return PIPE_OK;
}

static int metric(void *payload, const struct evidence_metric *m, pipe_error *err)
{
	(void)err;
	text(payload, m->name);
	text(payload, m->labels);
	text(payload, m->unit);
	text(payload, m->help);
	return PIPE_OK;
}

static int component(void *payload, const struct evidence_component *e, pipe_error *err)
{
	(void)err;
	text(payload, e->name);
	text(payload, e->version);
	text(payload, e->type);
	text(payload, e->purl);
	text(payload, e->licenses);
	return PIPE_OK;
}

static int image(void *payload, const struct evidence_image *i, pipe_error *err)
{
	(void)err;
	text(payload, i->name);
	text(payload, i->digest);
	return PIPE_OK;
}

struct input {
	const unsigned char *data;
	size_t size, piece;
};

static int64_t read_input(void *payload, char *buffer, size_t size, pipe_error *err)
{
	struct input *in = payload;
	size_t n = in->size < in->piece ? in->size : in->piece;

	(void)err;
	n = n < size ? n : size;
	memcpy(buffer, in->data, n);
	in->data += n;
	in->size -= n;
	return (int64_t)n;
}

static int read_once(const struct report_format *format, struct input in, struct counted *c)
{
	struct report_options options = {
		.workspace = "/w",
		.tool = "fuzz",
		.limits = { .items = 10000, .depth = 50, .text_bytes = TEXT_BYTES, .item_bytes = 1 << 20 },
	};
	struct evidence_sink sink = { .test = test,
				      .line = line,
				      .finding = finding,
				      .metric = metric,
				      .component = component,
				      .image = image,
				      .payload = c };
	pipe_error err = { 0 };
	int rc = report_read(format, "report", read_input, &in, &options, &sink, NULL, &err);

	if (rc && (!*err.text || err.code != (enum pipe_code)rc))
		abort();
	return rc;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	const struct report_format *format = forced;
	struct counted whole = { 0 }, pieces = { 0 };
	size_t count = 0;
	int rc;

	if (!size)
		return 0;
	while (report_formats[count])
		count++;
	if (!forced && *data < 128 && count)
		format = report_formats[*data % count];
	rc = read_once(format, (struct input){ data + 1, size - 1, size }, &whole);
	/* Of several faults another one may be met first. */
	if (!rc != !read_once(format, (struct input){ data + 1, size - 1, PIECE }, &pieces))
		abort();
	/* What came before a fault is thrown away, and how much of it came may differ. */
	if (!rc && (whole.items != pieces.items || whole.sum != pieces.sum))
		abort();
	return 0;
}
