/*
 * What compilers and static analysers write for people, one line a finding and more lines that belong to it: gcc, clang, clang-tidy,
 * cppcheck, rustc, go vet, javac, Maven, tsc, MSVC, pylint, flake8, Ruff, mypy, Pyright, shellcheck, hadolint, yamllint, ESLint, CMake,
 * linkers.  Everything else in the log is passed over.
 *
 * A finding is held until the next one, since lines behind it may belong to it.  The same finding in the same place comes once, as a
 * header's warning does from each file that includes it; gcc's expansions of one macro are told apart by the notes that name them.
 */
#include "stages/report/formats.h"

#include "base/arena.h"
#include "base/error.h"
#include "stages/report/compiler/compiler_count.h"
#include "stages/report/compiler/compiler_line.h"
#include "stages/report/compiler/compiler_make.h"
#include "stages/report/lines.h"

#include <stdlib.h>
#include <string.h>

/* Findings that are remembered; beyond them the same one may come twice. */
#define SEEN_MOST ((size_t)1 << 20)

struct text_finding {
	bool held;
	enum severity severity;
	struct str path, rule, message, tool;
	struct str expansions; /* notes of macros */
	uint32_t line, column;
};

struct compiler {
	const struct report_options *options;
	const struct evidence_sink *sink;
	struct lines lines;
	struct text_finding held, head; /* head: severity, rule and message without a place, or a place without them */
	struct str file;		/* of entries */
	uint32_t file_line;		/* of entries that say none */
	uint32_t counted;		/* findings by the tool's own count */
	bool any;
	struct make_place make;
	uint64_t *seen; /* hashes, open addressing; 0: free */
	size_t seen_count, seen_size;
};

static void finding_init(struct text_finding *f)
{
	str_init(&f->path);
	str_init(&f->rule);
	str_init(&f->message);
	str_init(&f->tool);
	str_init(&f->expansions);
}

static void finding_clear(struct text_finding *f)
{
	str_clear(&f->path);
	str_clear(&f->rule);
	str_clear(&f->message);
	str_clear(&f->tool);
	str_clear(&f->expansions);
}

static bool finding_failed(const struct text_finding *f)
{
	return f->path.failed || f->rule.failed || f->message.failed || f->tool.failed || f->expansions.failed;
}

static void keep(struct str *out, const char *text)
{
	str_reset(out);
	str_adds(out, text);
}

/* ---- giving ---- */

/* Who writes such rules; where a path or a rule does not tell, nobody is named. */
static const char *tool_of(const char *rule)
{
	static const struct {
		const char *begins, *tool;
	} tools[] = { { "-Wanalyzer-", "gcc" },
		      { "-W", "compiler" },
		      { "SC", "shellcheck" },
		      { "DL", "hadolint" },
		      { "TS", "tsc" },
		      { "CS", "csc" },
		      { "undefined-reference", "ld" },
		      { "multiple-definition", "ld" },
		      { "cannot-find", "ld" },
		      { "bugprone-", "clang-tidy" },
		      { "clang-analyzer-", "clang-tidy" },
		      { "clang-diagnostic-", "clang-tidy" },
		      { "readability-", "clang-tidy" },
		      { "modernize-", "clang-tidy" },
		      { "performance-", "clang-tidy" },
		      { "cppcoreguidelines-", "clang-tidy" },
		      { "cert-", "clang-tidy" },
		      { "misc-", "clang-tidy" },
		      { "portability-", "clang-tidy" },
		      { "concurrency-", "clang-tidy" },
		      { "google-", "clang-tidy" } };

	for (size_t i = 0; i < sizeof(tools) / sizeof(*tools); i++) {
		size_t n = strlen(tools[i].begins);
		bool code = n == 2 && tools[i].begins[0] != '-';

		if (!strncmp(rule, tools[i].begins, n) && (!code || (rule[2] >= '0' && rule[2] <= '9')))
			return tools[i].tool;
	}
	return "";
}

static bool put_seen(struct compiler *s, uint64_t hash)
{
	size_t i = (size_t)hash & (s->seen_size - 1);

	for (; s->seen[i]; i = (i + 1) & (s->seen_size - 1))
		if (s->seen[i] == hash)
			return false;
	s->seen[i] = hash;
	s->seen_count++;
	return true;
}

