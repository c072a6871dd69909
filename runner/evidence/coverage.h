/*
 * Lines of coverage: collected while a report is read, kept as one blob a file.
 *
 * The blob holds the lines in ascending order, each as variable-length numbers (7 bits a byte, the lowest first, the top bit says
 * "more follows"): the distance to the line before times two, plus one where branches follow; the hits; then, there, branches and
 * branches hit.  Most lines take two bytes.
 */
#ifndef RUNNER_EVIDENCE_COVERAGE_H
#define RUNNER_EVIDENCE_COVERAGE_H

#include "base/arena.h"
#include "base/map.h"
#include "base/str.h"
#include "base/vec.h"
#include "stages/evidence.h"

struct coverage_line {
	uint32_t line, branches, branches_hit;
	uint64_t hits;
};

struct coverage_counts {
	uint64_t lines, lines_hit, branches, branches_hit;
};

/* Goes through a blob. */
struct coverage_reader {
	const unsigned char *next, *end;
	struct coverage_line at;
	bool damaged;
};
void coverage_read(struct coverage_reader *r, const void *blob, size_t length);
/* The next line in `at`; false: the end, or damage. */
bool coverage_next(struct coverage_reader *r);

/* Makes one: lines in ascending order. */
struct coverage_writer {
	struct str blob;
	struct coverage_counts counts;
	uint32_t last;
};
void coverage_write_init(struct coverage_writer *w);
void coverage_write(struct coverage_writer *w, const struct coverage_line *line);
void coverage_write_clear(struct coverage_writer *w);
/* Two measurements of one line: the larger figures. */
void coverage_line_add(struct coverage_line *to, const struct coverage_line *more);
/* Two blobs of one file into a third; false: one is damaged. */
bool coverage_merge(struct coverage_writer *w, const void *a, size_t a_length, const void *b, size_t b_length);

/* Files whose lines are being collected; bounded, see coverage_buffer_is_full. */
struct coverage_file {
	const char *path;
	VEC(struct coverage_line) lines;
	bool unsorted;
};
struct coverage_buffer {
	struct arena arena;
	struct map by_path;
	VEC(struct coverage_file *) files;
	struct coverage_file *last;
	size_t lines;
};
/* false: no memory. */
bool coverage_buffer_add(struct coverage_buffer *b, const struct evidence_line *line);
bool coverage_buffer_is_full(const struct coverage_buffer *b);
/* Sorts the lines of a file and puts those of one number together. */
void coverage_file_sort(struct coverage_file *f);
void coverage_buffer_clear(struct coverage_buffer *b);

#endif
