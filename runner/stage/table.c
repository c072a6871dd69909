#include "runner/stage/table.h"

#include "base/str.h"

#include <string.h>

enum { COLUMNS = 4, WIDEST = 48 };

/* Characters, as far as a terminal counts them alike. */
static unsigned width(const char *text)
{
	unsigned n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static void cells_of(const struct stage_condition *c, const char *cells[COLUMNS])
{
	const char *const all[COLUMNS] = { c->verdict, c->subject, c->value, c->bound };

	for (size_t i = 0; i < COLUMNS; i++)
		cells[i] = all[i] ? all[i] : "";
}

static void measure(const struct stage_condition *items, uint32_t count, unsigned widths[COLUMNS])
{
	const char *cells[COLUMNS];

	memset(widths, 0, COLUMNS * sizeof(*widths));
	for (uint32_t i = 0; i < count; i++) {
		cells_of(&items[i], cells);
		for (size_t k = 0; k < COLUMNS; k++) {
			unsigned w = width(cells[k]);
			if (w > widths[k])
				widths[k] = w < WIDEST ? w : WIDEST;
		}
	}
}

static void add_row(struct str *out, const char *const cells[COLUMNS], const unsigned widths[COLUMNS], const char *detail)
{
	for (size_t k = 0; k < COLUMNS; k++) {
		unsigned w = width(cells[k]);
		str_printf(out, "  %s", cells[k]);
		if (w < widths[k])
			str_printf(out, "%*s", (int)(widths[k] - w), "");
	}
	if (detail && *detail)
		str_printf(out, "  %s", detail);
	while (out->length && out->data[out->length - 1] == ' ')
		out->data[--out->length] = '\0';
}

void table_conditions(const struct stage_condition *items, uint32_t count, void (*line)(void *payload, const char *text),
		      void *payload)
{
	const char *cells[COLUMNS];
	unsigned widths[COLUMNS];
	struct str row;

	measure(items, count, widths);
	str_init(&row);
	for (uint32_t i = 0; i < count; i++) {
		str_reset(&row);
		cells_of(&items[i], cells);
		add_row(&row, cells, widths, items[i].detail);
		if (!row.failed)
			line(payload, row.data);
	}
	str_clear(&row);
}