static int grow_seen(struct compiler *s, pipe_error *err)
{
	uint64_t *old = s->seen;
	size_t size = s->seen_size;

	if (s->seen_count < size / 2 || size / 2 >= SEEN_MOST)
		return PIPE_OK;
	s->seen_size = size ? size * 2 : 256;
	s->seen = calloc(s->seen_size, sizeof(*s->seen));
	if (!s->seen) {
		s->seen = old;
		s->seen_size = size;
		return error_nomem(err);
	}
	s->seen_count = 0;
	for (size_t i = 0; i < size; i++)
		if (old[i])
			put_seen(s, old[i]);
	free(old);
	return PIPE_OK;
}

/* Whether this finding comes for the first time; also true when memory for it is used up. */
static int first_time(struct compiler *s, const struct evidence_finding *f, bool *first, pipe_error *err)
{
	struct evidence_finding exact = *f;
	struct str place;
	unsigned char hash[16];
	uint64_t value;
	int rc;

	*first = true;
	str_init(&place);
	str_printf(&place, "%u:%u:%s", f->line, f->column, f->message);
	str_add(&place, s->held.expansions.data, s->held.expansions.length);
	exact.fingerprint = place.data;
	evidence_fingerprint(&exact, 0, hash);
	memcpy(&value, hash + 8, sizeof(value));
	rc = place.failed ? error_nomem(err) : grow_seen(s, err);
	if (rc == PIPE_OK && s->seen_count < SEEN_MOST)
		*first = put_seen(s, value ? value : 1);
	str_clear(&place);
	return rc;
}

/* Where make is, relative paths begin. */
static const char *path_of(const struct compiler *s, struct arena *a)
{
	const char *path = s->held.path.data, *directory = make_place_now(&s->make);

	if (*path && *path != '/' && *directory)
		path = arena_printf(a, "%s/%s", directory, path);
	return path ? evidence_path(a, s->options->workspace, path) : NULL;
}

static int flush(struct compiler *s, pipe_error *err)
{
	struct arena a = ARENA_INIT;
	struct text_finding *h = &s->held;
	struct evidence_finding f = { .kind = s->options->kind,
				      .severity = (uint8_t)h->severity,
				      .rule = h->rule.data,
				      .line = h->line,
				      .column = h->column,
				      .message = h->message.data,
				      .fingerprint = "",
				      .package = "",
				      .installed = "",
				      .fixed = "",
				      .url = "" };
	bool first = false;
	int rc;

	if (!h->held)
		return PIPE_OK;
	h->held = false;
	s->any = true;
	f.tool = s->options->tool && *s->options->tool ? s->options->tool : h->tool.length ? h->tool.data : tool_of(f.rule);
	f.path = path_of(s, &a);
	rc = !f.path || finding_failed(h) ? error_nomem(err) : first_time(s, &f, &first, err);
	if (rc == PIPE_OK && first)
		rc = sink_finding(s->sink, &f, err);
	arena_clear(&a);
	return rc;
}

/* ---- lines ---- */

static void hold(struct text_finding *f, const struct compiler_line *l, const char *path)
{
	f->held = true;
	f->severity = l->severity;
	f->line = l->line;
	f->column = l->column;
	keep(&f->path, path);
	keep(&f->rule, l->rule);
	keep(&f->tool, l->tool);
	keep(&f->message, l->message);
	str_reset(&f->expansions);
}

static void add_message(struct compiler *s, const char *text)
{
	text += strspn(text, " \t");
	if (s->held.message.length)
		lines_keep(&s->held.message, " ", 1, s->options->limits.text_bytes);
	lines_keep(&s->held.message, text, strlen(text), s->options->limits.text_bytes);
}

static int on_finding(struct compiler *s, const struct compiler_line *l, pipe_error *err)
{
	int rc = flush(s, err);

	hold(&s->held, l, l->path);
	s->head.held = false;
	return rc;
}

static int on_continued(struct compiler *s, const struct compiler_line *l, pipe_error *err)
{
	if (!s->held.held || strcmp(s->held.rule.data, l->rule))
		return on_finding(s, l, err);
	add_message(s, l->message);
	return PIPE_OK;
}

