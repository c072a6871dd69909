/* The sink that bounds and cleans.  Most texts are fine as they are and are passed on without a copy. */
#include "stages/report/clean.h"

#include "base/error.h"
#include "base/utf8.h"

#include <string.h>

enum { ARENA_KEPT = 1 << 18, ESCAPE = 0x1b, BELL = 7 };

static const char dots[] = "...";

/* ---- one text ---- */

/* The length of what is printable ASCII, newline and tab. */
static size_t plain_length(const char *text, size_t length)
{
	const uint64_t ones = 0x0101010101010101u;
	size_t n = 0;

	for (;;) {
		uint64_t word;

		/* Eight at a time, none of them below ' ' or above '~'. */
		while (length - n >= 8 &&
		       (memcpy(&word, text + n, 8), !(((word - ones * ' ') | word | (word + ones)) & ones << 7)))
			n += 8;
		if (n == length || !((text[n] >= ' ' && text[n] <= '~') || text[n] == '\n' || text[n] == '\t'))
			return n;
		n++;
	}
}

/* The next character, a control character that travelled in disguise as itself. */
static size_t next(const char *text, size_t length, uint32_t *code)
{
	size_t n = utf8_decode(text, length, code);

	if (*code >= CLEAN_CONTROL && *code < CLEAN_CONTROL + ' ')
		*code -= CLEAN_CONTROL;
	return n;
}

static bool kept(uint32_t code)
{
	return code == '\n' || code == '\t' || (code >= ' ' && code < 0x7f) || (code >= 0xa0 && (code & 0xfffe) != 0xfffe);
}

static size_t skip_while(const char *text, size_t length, uint32_t low, uint32_t high)
{
	size_t at = 0;

	while (at < length && (unsigned char)text[at] >= low && (unsigned char)text[at] <= high)
		at++;
	return at;
}

/* An operating system command (a window's title, a link): to BEL or ESC \.  0: it does not end. */
static size_t command_length(const char *text, size_t length)
{
	size_t at = 1, n;
	uint32_t code;

	for (; at < length; at += n) {
		n = next(text + at, length - at, &code);
		if (code == BELL)
			return at + n;
		if (code == ESCAPE)
			return at + n < length && text[at + n] == '\\' ? at + n + 1 : 0;
	}
	return 0;
}

/* How much of what follows an ESC belongs to it (ECMA-48): colours, cursor movements, character sets, titles. */
static size_t sequence_length(const char *text, size_t length)
{
	size_t n;

	if (!length)
		return 0;
	if (*text == ']')
		return command_length(text, length);
	if (*text == '[') {
		n = 1 + skip_while(text + 1, length - 1, 0x20, 0x3f);
		return n < length && text[n] >= 0x40 && text[n] <= 0x7e ? n + 1 : 0;
	}
	n = skip_while(text, length, 0x20, 0x2f);
	return n && n < length && text[n] >= 0x30 && text[n] <= 0x7e ? n + 1 : 0;
}

struct copy {
	char *data;
	size_t length, most;
	size_t cut; /* a border between characters from which on the dots have room */
	bool full;
};

static void copy_add(struct copy *c, const char *text, size_t n)
{
	if (c->length + n > c->most) {
		c->length = c->cut;
		c->full = true;
		return;
	}
	memcpy(c->data + c->length, text, n);
	c->length += n;
	if (c->length + sizeof(dots) - 1 <= c->most)
		c->cut = c->length;
}

static void copy_clean(struct copy *c, const char *text, size_t length)
{
	size_t n;

	for (size_t at = 0; at < length && !c->full; at += n) {
		uint32_t code;

		n = next(text + at, length - at, &code);
		if (code == 0xfffd && n == 1) /* invalid */
			copy_add(c, "\xef\xbf\xbd", 3);
		else if (code == ESCAPE)
			n += sequence_length(text + at + n, length - at - n);
		else if (code == '\r' && !(at + n < length && text[at + n] == '\n'))
			copy_add(c, "\n", 1);
		else if (kept(code))
			copy_add(c, text + at, n);
	}
	if (c->full) {
		memcpy(c->data + c->length, dots, sizeof(dots) - 1);
		c->length += sizeof(dots) - 1;
	}
	c->data[c->length] = '\0';
}

/* false: no memory. */
static bool clean(struct cleaner *c, const char **text)
{
	struct copy copy = { 0 };
	size_t length;

	if (!*text) {
		*text = "";
		return true;
	}
	if (!**text)
		return true;
	length = strlen(*text);
	if (length <= c->text_bytes && plain_length(*text, length) == length)
		return true;
	/* An invalid byte becomes three. */
	copy.most = length < c->text_bytes / 3 ? length * 3 : c->text_bytes;
	copy.data = arena_text(&c->arena, copy.most + 1);
	if (!copy.data)
		return false;
	copy_clean(&copy, *text, length);
	*text = copy.data;
	return true;
}

