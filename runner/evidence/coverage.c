#include "runner/evidence/coverage.h"

#include <stdlib.h>
#include <string.h>

/* What is collected before it is written: enough that a file which comes in pieces is seldom read back, and some MiB at most. */
enum { BUFFER_LINES = 64 * 1024, BUFFER_FILES = 4096, BUFFER_BYTES = 16 * 1024 * 1024 };

/* ---- reading ---- */

void coverage_read(struct coverage_reader *r, const void *blob, size_t length)
{
	*r = (struct coverage_reader){ .next = blob, .end = blob ? (const unsigned char *)blob + length : NULL };
}

static uint64_t read_number(struct coverage_reader *r)
{
	uint64_t value = 0;

	for (unsigned shift = 0; r->next < r->end && shift < 64; shift += 7) {
		unsigned char byte = *r->next++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (!(byte & 0x80))
			return value;
	}
	r->damaged = true;
	return 0;
}

bool coverage_next(struct coverage_reader *r)
{
	uint64_t distance, line;

	if (r->damaged || r->next >= r->end)
		return false;
	distance = read_number(r);
	line = r->at.line + (distance >> 1);
	r->at = (struct coverage_line){ .line = (uint32_t)line, .hits = read_number(r) };
	if (distance & 1) {
		uint64_t branches = read_number(r), hit = read_number(r);

		r->damaged = r->damaged || branches > UINT32_MAX || hit > branches;
		r->at.branches = (uint32_t)branches;
		r->at.branches_hit = (uint32_t)hit;
	}
	r->damaged = r->damaged || distance < 2 || line > UINT32_MAX;
	return !r->damaged;
}

/* ---- writing ---- */

void coverage_write_init(struct coverage_writer *w)
{
	memset(w, 0, sizeof(*w));
	str_init(&w->blob);
}

static void write_number(struct str *out, uint64_t value)
{
	for (; value > 0x7f; value >>= 7)
		str_addc(out, (char)(0x80 | (value & 0x7f)));
	str_addc(out, (char)value);
}

void coverage_write(struct coverage_writer *w, const struct coverage_line *line)
{
	write_number(&w->blob, (uint64_t)(line->line - w->last) << 1 | (line->branches > 0));
	write_number(&w->blob, line->hits);
	if (line->branches) {
		write_number(&w->blob, line->branches);
		write_number(&w->blob, line->branches_hit);
	}
	w->last = line->line;
	w->counts.lines++;
	w->counts.lines_hit += line->hits > 0;
	w->counts.branches += line->branches;
	w->counts.branches_hit += line->branches_hit;
}

void coverage_write_clear(struct coverage_writer *w)
{
	str_clear(&w->blob);
}

void coverage_line_add(struct coverage_line *to, const struct coverage_line *more)
{
	if (more->hits > to->hits)
		to->hits = more->hits;
	if (more->branches > to->branches)
		to->branches = more->branches;
	if (more->branches_hit > to->branches_hit)
		to->branches_hit = more->branches_hit;
}

bool coverage_merge(struct coverage_writer *w, const void *a, size_t a_length, const void *b, size_t b_length)
{
	struct coverage_reader first, second;
	bool has_first, has_second;

	coverage_read(&first, a, a_length);
	coverage_read(&second, b, b_length);
	has_first = coverage_next(&first);
	has_second = coverage_next(&second);
	while (has_first || has_second) {
		bool take_first = has_first && (!has_second || first.at.line <= second.at.line);
		bool take_second = has_second && (!has_first || second.at.line <= first.at.line);
		struct coverage_line line = take_first ? first.at : second.at;

		if (take_first && take_second)
			coverage_line_add(&line, &second.at);
		coverage_write(w, &line);
		has_first = take_first ? coverage_next(&first) : has_first;
		has_second = take_second ? coverage_next(&second) : has_second;
	}
	return !first.damaged && !second.damaged;
}

/* ---- collecting ---- */

static struct coverage_file *find_file(struct coverage_buffer *b, const char *path)
{
	size_t length = strlen(path);
	struct coverage_file *f = map_get(&b->by_path, path, length), **slot;

	if (f)
		return f;
	f = ARENA_NEW(&b->arena, struct coverage_file);
	slot = f ? vec_push(&b->arena, &b->files) : NULL;
	if (!slot)
		return NULL;
	f->path = arena_strndup(&b->arena, path, length);
	*slot = f;
	if (!f->path || !map_put(&b->by_path, &b->arena, f->path, length, f)) {
		b->files.count--;
		return NULL;
	}
	return f;
}

bool coverage_buffer_add(struct coverage_buffer *b, const struct evidence_line *l)
{
	struct coverage_file *f = b->last && !strcmp(b->last->path, l->path) ? b->last : find_file(b, l->path);
	struct coverage_line line = { l->line, l->branches, l->branches_hit, l->hits }, *last;

	if (!f)
		return false;
	if (line.branches_hit > line.branches)
		line.branches_hit = line.branches;
	b->last = f;
	last = f->lines.count ? &f->lines.items[f->lines.count - 1] : NULL;
	if (last && last->line == line.line) {
		coverage_line_add(last, &line);
		return true;
	}
	f->unsorted = f->unsorted || (last && last->line > line.line);
	last = vec_push(&b->arena, &f->lines);
	if (!last)
		return false;
	*last = line;
	b->lines++;
	return true;
}

bool coverage_buffer_is_full(const struct coverage_buffer *b)
{
	return b->lines >= BUFFER_LINES || b->files.count >= BUFFER_FILES || b->arena.used >= BUFFER_BYTES;
}

static int by_line(const void *a, const void *b)
{
	uint32_t x = ((const struct coverage_line *)a)->line, y = ((const struct coverage_line *)b)->line;

	return x < y ? -1 : x > y;
}

void coverage_file_sort(struct coverage_file *f)
{
	uint32_t kept = 0;

	if (!f->unsorted)
		return;
	qsort(f->lines.items, f->lines.count, sizeof(*f->lines.items), by_line);
	for (uint32_t i = 0; i < f->lines.count; i++) {
		if (kept && f->lines.items[kept - 1].line == f->lines.items[i].line)
			coverage_line_add(&f->lines.items[kept - 1], &f->lines.items[i]);
		else
			f->lines.items[kept++] = f->lines.items[i];
	}
	f->lines.count = kept;
	f->unsorted = false;
}

void coverage_buffer_clear(struct coverage_buffer *b)
{
	arena_clear(&b->arena);
	memset(b, 0, sizeof(*b));
}