static int on_note(struct compiler *s, const struct compiler_line *l, pipe_error *err)
{
	(void)err;
	s->head.held = false;
	if (s->held.held && strstr(l->message, "in expansion of macro") &&
	    s->held.expansions.length < s->options->limits.text_bytes)
		str_printf(&s->held.expansions, "|%s:%u:%u", l->path, l->line, l->column);
	return PIPE_OK;
}

/* rustc's head waits for its arrow; gfortran's place has waited for this head. */
static int on_head(struct compiler *s, const struct compiler_line *l, pipe_error *err)
{
	int rc = PIPE_OK;

	if (s->head.held && s->head.line && !*l->path) {
		rc = flush(s, err);
		hold(&s->held, l, s->head.path.data);
		s->held.line = s->head.line;
		s->held.column = s->head.column;
		s->head.held = false;
		return rc;
	}
	hold(&s->head, l, "");
	return rc;
}

static int on_place(struct compiler *s, const struct compiler_line *l, pipe_error *err)
{
	(void)err;
	hold(&s->head, l, l->path);
	return PIPE_OK;
}

static int on_arrow(struct compiler *s, const struct compiler_line *l, pipe_error *err)
{
	struct compiler_line whole = *l;
	int rc;

	if (!s->head.held || s->head.line)
		return PIPE_OK;
	whole.severity = s->head.severity;
	whole.rule = s->head.rule.data;
	whole.message = s->head.message.data;
	rc = flush(s, err);
	hold(&s->held, &whole, l->path);
	s->head.held = false;
	return rc;
}

static int on_file(struct compiler *s, const struct compiler_line *l, pipe_error *err)
{
	/* The line that ShellCheck quotes may look like a path. */
	if (s->file_line && !l->line)
		return PIPE_OK;
	keep(&s->file, l->path);
	s->file_line = l->line;
	return s->file.failed ? error_nomem(err) : PIPE_OK;
}

static int on_entry(struct compiler *s, const struct compiler_line *l, pipe_error *err)
{
	int rc = PIPE_OK;

	if (s->file.length) {
		rc = flush(s, err);
		hold(&s->held, l, s->file.data);
		s->held.line = l->line ? l->line : s->file_line;
	}
	return rc;
}

static int on_caret(struct compiler *s, const struct compiler_line *l, pipe_error *err)
{
	(void)err;
	if (s->held.held && s->held.line && !s->held.column)
		s->held.column = l->column;
	return PIPE_OK;
}

static int (*const takes[])(struct compiler *s, const struct compiler_line *l, pipe_error *err) = {
	[LINE_FINDING] = on_finding, [LINE_CONTINUED] = on_continued, [LINE_NOTE] = on_note,
	[LINE_HEAD] = on_head,	     [LINE_ARROW] = on_arrow,	      [LINE_PLACE] = on_place,
	[LINE_FILE] = on_file,	     [LINE_ENTRY] = on_entry,	      [LINE_CARET] = on_caret,
};

/* Clippy names its rule in an address; nothing else says it each time. */
static void take_clippy(struct compiler *s, const char *text)
{
	const char *name = s->held.held && !s->held.rule.length ? strstr(text, "rust-clippy/") : NULL;

	name = name ? strchr(name, '#') : NULL;
	if (name && name[1])
		str_printf(&s->held.rule, "clippy::%s", name + 1);
}

