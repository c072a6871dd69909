/*
 * The graph on a terminal.  Where the stages fit beside each other they are boxes from left to right; otherwise they stand one below
 * the other, and where a stage has many jobs those with the same needs stand together in as many columns as fit.
 */
#include "pipeline/view/graph.h"

#include <string.h>

enum {
	WIDTH_DEFAULT = 100,
	WIDTH_LEAST = 20,
	ROWS_IN_BOX = 40,  /* a higher stage is no picture any more */
	ROWS_IN_LIST = 20, /* more are packed */
	NEEDS_IN_BOX = 3,
	NEEDS_IN_LIST = 8,
	ARROW = 5 /* columns between two boxes */
};

struct row {
	const char *label; /* "test ×3 (manual)" */
	const char *needs; /* "compile, lint +2", "starts at once"; "" waits for the stages before */
	unsigned width, needs_width;
};

struct picture {
	const struct plan *plan;
	struct graph g;
	struct arena a;
	struct str *out, text;
	struct row *rows; /* by node */
	unsigned width;
	bool colour;
};

static const char *keep(struct picture *p)
{
	const char *copy = p->text.failed ? NULL : arena_strndup(&p->a, p->text.data, p->text.length);

	if (!copy)
		p->out->failed = true;
	return copy ? copy : "";
}

static void make_row(struct picture *p, uint32_t i, unsigned most)
{
	const struct graph_node *n = &p->g.nodes.items[i];
	const char *remark = graph_remark(n->job);
	struct row *row = &p->rows[i];

	str_reset(&p->text);
	terminal_safe(&p->text, n->job->job->name);
	if (n->count > 1 || n->job->node_index)
		str_printf(&p->text, " \xc3\x97%u", n->count);
	if (*remark)
		str_printf(&p->text, " (%s)", remark);
	row->label = keep(p);
	row->width = terminal_width(row->label);
	str_reset(&p->text);
	graph_needs_text(&p->g, n, most, &p->text);
	if (!n->needs.count && !n->job->waits_for_stages && n->stage != p->g.nodes.items[0].stage)
		str_adds(&p->text, "starts at once");
	row->needs = keep(p);
	row->needs_width = terminal_width(row->needs);
}

static bool make_rows(struct picture *p, unsigned most)
{
	p->rows = ARENA_ARRAY(&p->a, struct row, (size_t)p->g.nodes.count + 1);
	for (uint32_t i = 0; p->rows && i < p->g.nodes.count; i++)
		make_row(p, i, most);
	return p->rows != NULL;
}

static void repeat(struct str *out, const char *text, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		str_adds(out, text);
}

static void styled(struct picture *p, const char *style, const char *text, unsigned width, bool pad)
{
	terminal_style(p->out, p->colour, style);
	terminal_cell(p->out, text, width, pad);
	terminal_style(p->out, p->colour, "0");
}

/* ---- boxes beside each other ---- */

struct box {
	unsigned label, needs, inner; /* columns; inner: between the borders */
	const char *title;
};

static void measure_box(struct picture *p, const struct graph_stage *stage, struct box *box)
{
	unsigned title;

	for (uint32_t i = stage->first; i < stage->first + stage->nodes; i++) {
		if (p->rows[i].width > box->label)
			box->label = p->rows[i].width;
		if (p->rows[i].needs_width && p->rows[i].needs_width + 3 > box->needs)
			box->needs = p->rows[i].needs_width + 3;
	}
	str_reset(&p->text);
	terminal_safe(&p->text, stage->name);
	str_printf(&p->text, " \xc2\xb7 %u", stage->jobs);
	box->title = keep(p);
	title = terminal_width(box->title);
	box->inner = 2 + box->label + box->needs;
	if (box->inner < title + 3)
		box->inner = title + 3;
}

static struct box *measure_boxes(struct picture *p)
{
	struct box *boxes = ARENA_ARRAY(&p->a, struct box, (size_t)p->g.stages.count + 1);
	uint64_t total = 0;

	if (!boxes)
		p->out->failed = true;
	for (uint32_t s = 0; boxes && s < p->g.stages.count; s++) {
		if (p->g.stages.items[s].nodes > ROWS_IN_BOX)
			return NULL;
		measure_box(p, &p->g.stages.items[s], &boxes[s]);
		total += boxes[s].inner + 2 + (s ? ARROW : 0);
	}
	return total <= p->width ? boxes : NULL;
}

