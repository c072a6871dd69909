/*
 * LCOV's tracefiles: gcovr, geninfo, llvm-cov, coverage.py, c8, nyc, Rust's grcov, Dart, Bazel.  geninfo(1) names the records.
 *
 * A source file's record is held until its end, since branches of a line and its hits stand apart; lines go out in order, each once.
 * Summaries (LF, LH, BRF, BRH) may be missing or wrong and are never looked at.
 */
#include "stages/report/formats.h"

#include "base/arena.h"
#include "base/error.h"
#include "base/map.h"
#include "stages/report/lines.h"

#include <stdlib.h>
#include <string.h>

struct hits {
	uint32_t line;
	uint64_t hits;
};

/* One way out of a line. */
struct branch {
	uint32_t line;
	uint32_t key; /* hash of its names, which are free text */
	bool taken;
};

struct lcov {
	const struct report_options *options;
	const struct evidence_sink *sink;
	struct lines lines;
	bool open;	 /* between SF and end_of_record */
	unsigned opened; /* the line of its SF */
	uint64_t records;
	struct str path;
	struct hits *hits;
	struct branch *branches;
	size_t hit_count, hit_capacity, branch_count, branch_capacity;
};

/* ---- a record ---- */

static int by_line(const void *a, const void *b)
{
	const struct hits *x = a, *y = b;

	return (x->line > y->line) - (x->line < y->line);
}

static int by_branch(const void *a, const void *b)
{
	const struct branch *x = a, *y = b;

	if (x->line != y->line)
		return x->line > y->line ? 1 : -1;
	return (x->key > y->key) - (x->key < y->key);
}

/* Counts the branches from *i on, up to the line `before`, as those of `line`: each one once, taken if it was taken at any time. */
static void count_branches(const struct lcov *s, size_t *i, uint64_t before, struct evidence_line *line)
{
	while (*i < s->branch_count && s->branches[*i].line < before) {
		struct branch b = s->branches[*i];

		for (; *i < s->branch_count && s->branches[*i].line == b.line && s->branches[*i].key == b.key; ++*i)
			b.taken |= s->branches[*i].taken;
		line->branches++;
		line->branches_hit += b.taken;
	}
}

/* A branch may stand on a line that is none of its own (the second of a long expression): it counts with the line before. */
static int give_lines(struct lcov *s, const char *path, pipe_error *err)
{
	size_t h = 0, b = 0;
	int rc = PIPE_OK;

	while (rc == PIPE_OK && h < s->hit_count) {
		struct evidence_line line = { .path = path, .line = s->hits[h].line };

		for (; h < s->hit_count && s->hits[h].line == line.line; h++)
			line.hits = s->hits[h].hits > line.hits ? s->hits[h].hits : line.hits;
		count_branches(s, &b, h < s->hit_count ? s->hits[h].line : UINT64_MAX, &line);
		rc = sink_line(s->sink, &line, err);
	}
	return rc;
}

static int end_record(struct lcov *s, pipe_error *err)
{
	struct arena a = ARENA_INIT;
	const char *path = evidence_path(&a, s->options->workspace, s->path.data);
	int rc = path && !s->path.failed ? PIPE_OK : error_nomem(err);

	if (s->hit_count)
		qsort(s->hits, s->hit_count, sizeof(*s->hits), by_line);
	if (s->branch_count)
		qsort(s->branches, s->branch_count, sizeof(*s->branches), by_branch);
	if (rc == PIPE_OK)
		rc = give_lines(s, path, err);
	arena_clear(&a);
	s->open = false;
	s->records++;
	s->hit_count = s->branch_count = 0;
	return rc;
}

/* Room for one more element behind `used` ones. */
static int room(const struct lcov *s, void **items, size_t used, size_t *capacity, size_t size, pipe_error *err)
{
	size_t more = *capacity ? *capacity * 2 : 256;
	void *grown;

	if (used < *capacity)
		return PIPE_OK;
	if (more > s->options->limits.item_bytes / size)
		return error_set(err, PIPE_ELIMIT, "the record of %s is larger than %u bytes", s->path.data,
				 s->options->limits.item_bytes);
	grown = realloc(*items, more * size);
	if (!grown)
		return error_nomem(err);
	*items = grown;
	*capacity = more;
	return PIPE_OK;
}

