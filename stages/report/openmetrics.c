/*
 * Metrics as lines: OpenMetrics 1.0 and Prometheus' text format 0.0.4, of which it is a stricter descendant.  A file is taken for
 * OpenMetrics as soon as it holds what only that has; then it must end in `# EOF`.  Each line is a metric of its own, so a histogram or
 * a summary comes as its series.  Exemplars and timestamps are checked and dropped: evidence belongs to a run, which has its time.
 */
#include "stages/report/formats.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/vec.h"
#include "stages/report/lines.h"

#include <stdlib.h>
#include <string.h>

struct label {
	const char *name, *value; /* value as written, escapes and all */
};

struct openmetrics {
	const struct report_options *options;
	const struct evidence_sink *sink;
	struct lines lines;
	struct arena arena; /* of a line */
	struct str family, help, unit;
	char type[24];
	bool strict; /* it is OpenMetrics */
	bool ended;  /* `# EOF` was seen */
};

static bool is_name_start(char c, bool colon)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (colon && c == ':');
}

static size_t name_length(const char *text, bool colon)
{
	size_t n = 0;

	while (is_name_start(text[n], colon) || (n && text[n] >= '0' && text[n] <= '9'))
		n++;
	return n;
}

static int bad(const struct openmetrics *s, const char *at, const char *wanted, pipe_error *err)
{
	return lines_error(&s->lines, (unsigned)(at - s->lines.text.data) + 1, err, "%s was expected here", wanted);
}

static char *skip_space(char *p)
{
	while (*p == ' ' || *p == '\t')
		p++;
	return p;
}

/* ---- names and labels ---- */

/* Ends the quoted text behind *p in place; *p moves behind it.  NULL: it does not end. */
static char *quoted(char **p)
{
	char *start = *p + 1, *end = start;

	while (*end && *end != '"')
		end += *end == '\\' && end[1] ? 2 : 1;
	if (!*end)
		return NULL;
	*end = '\0';
	*p = end + 1;
	return start;
}

/* A name, plain or (Prometheus 3) in quotes: a quoted one that need not be is the same as a plain one. */
static char *take_name(struct arena *a, char **p, bool colon)
{
	size_t n;
	char *name;

	if (**p != '"') {
		n = name_length(*p, colon);
		name = n ? arena_strndup(a, *p, n) : NULL;
		*p += n;
		return name;
	}
	name = quoted(p);
	if (!name || !*name)
		return NULL;
	return name[name_length(name, colon)] ? arena_printf(a, "\"%s\"", name) : name;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct label *)a)->name, ((const struct label *)b)->name);
}

typedef VEC(struct label) labels;

/* One `name="value"`, or a quoted metric name. */
static int take_label(struct openmetrics *s, char **p, labels *out, char **metric, pipe_error *err)
{
	const bool was_quoted = **p == '"';
	char *at = *p, *name = take_name(&s->arena, p, false), *value;
	struct label *label;

	if (!name)
		return bad(s, at, "the name of a label", err);
	*p = skip_space(*p);
	if (was_quoted && **p != '=' && metric && !*metric) {
		*metric = name;
		return PIPE_OK;
	}
	if (**p != '=')
		return bad(s, *p, "=", err);
	*p = skip_space(*p + 1);
	at = *p;
	value = **p == '"' ? quoted(p) : NULL;
	if (!value)
		return bad(s, at, "a value in quotes", err);
	label = vec_push(&s->arena, out);
	if (!label)
		return error_nomem(err);
	*label = (struct label){ name, value };
	return PIPE_OK;
}

/* `{a="b",c="d"}`; *p is moved behind it. */
static int take_labels(struct openmetrics *s, char **p, labels *out, char **metric, pipe_error *err)
{
	*p = skip_space(*p + 1);
	while (**p != '}') {
		int rc = take_label(s, p, out, metric, err);

		if (rc != PIPE_OK)
			return rc;
		*p = skip_space(*p);
		if (**p == ',')
			*p = skip_space(*p + 1);
		else if (**p != '}')
			return bad(s, *p, ", or }", err);
	}
	++*p;
	if (out->count)
		qsort(out->items, out->count, sizeof(*out->items), by_name);
	for (uint32_t i = 1; i < out->count; i++)
		if (!strcmp(out->items[i - 1].name, out->items[i].name))
			return lines_error(&s->lines, 1, err, "the label %s stands twice", out->items[i].name);
	return PIPE_OK;
}

static const char *join(struct arena *a, const labels *l)
{
	size_t size = 1;
	char *text, *to;

	for (uint32_t i = 0; i < l->count; i++)
		size += strlen(l->items[i].name) + strlen(l->items[i].value) + 4;
	text = to = arena_text(a, size);
	if (!text)
		return NULL;
	*to = '\0';
	for (uint32_t i = 0; i < l->count; i++) {
		if (i)
			*to++ = ',';
		to = stpcpy(to, l->items[i].name);
		to = stpcpy(to, "=\"");
		to = stpcpy(to, l->items[i].value);
		to = stpcpy(to, "\"");
	}
	return text;
}

