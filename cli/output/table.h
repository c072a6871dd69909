/* Tables of text: columns as wide as their widest cell; the last one may be cut to the terminal's width. */
#ifndef CLI_OUTPUT_TABLE_H
#define CLI_OUTPUT_TABLE_H

#include "base/arena.h"
#include "base/vec.h"
#include "cli/output/term.h"
#include <stdbool.h>

enum { TABLE_COLUMNS = 10 };

struct table_row {
	const char *cell[TABLE_COLUMNS];
	enum pipe_status status; /* colours the first column's symbol; see table_init */
};

struct table {
	const struct term *term;
	struct arena *arena;
	unsigned columns;
	const char *const *head;
	unsigned right; /* bits: columns aligned to the right */
	bool symbols;	/* rows begin with the symbol of their status */
	bool unfold; /* on a terminal that is too narrow, the last cell goes on lines of its own, and only other cells are cut */
	VEC(struct table_row) rows;
	bool failed;
};

void table_init(struct table *t, const struct term *term, struct arena *a, const char *const *head, unsigned columns);
/* A row to fill; NULL: no memory (and failed is set). */
struct table_row *table_add(struct table *t);
/* A clean copy of an untrusted text, or of a formatted one. */
const char *table_text(struct table *t, const char *text);
const char *table_format(struct table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void table_write(struct table *t, struct str *out);

#endif