static bool clean_all(struct cleaner *c, const char **const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (!clean(c, texts[i]))
			return false;
	return true;
}

#define CLEAN_ALL(c, ...)                                                                                                        \
	clean_all((c), (const char **const[]){ __VA_ARGS__ }, sizeof((const char **const[]){ __VA_ARGS__ }) / sizeof(char **))

/* ---- items ---- */

/* One more item: within the bound? */
static int count(struct cleaner *c, pipe_error *err)
{
	if (c->arena.used > ARENA_KEPT)
		arena_clear(&c->arena);
	if (c->items >= c->most_items)
		return error_set(err, PIPE_ELIMIT, "the report holds more than %llu items", (unsigned long long)c->most_items);
	c->items++;
	return PIPE_OK;
}

static int pass_test(void *payload, const struct evidence_test *test, pipe_error *err)
{
	struct cleaner *c = payload;
	struct evidence_test t = *test;
	int rc = count(c, err);

	if (rc)
		return rc;
	if (!CLEAN_ALL(c, &t.suite, &t.name, &t.file, &t.message, &t.details))
		return error_nomem(err);
	if (!*t.name)
		t.name = *t.suite ? t.suite : "(unnamed)";
	return c->to->test(c->to->payload, &t, err);
}

static int pass_line(void *payload, const struct evidence_line *line, pipe_error *err)
{
	struct cleaner *c = payload;
	struct evidence_line l = *line;
	int rc = count(c, err);

	if (rc)
		return rc;
	if (!clean(c, &l.path))
		return error_nomem(err);
	return c->to->line(c->to->payload, &l, err);
}

static int pass_finding(void *payload, const struct evidence_finding *finding, pipe_error *err)
{
	struct cleaner *c = payload;
	struct evidence_finding f = *finding;
	int rc = count(c, err);

	if (rc)
		return rc;
	if (!CLEAN_ALL(c, &f.tool, &f.rule, &f.path, &f.message, &f.fingerprint, &f.package, &f.installed, &f.fixed, &f.url))
		return error_nomem(err);
	return c->to->finding(c->to->payload, &f, err);
}

static int pass_metric(void *payload, const struct evidence_metric *metric, pipe_error *err)
{
	struct cleaner *c = payload;
	struct evidence_metric m = *metric;
	int rc = count(c, err);

	if (rc)
		return rc;
	if (!CLEAN_ALL(c, &m.name, &m.labels, &m.unit, &m.help))
		return error_nomem(err);
	return c->to->metric(c->to->payload, &m, err);
}

static int pass_component(void *payload, const struct evidence_component *component, pipe_error *err)
{
	struct cleaner *c = payload;
	struct evidence_component e = *component;
	int rc = count(c, err);

	if (rc)
		return rc;
	if (!CLEAN_ALL(c, &e.name, &e.version, &e.type, &e.purl, &e.licenses))
		return error_nomem(err);
	return c->to->component(c->to->payload, &e, err);
}

static int pass_image(void *payload, const struct evidence_image *image, pipe_error *err)
{
	struct cleaner *c = payload;
	struct evidence_image i = *image;
	int rc = count(c, err);

	if (rc)
		return rc;
	if (!CLEAN_ALL(c, &i.name, &i.digest))
		return error_nomem(err);
	return c->to->image(c->to->payload, &i, err);
}

static int pass_scope(void *payload, unsigned gives, pipe_error *err)
{
	struct cleaner *c = payload;

	return c->to->scope(c->to->payload, gives, err);
}

void cleaner_init(struct cleaner *c, const struct evidence_sink *to, const struct report_limits *limits)
{
	*c = (struct cleaner){
		.to = to,
		.arena = ARENA_INIT,
		.most_items = limits->items,
		/* Room for the dots at least. */
		.text_bytes = limits->text_bytes < 16 ? 16 : limits->text_bytes,
		.sink = {
			.test = to->test ? pass_test : NULL,
			.line = to->line ? pass_line : NULL,
			.finding = to->finding ? pass_finding : NULL,
			.metric = to->metric ? pass_metric : NULL,
			.component = to->component ? pass_component : NULL,
			.image = to->image ? pass_image : NULL,
			.payload = c,
			.scope = to->scope ? pass_scope : NULL,
		},
	};
}

void cleaner_clear(struct cleaner *c)
{
	arena_clear(&c->arena);
}