/* ---- samples ---- */

static bool take_real(char **p, double *out)
{
	size_t n = strcspn(*p, " \t");

	if (!lines_real(*p, n, out))
		return false;
	*p += n;
	return true;
}

/* What belongs to the family of the last HELP, TYPE or UNIT. */
static bool in_family(const struct openmetrics *s, const char *name)
{
	static const char *const suffixes[] = {
		"", "_total", "_created", "_bucket", "_sum", "_count", "_info", "_gsum", "_gcount"
	};
	size_t n = s->family.length;

	if (!n || strncmp(name, s->family.data, n))
		return false;
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(*suffixes); i++)
		if (!strcmp(name + n, suffixes[i]))
			return true;
	return false;
}

/* Behind the value: a timestamp, an exemplar. */
static int take_tail(struct openmetrics *s, char *p, pipe_error *err)
{
	labels exemplar = { NULL, 0, 0 };
	double number;
	int rc;

	p = skip_space(p);
	if (*p && *p != '#') {
		size_t n = strcspn(p, " \t");

		s->strict |= memchr(p, '.', n) != NULL;
		if (!take_real(&p, &number))
			return bad(s, p, "a timestamp", err);
		p = skip_space(p);
	}
	if (!*p)
		return PIPE_OK;
	if (*p != '#')
		return bad(s, p, "the end of the line", err);
	s->strict = true;
	p = skip_space(p + 1);
	if (*p != '{')
		return bad(s, p, "the labels of an exemplar", err);
	rc = take_labels(s, &p, &exemplar, NULL, err);
	if (rc != PIPE_OK)
		return rc;
	p = skip_space(p);
	if (!take_real(&p, &number))
		return bad(s, p, "the value of an exemplar", err);
	p = skip_space(p);
	if (*p && !take_real(&p, &number))
		return bad(s, p, "the timestamp of an exemplar", err);
	return *skip_space(p) ? bad(s, p, "the end of the line", err) : PIPE_OK;
}

static int on_sample(struct openmetrics *s, char *p, pipe_error *err)
{
	labels l = { NULL, 0, 0 };
	struct evidence_metric m = { .unit = "", .help = "" };
	char *name = NULL, *at = p;
	int rc;

	if (*p != '{') {
		name = take_name(&s->arena, &p, true);
		if (!name)
			return bad(s, at, "the name of a metric", err);
		at = p;
		p = skip_space(p);
	}
	if (*p == '{') {
		rc = take_labels(s, &p, &l, name ? NULL : &name, err);
		if (rc != PIPE_OK)
			return rc;
		if (!name)
			return bad(s, at, "the name of a metric", err);
		p = skip_space(p);
	} else if (p == at)
		return bad(s, p, "a value", err);
	if (!take_real(&p, &m.value))
		return bad(s, p, "a value", err);
	rc = take_tail(s, p, err);
	if (rc != PIPE_OK)
		return rc;
	m.name = name;
	m.labels = join(&s->arena, &l);
	if (!m.labels)
		return error_nomem(err);
	if (in_family(s, name)) {
		m.help = s->help.data;
		m.unit = s->unit.data;
		/* The old format's counter bears the suffix in its TYPE line. */
		s->strict |= !strcmp(s->type, "counter") && !strcmp(name + s->family.length, "_total");
	}
	return sink_metric(s->sink, &m, err);
}

/* ---- comments ---- */

static void set_family(struct openmetrics *s, const char *name)
{
	if (!strcmp(s->family.data, name))
		return;
	str_reset(&s->family);
	str_reset(&s->help);
	str_reset(&s->unit);
	s->type[0] = '\0';
	str_adds(&s->family, name);
}

/* `\n`, `\\` and `\"` of a HELP line. */
static void add_unescaped(struct str *out, const char *text, size_t most)
{
	while (*text && out->length + 3 < most) {
		size_t n = strcspn(text, "\\");

		lines_keep(out, text, n, most);
		text += n;
		if (*text && text[1]) {
			str_addc(out, text[1] == 'n' ? '\n' : text[1]);
			text += 2;
		} else if (*text) {
			str_addc(out, *text++);
		}
	}
}

static int on_type(struct openmetrics *s, const char *rest, pipe_error *err)
{
	static const struct {
		const char *name;
		bool strict;
	} types[] = { { "counter", false }, { "gauge", false },	  { "histogram", false },
		      { "summary", false }, { "untyped", false }, { "unknown", true },
		      { "info", true },	    { "stateset", true }, { "gaugehistogram", true } };

	for (size_t i = 0; i < sizeof(types) / sizeof(*types); i++)
		if (!strcmp(types[i].name, rest)) {
			s->strict |= types[i].strict;
			memcpy(s->type, rest, strlen(rest) + 1);
			return PIPE_OK;
		}
	return bad(s, rest, "a type (counter, gauge, histogram, summary, untyped...)", err);
}