/* Pyright's message of several lines ends in its rule. */
static void take_pyright(struct compiler *s, const char *text)
{
	const char *open = s->held.held && !s->held.rule.length ? strrchr(text, '(') : NULL;
	size_t n = open ? strspn(open + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz") : 0;

	if (open && !strncmp(open, "(report", 7) && !strcmp(open + 1 + n, ")"))
		str_add(&s->held.rule, open + 1, n);
}

/* Lines that may stand between a head and its arrow, a place and its head: indented ones, and source with its number. */
static bool is_excerpt(const char *text)
{
	return *text == ' ' || *text == '\t' || !strncmp(text + strspn(text, "0123456789"), " | ", 3);
}

static int on_line(void *payload, char *text, size_t length, pipe_error *err)
{
	struct compiler *s = payload;
	struct compiler_line l;

	length = compiler_line_plain(text, length);
	while (length && (text[length - 1] == ' ' || text[length - 1] == '\t'))
		text[--length] = '\0';
	if (!length) {
		str_reset(&s->file);
		s->file_line = 0;
		return PIPE_OK;
	}
	/* GHC and CMake: the message begins on the next line. */
	if (s->held.held && !s->held.message.length && (*text == ' ' || *text == '\t')) {
		add_message(s, text);
		return PIPE_OK;
	}
	if (*text == ' ') {
		take_clippy(s, text);
		take_pyright(s, text);
	}
	s->counted = s->counted ? s->counted : compiler_count(text);
	if (strstr(text, "ing directory ")) {
		int rc = flush(s, err);
		if (rc || make_place_take(&s->make, text))
			return rc;
	}
	compiler_line_parse(text, s->options->kind == FINDING_ISSUE, &l);
	if (l.kind != LINE_OTHER)
		return takes[l.kind](s, &l, err);
	s->head.held &= is_excerpt(text);
	return PIPE_OK;
}

/* ---- the format ---- */

static int compiler_begin(void *state, const struct report_options *options, const struct evidence_sink *sink, pipe_error *err)
{
	struct compiler *s = state;

	s->options = options;
	s->sink = sink;
	finding_init(&s->held);
	finding_init(&s->head);
	str_init(&s->file);
	make_place_init(&s->make);
	lines_init(&s->lines, options->limits.text_bytes, on_line, s);
	/* Issues or warnings: who asked for the report says which. */
	return sink_scope(sink, GIVES_ISSUES << options->kind, err);
}

static int compiler_feed(void *state, const char *bytes, size_t length, pipe_error *err)
{
	return lines_feed(&((struct compiler *)state)->lines, bytes, length, err);
}

static int compiler_finish(void *state, pipe_error *err)
{
	struct compiler *s = state;
	int rc = lines_finish(&s->lines, err);

	if (rc == PIPE_OK)
		rc = flush(s, err);
	/* Other programs count in a build's log as well. */
	if (rc == PIPE_OK && !s->any && s->counted && s->options->kind == FINDING_ISSUE)
		rc = lines_error(
			&s->lines, 0, err,
			"the tool counts %u findings, and none of its lines has a form that is known: have it write SARIF, "
			"GitLab's code quality or Checkstyle's XML",
			s->counted);
	return rc;
}

static void compiler_end(void *state)
{
	struct compiler *s = state;

	if (!s->options)
		return;
	finding_clear(&s->held);
	finding_clear(&s->head);
	str_clear(&s->file);
	make_place_clear(&s->make);
	lines_clear(&s->lines);
	free(s->seen);
}

/* A diagnostic among the first lines.  Nothing else is sure: this is text, and the last that is thought of. */
static unsigned compiler_recognise(const char *head, size_t length, const char *path)
{
	const char *const end = head + length;
	char line[512];

	(void)path;
	if (!length || strchr("{[<", *head))
		return *head == '[' && length > 1 && head[1] >= 'A' && head[1] <= 'Z' ? 10 : 0;
	for (const char *p = head, *next; p < end; p = next) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		size_t n = newline ? (size_t)(newline - p) : (size_t)(end - p);
		struct compiler_line l;

		next = newline ? newline + 1 : end;
		n = n < sizeof(line) ? n : sizeof(line) - 1;
		memcpy(line, p, n);
		line[n] = '\0';
		line[compiler_line_plain(line, n)] = '\0';
		compiler_line_parse(line, false, &l);
		if (l.kind == LINE_FINDING || l.kind == LINE_ARROW || l.kind == LINE_ENTRY || l.kind == LINE_PLACE)
			return 30;
	}
	return 0;
}

const struct report_format report_compiler = {
	.name = "compiler",
	.help = "lines as compilers and analysers write them: gcc, clang, clang-tidy, cppcheck, rustc, go vet, javac, tsc, pylint, mypy, shellcheck",
	.gives = GIVES_ISSUES | GIVES_WARNINGS,
	.text = true,
	.state_size = sizeof(struct compiler),
	.begin = compiler_begin,
	.feed = compiler_feed,
	.finish = compiler_finish,
	.end = compiler_end,
	.recognise = compiler_recognise,
};