/* ---- lines ---- */

/* A count: digits, or what geninfo makes of very large and of negative ones (`1.8e+19`, `-1`). */
static bool count(const char *text, size_t length, uint64_t *out)
{
	uint64_t value = 0;
	double real;

	if (length && length < 19 && strspn(text, "0123456789") >= length) {
		for (size_t i = 0; i < length; i++)
			value = value * 10 + (uint64_t)(text[i] - '0');
		*out = value;
		return true;
	}
	if (!lines_real(text, length, &real) || real != real)
		return false;
	*out = real <= 0 ? 0 : real >= 9e18 ? UINT64_MAX : (uint64_t)real;
	return true;
}

static int bad(const struct lcov *s, const char *form, pipe_error *err)
{
	return lines_error(&s->lines, 1, err, "this is not of the form %s", form);
}

static int on_source(struct lcov *s, const char *rest, pipe_error *err)
{
	if (s->open)
		return lines_error(&s->lines, 1, err, "the record of line %u has no end_of_record", s->opened);
	if (!*rest)
		return bad(s, "SF:PATH", err);
	s->open = true;
	s->opened = s->lines.number;
	str_reset(&s->path);
	str_adds(&s->path, rest);
	return PIPE_OK;
}

/* DA:LINE,COUNT[,CHECKSUM] */
static int on_data(struct lcov *s, const char *rest, pipe_error *err)
{
	struct hits hit;
	int rc;

	if (!lines_number(&rest, &hit.line) || *rest != ',' || !count(rest + 1, strcspn(rest + 1, ","), &hit.hits))
		return bad(s, "DA:LINE,COUNT", err);
	if (!hit.line)
		return PIPE_OK;
	rc = room(s, (void **)(void *)&s->hits, s->hit_count, &s->hit_capacity, sizeof(hit), err);
	if (rc == PIPE_OK)
		s->hits[s->hit_count++] = hit;
	return rc;
}

/* BRDA:LINE,[e]BLOCK,BRANCH,TAKEN: block and branch may be any text, with commas in the latter; TAKEN `-`: the line was not run. */
static int on_branch(struct lcov *s, const char *rest, pipe_error *err)
{
	struct branch branch = { 0 };
	const char *last = strrchr(rest, ',');
	uint64_t taken = 0;
	int rc;

	if (!lines_number(&rest, &branch.line) || *rest != ',' || !last || last == rest ||
	    !memchr(rest + 1, ',', (size_t)(last - rest)) ||
	    (strcmp(last + 1, "-") && !count(last + 1, strlen(last + 1), &taken)))
		return bad(s, "BRDA:LINE,BLOCK,BRANCH,TAKEN", err);
	if (!branch.line)
		return PIPE_OK;
	branch.key = map_hash(rest, (size_t)(last - rest));
	branch.taken = taken > 0;
	rc = room(s, (void **)(void *)&s->branches, s->branch_count, &s->branch_capacity, sizeof(branch), err);
	if (rc == PIPE_OK)
		s->branches[s->branch_count++] = branch;
	return rc;
}

static int on_function(struct lcov *s, const char *rest, pipe_error *err)
{
	uint32_t line;

	return lines_number(&rest, &line) && *rest == ',' ? PIPE_OK : bad(s, "FN:LINE,NAME", err);
}

static int on_nothing(struct lcov *s, const char *rest, pipe_error *err)
{
	(void)s;
	(void)rest;
	(void)err;
	return PIPE_OK;
}