/* One line of one box: 0 is the upper border, then a line a node, then the lower border, then nothing. */
static void box_line(struct picture *p, const struct graph_stage *stage, const struct box *box, unsigned line)
{
	const struct row *row = &p->rows[stage->first + line - 1];
	unsigned used;

	if (line == 0) {
		str_adds(p->out, "\xe2\x95\xad\xe2\x94\x80 ");
		styled(p, "1", box->title, box->inner, false);
		str_addc(p->out, ' ');
		repeat(p->out, "\xe2\x94\x80", box->inner - 3 - terminal_width(box->title));
		str_adds(p->out, "\xe2\x95\xae");
	} else if (line <= stage->nodes) {
		str_adds(p->out, "\xe2\x94\x82 ");
		terminal_cell(p->out, row->label, box->label, true);
		used = 1 + box->label;
		if (row->needs_width) {
			terminal_style(p->out, p->colour, "2");
			str_adds(p->out, " \xe2\x86\x90 ");
			str_adds(p->out, row->needs);
			terminal_style(p->out, p->colour, "0");
			used += 3 + row->needs_width;
		}
		repeat(p->out, " ", box->inner - used);
		str_adds(p->out, "\xe2\x94\x82");
	} else if (line == stage->nodes + 1) {
		str_adds(p->out, "\xe2\x95\xb0");
		repeat(p->out, "\xe2\x94\x80", box->inner);
		str_adds(p->out, "\xe2\x95\xaf");
	} else {
		repeat(p->out, " ", box->inner + 2);
	}
}

static void draw_boxes(struct picture *p, const struct box *boxes)
{
	unsigned lines = 0;

	for (uint32_t s = 0; s < p->g.stages.count; s++)
		if (p->g.stages.items[s].nodes + 2 > lines)
			lines = p->g.stages.items[s].nodes + 2;
	for (unsigned line = 0; line < lines; line++) {
		size_t start = p->out->length;
		for (uint32_t s = 0; s < p->g.stages.count; s++) {
			bool arrow = s && line == 1;
			if (s)
				str_adds(p->out, !arrow			      ? "     "
						 : p->g.stages.items[s].waits ? " \xe2\x94\x80\xe2\x94\x80\xe2\x96\xb6 "
									      : " \xe2\x95\x8c\xe2\x95\x8c\xe2\x96\xb7 ");
			box_line(p, &p->g.stages.items[s], &boxes[s], line);
		}
		while (p->out->length > start && p->out->data[p->out->length - 1] == ' ')
			p->out->data[--p->out->length] = '\0';
		str_addc(p->out, '\n');
	}
}

/* ---- stages below each other ---- */

static void list_rows(struct picture *p, const struct graph_stage *stage, const char *bar)
{
	unsigned label = 0, room = p->width > 4 ? p->width - 4 : 1;

	for (uint32_t i = stage->first; i < stage->first + stage->nodes; i++)
		if (p->rows[i].width > label)
			label = p->rows[i].width;
	if (label > room * 2 / 3)
		label = room * 2 / 3;
	for (uint32_t i = stage->first; i < stage->first + stage->nodes; i++) {
		const struct row *row = &p->rows[i];
		str_adds(p->out, bar);
		terminal_cell(p->out, row->label, row->needs_width ? label : room, row->needs_width > 0);
		if (row->needs_width) {
			str_adds(p->out, "  ");
			terminal_style(p->out, p->colour, "2");
			str_adds(p->out, "\xe2\x86\x90 ");
			terminal_cell(p->out, row->needs, room > label + 5 ? room - label - 4 : 1, false);
			terminal_style(p->out, p->colour, "0");
		}
		str_addc(p->out, '\n');
	}
}

/* Rows of one group in columns, read downwards as ls does. */
static void pack(struct picture *p, const uint32_t *nodes, uint32_t count, const char *bar)
{
	unsigned widest = 1, room = p->width > 6 ? p->width - 6 : 1, columns;
	uint32_t lines;

	for (uint32_t i = 0; i < count; i++)
		if (p->rows[nodes[i]].width > widest)
			widest = p->rows[nodes[i]].width;
	if (widest > room)
		widest = room;
	columns = (room + 2) / (widest + 2);
	columns = columns ? columns : 1;
	lines = (count + columns - 1) / columns;
	for (uint32_t line = 0; line < lines; line++) {
		str_adds(p->out, bar);
		str_adds(p->out, "  ");
		for (uint32_t i = line; i < count; i += lines) {
			terminal_cell(p->out, p->rows[nodes[i]].label, widest, i + lines < count);
			if (i + lines < count)
				str_adds(p->out, "  ");
		}
		str_addc(p->out, '\n');
	}
}

