#include "cli/output/table.h"

#include "cli/output/text.h"

#include <stdarg.h>
#include <stdlib.h>
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

enum { NARROWEST = 12, INDENT = 4 };

/* Takes from the widest columns, the last one aside, until a row has room.  Returns the columns used. */
static unsigned narrow(const struct table *t, unsigned *widths, unsigned used, unsigned columns)
{
	while (used > columns) {
		unsigned widest = 0;

		for (unsigned i = 1; i + 1 < t->columns; i++)
			widest = widths[i] > widths[widest] ? i : widest;
		if (widths[widest] <= NARROWEST)
			break;
		widths[widest]--;
		used--;
	}
	return used;
}

/* A text below its row, broken at spaces. */
static void write_below(const char *text, unsigned width, const char *more, struct str *out)
{
	while (*text) {
		size_t length = strcspn(text, " "), next;
		char *line;

		while (text[length] && text_width(text, next = length + 1 + strcspn(text + length + 1, " ")) <= width)
			length = next;
		line = strndup(text, length);
		str_printf(out, "%*s", INDENT, "");
		if (line)
			text_fit(out, line, width, more, 0);
		out->failed = out->failed || !line;
		free(line);
		str_addc(out, '\n');
		text += length + strspn(text + length, " ");
	}
}

static void write_unfolded(struct table *t, struct table_row *row, const unsigned *widths, unsigned columns, struct str *out)
{
	const char **last = &row->cell[t->columns - 1], *text = *last;
	const bool fits = text_width(text, strlen(text)) <= widths[t->columns - 1];

	if (!fits)
		*last = "";
	write_row(t, row->cell, widths, out);
	*last = text;
	if (!fits) {
		term_on(t->term, out, SGR_DIM);
		write_below(text, columns > INDENT + NARROWEST ? columns - INDENT : NARROWEST, t->term->more, out);
		term_off(t->term, out, SGR_DIM);
	}
}

void table_write(struct table *t, struct str *out)
{
	unsigned widths[TABLE_COLUMNS] = { 0 }, used = t->symbols ? 2 : 0, columns, rows;

	for (unsigned i = 0; i < t->columns; i++) {
		widths[i] = is_empty(t, i) ? 0 : column_width(t, i);
		used += widths[i] && i + 1 < t->columns ? widths[i] + 2 : 0;
	}
	term_size(t->term, &columns, &rows);
	if (t->term->tty && t->unfold) {
		used = narrow(t, widths, used, columns + 2); /* the gap before an empty last cell is not written */
		if (widths[t->columns - 1] + used > columns)
			widths[t->columns - 1] = columns > used ? columns - used : 1;
	} else if (t->term->tty && columns > used + 8 && widths[t->columns - 1] > columns - used)
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
		if (t->unfold)
			write_unfolded(t, &t->rows.items[i], widths, columns, out);
		else
			write_row(t, t->rows.items[i].cell, widths, out);
	}
}
