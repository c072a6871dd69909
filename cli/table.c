#include "cli/table.h"

#include "cli/text.h"

#include <stdarg.h>
#include <string.h>

void table_init(struct table *t, const struct term *term, struct arena *a, const char *const *head, unsigned columns)
{
	memset(t, 0, sizeof(*t));
	t->term = term;
	t->arena = a;
	t->head = head;
	t->columns = columns < TABLE_COLUMNS ? columns : TABLE_COLUMNS;
}

struct table_row *table_add(struct table *t)
{
	struct table_row *row = vec_push(t->arena, &t->rows);

	if (!row) {
		t->failed = true;
		return NULL;
	}
	for (unsigned i = 0; i < TABLE_COLUMNS; i++)
		row->cell[i] = "";
	return row;
}

const char *table_text(struct table *t, const char *text)
{
	const char *copy;
	struct str s;

	str_init(&s);
	text_clean(&s, text ? text : "", text ? strlen(text) : 0, term_text_flags(t->term));
	copy = s.failed ? NULL : arena_strndup(t->arena, s.data, s.length);
	str_clear(&s);
	t->failed = t->failed || !copy;
	return copy ? copy : "";
}

const char *table_format(struct table *t, const char *format, ...)
{
	const char *text;
	va_list ap;

	va_start(ap, format);
	text = arena_vprintf(t->arena, format, ap);
	va_end(ap);
	t->failed = t->failed || !text;
	return text ? text : "";
}

static unsigned column_width(const struct table *t, unsigned column)
{
	unsigned widest = text_width(t->head[column], strlen(t->head[column]));

	for (uint32_t i = 0; i < t->rows.count; i++) {
		const char *cell = t->rows.items[i].cell[column];
		unsigned width = text_width(cell, strlen(cell));

		if (width > widest)
			widest = width;
	}
	return widest;
}

static void write_cell(const struct table *t, const char *cell, unsigned column, unsigned width, struct str *out)
{
	bool last = column + 1 == t->columns, right = t->right & 1u << column;
	unsigned taken = text_width(cell, strlen(cell));

	for (; right && taken < width; taken++)
		str_addc(out, ' ');
	text_fit(out, cell, width, t->term->more, !right && !last);
	if (!last)
		str_adds(out, "  ");
}

static void write_row(const struct table *t, const char *const *cells, const unsigned *widths, struct str *out)
{
	for (unsigned i = 0; i < t->columns; i++)
		if (widths[i])
			write_cell(t, cells[i], i, widths[i], out);
	while (out->length && out->data[out->length - 1] == ' ')
		out->data[--out->length] = '\0';
	str_addc(out, '\n');
}

/* A column without any content is left out. */
static bool is_empty(const struct table *t, unsigned column)
{
	for (uint32_t i = 0; i < t->rows.count; i++)
		if (*t->rows.items[i].cell[column])
			return false;
	return true;
}

void table_write(struct table *t, struct str *out)
{
	unsigned widths[TABLE_COLUMNS] = { 0 }, used = t->symbols ? 2 : 0, columns, rows;

	for (unsigned i = 0; i < t->columns; i++) {
		widths[i] = is_empty(t, i) ? 0 : column_width(t, i);
		used += widths[i] && i + 1 < t->columns ? widths[i] + 2 : 0;
	}
	term_size(t->term, &columns, &rows);
	if (t->term->tty && columns > used + 8 && widths[t->columns - 1] > columns - used)
		widths[t->columns - 1] = columns - used;
	if (t->symbols)
		str_adds(out, "  ");
	term_on(t->term, out, SGR_DIM);
	write_row(t, t->head, widths, out);
	term_off(t->term, out, SGR_DIM);
	for (uint32_t i = 0; i < t->rows.count; i++) {
		if (t->symbols) {
			term_symbol(t->term, out, t->rows.items[i].status);
			str_addc(out, ' ');
		}
		write_row(t, t->rows.items[i].cell, widths, out);
	}
}