struct group {
	uint32_t *nodes, count;
};

/* Nodes of a stage by what they need, groups in the order of their first node. */
static uint32_t group_rows(struct picture *p, const struct graph_stage *stage, struct group *groups)
{
	struct map by_needs = MAP_INIT;
	uint32_t *of = ARENA_ARRAY(&p->a, uint32_t, stage->nodes), *storage = ARENA_ARRAY(&p->a, uint32_t, stage->nodes),
		 count = 0;

	for (uint32_t i = 0; of && storage && i < stage->nodes; i++) {
		const struct row *row = &p->rows[stage->first + i];
		size_t n = strlen(row->needs);
		of[i] = (uint32_t)(uintptr_t)map_get(&by_needs, row->needs, n);
		if (!of[i]) {
			of[i] = ++count;
			if (!map_put(&by_needs, &p->a, row->needs, n, (void *)(uintptr_t)count))
				return 0;
		}
		groups[of[i] - 1].count++;
	}
	if (!of || !storage)
		return 0;
	for (uint32_t g = 0; g < count; g++) {
		groups[g].nodes = storage;
		storage += groups[g].count;
		groups[g].count = 0;
	}
	for (uint32_t i = 0; i < stage->nodes; i++)
		groups[of[i] - 1].nodes[groups[of[i] - 1].count++] = stage->first + i;
	return count;
}

static void list_groups(struct picture *p, const struct graph_stage *stage, const char *bar)
{
	struct group *groups = ARENA_ARRAY(&p->a, struct group, stage->nodes);
	uint32_t count = groups ? group_rows(p, stage, groups) : 0;

	if (!count)
		p->out->failed = true;
	for (uint32_t g = 0; g < count; g++) {
		const struct row *row = &p->rows[groups[g].nodes[0]];
		if (row->needs_width) {
			str_adds(p->out, bar);
			terminal_style(p->out, p->colour, "2");
			str_adds(p->out, "\xe2\x86\x90 ");
			terminal_cell(p->out, row->needs, p->width > 6 ? p->width - 6 : 1, false);
			terminal_style(p->out, p->colour, "0");
			str_addc(p->out, '\n');
		}
		pack(p, groups[g].nodes, groups[g].count, bar);
	}
}

static void draw_list(struct picture *p)
{
	uint32_t stages = p->g.stages.count;

	for (uint32_t s = 0; s < stages; s++) {
		const struct graph_stage *stage = &p->g.stages.items[s];
		bool last = s + 1 == stages;
		const char *bar = last ? "   " : "\xe2\x94\x82  ";
		str_adds(p->out, stages == 1 ? "\xe2\x95\xb6 "
				 : s == 0    ? "\xe2\x95\xad "
				 : last	     ? "\xe2\x95\xb0 "
					     : "\xe2\x94\x9c ");
		styled(p, "1", stage->name, p->width > 20 ? p->width - 18 : 2, false);
		terminal_style(p->out, p->colour, "2");
		str_printf(p->out, " \xc2\xb7 %u job%s", stage->jobs, stage->jobs == 1 ? "" : "s");
		terminal_style(p->out, p->colour, "0");
		str_addc(p->out, '\n');
		if (stage->nodes > ROWS_IN_LIST)
			list_groups(p, stage, bar);
		else
			list_rows(p, stage, bar);
		if (!last)
			str_adds(p->out, "\xe2\x94\x82\n");
	}
}

static void draw(struct picture *p)
{
	const struct box *boxes;

	if (!p->g.nodes.count) {
		str_adds(p->out, "no jobs: ");
		terminal_safe(p->out, p->plan->runs ? "none is selected" : p->plan->workflow.reason);
		str_addc(p->out, '\n');
		return;
	}
	if (!make_rows(p, NEEDS_IN_BOX)) {
		p->out->failed = true;
		return;
	}
	boxes = measure_boxes(p);
	if (boxes)
		draw_boxes(p, boxes);
	else if (make_rows(p, NEEDS_IN_LIST))
		draw_list(p);
	else
		p->out->failed = true;
}

void plan_ascii(const struct plan *plan, unsigned width, bool colour, struct str *out)
{
	struct picture p = { .plan = plan, .out = out, .colour = colour };

	p.width = width ? width : WIDTH_DEFAULT;
	if (p.width < WIDTH_LEAST)
		p.width = WIDTH_LEAST;
	str_init(&p.text);
	if (graph_make(&p.g, plan, &p.a))
		draw(&p);
	else
		out->failed = true;
	str_clear(&p.text);
	arena_clear(&p.a);
}
