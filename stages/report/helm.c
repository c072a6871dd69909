/*
 * What Helm writes for people: the findings of `helm lint`, and the error that a command ended with.  Where a message names a template and
 * a line ("shop/templates/web.yaml:7:20"), that is its place; the first part of such a path is the chart's name, and paths are given from
 * the chart on.  ("line 5" of a YAML error is a line of what was rendered: it stays in the message.)
 */
#include "base/error.h"
#include "stages/report/formats.h"
#include "stages/report/lines.h"

#include <ctype.h>
#include <string.h>

struct state {
	const struct report_options *options;
	const struct evidence_sink *sink;
	struct lines lines;
	struct arena scratch;
	struct str message; /* of the finding that further lines may belong to */
	const char *rule;   /* NULL: there is none */
	enum severity severity;
	struct str path;
};

/* ---- places ---- */

static bool is_path_char(char c)
{
	return isalnum((unsigned char)c) || strchr("._/-+@", c);
}

static bool is_template(const char *path, size_t length)
{
	static const char *const ends[] = { ".yaml", ".yml", ".tpl", ".txt", ".json" };

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		size_t n = strlen(ends[i]);
		if (length > n && !memcmp(path + length - n, ends[i], n) && memchr(path, '/', length))
			return true;
	}
	return false;
}

/* The first "path:line" or "path:line:column" in the message. */
static bool find_place(const char *text, const char **path, size_t *length, uint32_t *line, uint32_t *column)
{
	while (*text) {
		size_t n = 0;
		const char *after;

		while (text[n] && is_path_char(text[n]))
			n++;
		after = text + n + 1;
		if (n && text[n] == ':' && is_template(text, n) && lines_number(&after, line)) {
			*path = text;
			*length = n;
			*column = 0;
			if (*after++ == ':' && !lines_number(&after, column))
				*column = 0;
			return true;
		}
		text += n ? n : 1;
	}
	return false;
}

/* ---- findings ---- */

static int emit(struct state *s, pipe_error *err)
{
	struct evidence_finding f = { .kind = FINDING_MISCONFIGURATION,
				      .severity = (uint8_t)s->severity,
				      .tool = "helm",
				      .rule = s->rule,
				      .fingerprint = "",
				      .package = "",
				      .installed = "",
				      .fixed = "",
				      .url = "" };
	const char *path = s->path.data, *place, *slash;
	uint32_t line, column;
	size_t length;

	if (!s->rule)
		return PIPE_OK;
	s->rule = NULL;
	while (s->message.length && isspace((unsigned char)s->message.data[s->message.length - 1]))
		s->message.data[--s->message.length] = '\0';
	if (s->message.failed || s->path.failed)
		return error_nomem(err);
	arena_clear(&s->scratch);
	if (find_place(s->message.data, &place, &length, &line, &column)) {
		slash = memchr(place, '/', length);
		path = arena_strndup(&s->scratch, slash + 1, length - (size_t)(slash + 1 - place));
		f.line = line;
		f.column = column;
	}
	f.message = s->message.data;
	f.path = path ? evidence_path(&s->scratch, s->options->workspace, path) : NULL;
	if (!f.path)
		return error_nomem(err);
	return sink_finding(s->sink, &f, err);
}

static void begin_finding(struct state *s, const char *rule, enum severity severity, const char *path, size_t length,
			  const char *message)
{
	s->rule = rule;
	s->severity = severity;
	str_reset(&s->path);
	str_add(&s->path, path, length);
	str_reset(&s->message);
	lines_keep(&s->message, message, strlen(message), s->options->limits.text_bytes);
}

static const struct {
	const char *begins;
	enum severity severity;
} levels[] = { { "[ERROR] ", SEVERITY_HIGH }, { "[WARNING] ", SEVERITY_MEDIUM }, { "[INFO] ", SEVERITY_INFO } };

/* "[ERROR] templates/: what is wrong"; the path may be empty. */
static bool is_lint(struct state *s, const char *text)
{
	for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++) {
		size_t n = strlen(levels[i].begins);
		const char *rest = text + n, *colon;

		if (strncmp(text, levels[i].begins, n) != 0)
			continue;
		colon = strstr(rest, ": ");
		if (colon)
			begin_finding(s, "lint", levels[i].severity, rest, (size_t)(colon - rest), colon + 2);
		else
			begin_finding(s, "lint", levels[i].severity, "", 0, rest);
		return true;
	}
	return false;
}

static bool begins(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

static int on_line(void *payload, char *text, size_t length, pipe_error *err)
{
	struct state *s = payload;
	bool summary = strstr(text, "chart(s) linted") != NULL;
	int rc = PIPE_OK;

	if (!length || summary || *text == '[' || begins(text, "==> ") || begins(text, "Error: ") || begins(text, "level=") ||
	    begins(text, "Use --debug flag"))
		rc = emit(s, err);
	if (rc || summary || is_lint(s, text))
		return rc;
	if (begins(text, "Error: ")) {
		begin_finding(s, "helm", SEVERITY_HIGH, "", 0, text + strlen("Error: "));
	} else if (s->rule) {
		lines_keep(&s->message, "\n", 1, s->options->limits.text_bytes);
		lines_keep(&s->message, text, length, s->options->limits.text_bytes);
	}
	return PIPE_OK;
}

static int begin(void *state, const struct report_options *options, const struct evidence_sink *sink, pipe_error *err)
{
	struct state *s = state;

	(void)err;
	s->options = options;
	s->sink = sink;
	str_init(&s->message);
	str_init(&s->path);
	lines_init(&s->lines, 0, on_line, s);
	return PIPE_OK;
}

static int feed(void *state, const char *bytes, size_t length, pipe_error *err)
{
	struct state *s = state;

	return lines_feed(&s->lines, bytes, length, err);
}

static int finish(void *state, pipe_error *err)
{
	struct state *s = state;
	int rc = lines_finish(&s->lines, err);

	return rc ? rc : emit(s, err);
}

static void end(void *state)
{
	struct state *s = state;

	lines_clear(&s->lines);
	str_clear(&s->message);
	str_clear(&s->path);
	arena_clear(&s->scratch);
}

static unsigned recognise(const char *head, size_t length, const char *path)
{
	static const char words[] = "==> Linting ";

	(void)path;
	return length >= sizeof(words) - 1 && !memcmp(head, words, sizeof(words) - 1) ? 90 : 0;
}

const struct report_format report_helm = {
	.name = "helm",
	.help = "what helm lint found, and what ended another command of Helm's",
	.gives = GIVES_MISCONFIGURATIONS,
	.text = true,
	.state_size = sizeof(struct state),
	.begin = begin,
	.feed = feed,
	.finish = finish,
	.end = end,
	.recognise = recognise,
};