static const struct {
	const char *tag;
	bool inside; /* of a record only */
	int (*take)(struct lcov *s, const char *rest, pipe_error *err);
} tags[] = {
	{ "DA:", true, on_data },      { "BRDA:", true, on_branch }, { "FN:", true, on_function },
	{ "FNDA:", true, on_nothing }, { "SF:", false, on_source },  { "TN:", false, on_nothing },
};

/* `LF:`, `MCDC:`, and what later versions think of. */
static bool is_tag(const char *text)
{
	size_t n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ");

	return n > 1 && n < 8 && text[n] == ':';
}

static int on_line(void *payload, char *text, size_t length, pipe_error *err)
{
	struct lcov *s = payload;

	if (s->lines.cut)
		return lines_error(&s->lines, 1, err, "the line is longer than %zu bytes", s->lines.most);
	while (length && (text[length - 1] == ' ' || text[length - 1] == '\t'))
		text[--length] = '\0';
	if (!length || *text == '#')
		return PIPE_OK;
	if (!strcmp(text, "end_of_record"))
		return s->open ? end_record(s, err) : PIPE_OK;
	for (size_t i = 0; i < sizeof(tags) / sizeof(*tags); i++) {
		size_t n = strlen(tags[i].tag);

		if (strncmp(text, tags[i].tag, n))
			continue;
		if (tags[i].inside && !s->open)
			return lines_error(&s->lines, 1, err, "%s stands outside of a record (SF:PATH ... end_of_record)",
					   tags[i].tag);
		return tags[i].take(s, text + n, err);
	}
	return is_tag(text) ? PIPE_OK : lines_error(&s->lines, 1, err, "this is no line of LCOV");
}

/* ---- the format ---- */

static int lcov_begin(void *state, const struct report_options *options, const struct evidence_sink *sink, pipe_error *err)
{
	struct lcov *s = state;

	(void)err;
	s->options = options;
	s->sink = sink;
	str_init(&s->path);
	lines_init(&s->lines, 0, on_line, s);
	return PIPE_OK;
}

static int lcov_feed(void *state, const char *bytes, size_t length, pipe_error *err)
{
	return lines_feed(&((struct lcov *)state)->lines, bytes, length, err);
}

static int lcov_finish(void *state, pipe_error *err)
{
	struct lcov *s = state;
	int rc = lines_finish(&s->lines, err);

	if (rc == PIPE_OK && s->open)
		return lines_error(&s->lines, 0, err, "the file ends within the record of line %u (no end_of_record)", s->opened);
	if (rc == PIPE_OK && !s->records)
		return lines_error(&s->lines, 0, err, "the file holds no record (SF:PATH ... end_of_record)");
	return rc;
}

static void lcov_end(void *state)
{
	struct lcov *s = state;

	if (!s->options)
		return;
	free(s->hits);
	free(s->branches);
	str_clear(&s->path);
	lines_clear(&s->lines);
}

static bool line_begins(const char *head, size_t length, const char *with)
{
	size_t n = strlen(with);

	for (const char *p = head; p && length - (size_t)(p - head) > n;) {
		if (!memcmp(p, with, n))
			return true;
		p = memchr(p, '\n', length - (size_t)(p - head));
		p = p ? p + 1 : NULL;
	}
	return false;
}

static unsigned lcov_recognise(const char *head, size_t length, const char *path)
{
	(void)path;
	if (line_begins(head, length, "SF:"))
		return line_begins(head, length, "DA:") || line_begins(head, length, "FN:") || line_begins(head, length, "LF:") ||
				       line_begins(head, length, "end_of_record")
			       ? 100
			       : 60;
	return length > 3 && !memcmp(head, "TN:", 3) ? 60 : 0;
}

const struct report_format report_lcov = {
	.name = "lcov",
	.help = "LCOV tracefiles: lcov, gcovr, llvm-cov, coverage.py, c8, nyc, grcov",
	.gives = GIVES_COVERAGE,
	.text = true,
	.state_size = sizeof(struct lcov),
	.begin = lcov_begin,
	.feed = lcov_feed,
	.finish = lcov_finish,
	.end = lcov_end,
	.recognise = lcov_recognise,
};