static int on_comment(struct openmetrics *s, char *p, pipe_error *err)
{
	static const char *const words[] = { "HELP", "TYPE", "UNIT" };
	size_t word = 0;
	char *name, *at;

	if (!strcmp(p, "EOF")) {
		s->ended = s->strict = true;
		return PIPE_OK;
	}
	while (word < 3 && (strncmp(p, words[word], 4) || (p[4] != ' ' && p[4] != '\t')))
		word++;
	if (word == 3)
		return PIPE_OK;
	at = p = skip_space(p + 4);
	name = take_name(&s->arena, &p, true);
	if (!name)
		return bad(s, at, "the name of a metric", err);
	set_family(s, name);
	p = skip_space(p);
	if (word == 1)
		return on_type(s, p, err);
	if (word == 2) {
		s->strict = true;
		str_reset(&s->unit);
		str_adds(&s->unit, p);
		return PIPE_OK;
	}
	str_reset(&s->help);
	add_unescaped(&s->help, p, s->options->limits.text_bytes);
	return PIPE_OK;
}

static int on_line(void *payload, char *text, size_t length, pipe_error *err)
{
	struct openmetrics *s = payload;
	char *p = skip_space(text);
	int rc;

	if (s->lines.cut)
		return lines_error(&s->lines, 1, err, "the line is longer than %zu bytes", s->lines.most);
	while (length && (text[length - 1] == ' ' || text[length - 1] == '\t'))
		text[--length] = '\0';
	if (!*p)
		return PIPE_OK;
	if (s->ended)
		return lines_error(&s->lines, 1, err, "the file goes on behind # EOF");
	rc = *p == '#' ? on_comment(s, skip_space(p + 1), err) : PIPE_OK;
	if (rc == PIPE_OK && !s->lines.ended && !s->ended)
		rc = lines_error(&s->lines, 0, err, "the last line has no line end: the file seems to be cut off");
	if (rc == PIPE_OK && *p != '#')
		rc = on_sample(s, p, err);
	arena_clear(&s->arena);
	if (rc == PIPE_OK && (s->family.failed || s->help.failed || s->unit.failed))
		return error_nomem(err);
	return rc;
}

/* ---- the format ---- */

static int openmetrics_begin(void *state, const struct report_options *options, const struct evidence_sink *sink, pipe_error *err)
{
	struct openmetrics *s = state;

	(void)err;
	s->options = options;
	s->sink = sink;
	str_init(&s->family);
	str_init(&s->help);
	str_init(&s->unit);
	lines_init(&s->lines, 0, on_line, s);
	return PIPE_OK;
}

static int openmetrics_feed(void *state, const char *bytes, size_t length, pipe_error *err)
{
	return lines_feed(&((struct openmetrics *)state)->lines, bytes, length, err);
}

static int openmetrics_finish(void *state, pipe_error *err)
{
	struct openmetrics *s = state;
	int rc = lines_finish(&s->lines, err);

	if (rc == PIPE_OK && s->strict && !s->ended)
		return lines_error(&s->lines, 0, err, "the file has no # EOF, as OpenMetrics must: it was cut off");
	return rc;
}

static void openmetrics_end(void *state)
{
	struct openmetrics *s = state;

	if (!s->options)
		return;
	arena_clear(&s->arena);
	str_clear(&s->family);
	str_clear(&s->help);
	str_clear(&s->unit);
	lines_clear(&s->lines);
}

/* `name 1`, `name{...`: the shape of a first sample. */
static bool looks_like_sample(const char *head, size_t length)
{
	char first[256];
	size_t n = 0, name;
	double value;

	while (n < length && n < sizeof(first) - 1 && head[n] != '\n' && head[n] != '\r')
		n++;
	memcpy(first, head, n);
	first[n] = '\0';
	name = name_length(first, true);
	if (!name || (first[name] != ' ' && first[name] != '{'))
		return false;
	if (first[name] == '{')
		return first[name + 1] == '}' || strstr(first + name, "=\"") != NULL;
	name += strspn(first + name, " ");
	return lines_real(first + name, strcspn(first + name, " "), &value);
}

static unsigned openmetrics_recognise(const char *head, size_t length, const char *path)
{
	static const char *const marks[] = { "# HELP ", "# TYPE ", "# UNIT ", "# EOF" };

	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		if (length >= strlen(marks[i]) && !memcmp(head, marks[i], strlen(marks[i])))
			return 95;
	if (!looks_like_sample(head, length))
		return 0;
	return strstr(path, "metrics") || strstr(path, ".prom") ? 70 : 25;
}

const struct report_format report_openmetrics = {
	.name = "openmetrics",
	.help = "OpenMetrics and Prometheus' text format: what GitLab's metrics reports are",
	.gives = GIVES_METRICS,
	.state_size = sizeof(struct openmetrics),
	.begin = openmetrics_begin,
	.feed = openmetrics_feed,
	.finish = openmetrics_finish,
	.end = openmetrics_end,
	.recognise = openmetrics_recognise,
};
