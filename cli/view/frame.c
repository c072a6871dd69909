#include "cli/view/frame.h"

#include <string.h>

#define SYNC_ON "\033[?2026h"
#define SYNC_OFF "\033[?2026l"
#define CURSOR_OFF "\033[?25l"
#define CURSOR_ON "\033[?25h"
#define CLEAR_LINE "\033[K"
#define CLEAR_BELOW "\033[J"

void frame_init(struct frame *f, struct out *out)
{
	memset(f, 0, sizeof(*f));
	f->out = out;
	str_init(&f->above);
	str_init(&f->bytes);
	str_init(&f->shown.text);
	str_init(&f->next.text);
}

void frame_clear(struct frame *f)
{
	str_clear(&f->above);
	str_clear(&f->bytes);
	str_clear(&f->shown.text);
	str_clear(&f->next.text);
}

unsigned frame_line_count(const struct frame *f)
{
	return f->next.count;
}

struct str *frame_line(struct frame *f)
{
	struct frame_lines *n = &f->next;

	if (n->count < FRAME_LINES)
		n->line[n->count].start = n->text.length;
	return &n->text;
}

void frame_line_end(struct frame *f, unsigned width)
{
	struct frame_lines *n = &f->next;

	if (n->count == FRAME_LINES)
		return;
	n->line[n->count].length = n->text.length - n->line[n->count].start;
	n->line[n->count].width = width;
	n->count++;
}

static bool same_line(const struct frame *f, unsigned i)
{
	const struct frame_lines *a = &f->shown, *b = &f->next;

	return i < a->count && a->line[i].length == b->line[i].length &&
	       !memcmp(a->text.data + a->line[i].start, b->text.data + b->line[i].start, b->line[i].length);
}

/* Rows that the region takes on a terminal that is this wide now. */
static unsigned rows_shown(const struct frame *f, unsigned columns)
{
	unsigned rows = 0;

	for (unsigned i = 0; i < f->shown.count; i++) {
		unsigned width = f->shown.line[i].width;

		rows += width > columns && columns ? (width + columns - 1) / columns : 1;
	}
	return rows;
}

/* The cursor stands in the region's last row. */
static void go_to_top(struct frame *f, unsigned columns)
{
	unsigned rows = rows_shown(f, columns);

	str_addc(&f->bytes, '\r');
	if (rows > 1)
		str_printf(&f->bytes, "\033[%uA", rows - 1);
}

static void draw_lines(struct frame *f, bool all)
{
	const struct frame_lines *n = &f->next;

	for (unsigned i = 0; i < n->count; i++) {
		if (i)
			str_adds(&f->bytes, "\r\n");
		if (!all && same_line(f, i))
			continue;
		str_add(&f->bytes, n->text.data + n->line[i].start, n->line[i].length);
		str_adds(&f->bytes, CLEAR_LINE);
	}
	/* The region became smaller: what is below its last line goes. */
	if (!all && f->shown.count > n->count)
		str_adds(&f->bytes, "\033[1B\r" CLEAR_BELOW "\033[1A");
}

static void swap(struct frame *f)
{
	struct frame_lines *n = &f->next;
	struct str text = f->shown.text;

	f->shown.text = n->text;
	f->shown.count = n->count;
	memcpy(f->shown.line, n->line, n->count * sizeof(*n->line));
	n->text = text;
	n->count = 0;
	str_reset(&n->text);
}

static void send(struct frame *f)
{
	out_str(f->out, &f->bytes);
	out_flush(f->out);
}

static bool is_unchanged(const struct frame *f)
{
	if (f->above.length || f->shown.count != f->next.count)
		return false;
	for (unsigned i = 0; i < f->next.count; i++)
		if (!same_line(f, i))
			return false;
	return true;
}

void frame_show(struct frame *f, unsigned columns)
{
	bool all = f->above.length || columns != f->columns || !f->shown.count;

	if (columns == f->columns && is_unchanged(f)) {
		f->next.count = 0;
		str_reset(&f->next.text);
		return;
	}
	str_adds(&f->bytes, SYNC_ON);
	if (!f->hidden)
		str_adds(&f->bytes, CURSOR_OFF);
	f->hidden = true;
	go_to_top(f, columns);
	if (all)
		str_adds(&f->bytes, CLEAR_BELOW);
	str_add(&f->bytes, f->above.data, f->above.length);
	str_reset(&f->above);
	draw_lines(f, all);
	str_adds(&f->bytes, SYNC_OFF);
	f->columns = columns;
	swap(f);
	send(f);
}

void frame_end(struct frame *f, unsigned columns)
{
	if (f->shown.count) {
		go_to_top(f, columns);
		str_adds(&f->bytes, CLEAR_BELOW);
	}
	str_add(&f->bytes, f->above.data, f->above.length);
	str_reset(&f->above);
	if (f->hidden)
		str_adds(&f->bytes, CURSOR_ON);
	f->hidden = false;
	f->shown.count = 0;
	send(f);
}

void frame_forget(struct frame *f)
{
	f->shown.count = 0;
	f->hidden = false;
}
