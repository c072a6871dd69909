/*
 * The graph as a picture: a frame a stage, jobs in columns by their depth inside the stage, needs as curves, waiting for stages as an
 * arrow from frame to frame.  One file without scripts, fonts or links; colours follow the viewer's light or dark scheme.
 */
#include "base/utf8.h"
#include "pipeline/view/graph.h"

#include <string.h>

enum {
	MARGIN = 24,
	FRAME_GAP = 56,	 /* between frames */
	PAD = 16,	 /* inside a frame */
	HEADER = 40,	 /* a frame's title */
	COLUMN_GAP = 48, /* between columns of one stage */
	NODE_HEIGHT = 34,
	NODE_GAP = 12,
	CHAR = 8, /* pixels a column of text takes */
	NODE_LEAST = 96,
	TEXT_MOST = 34 /* columns of a label */
};

static const char style[] =
	"<style>\n"
	"  .frame{fill:#f6f7f9;stroke:#d5d9e0}.node rect{fill:#fff;stroke:#8a94a6;stroke-width:1.2}\n"
	"  text{font:13px ui-sans-serif,system-ui,sans-serif;fill:#1f2733}.stage{font-weight:600}.dim{fill:#6b7687;font-size:11px}\n"
	"  .need{fill:none;stroke:#5b7fd1;stroke-width:1.5;opacity:.75}.wait{fill:none;stroke:#b4bcc9;stroke-width:3}\n"
	"  .manual rect,.delayed rect{stroke-dasharray:5 3}.tip{fill:#5b7fd1}.wtip{fill:#b4bcc9}\n"
	"  .may-fail rect{stroke:#d39a2d}.on-failure rect{stroke:#cf5b5b}.always rect{stroke:#4d9a6a}\n"
	"  @media (prefers-color-scheme:dark){svg{background:#14181f}.frame{fill:#1b212b;stroke:#323b49}\n"
	"    .node rect{fill:#242c38;stroke:#7d899c}text{fill:#e4e8ee}.dim{fill:#98a3b3}.need{stroke:#86a6f0}.tip{fill:#86a6f0}\n"
	"    .wait{stroke:#4a5566}.wtip{fill:#4a5566}}\n"
	"</style>\n"
	"<defs><marker id=\"a\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\">"
	"<path class=\"tip\" d=\"M0 0L8 4L0 8z\"/></marker>"
	"<marker id=\"w\" viewBox=\"0 0 8 8\" refX=\"6\" refY=\"4\" markerWidth=\"4\" markerHeight=\"4\" orient=\"auto\">"
	"<path class=\"wtip\" d=\"M0 0L8 4L0 8z\"/></marker></defs>\n";

struct spot {
	unsigned x, y, width;
};
struct frame {
	unsigned x, width, height;
};
struct drawing {
	const struct plan *plan;
	struct graph g;
	struct arena a;
	struct str *out, text;
	struct spot *spots;   /* by node */
	struct frame *frames; /* by stage */
	unsigned width, height;
};

/* Text for XML: markup escaped, controls replaced. */
static void xml(struct drawing *d, const char *text)
{
	static const struct {
		char c;
		const char *entity;
	} table[] = { { '<', "&lt;" }, { '>', "&gt;" }, { '&', "&amp;" }, { '"', "&quot;" }, { '\'', "&#39;" } };
	struct str safe;

	str_init(&safe);
	terminal_safe(&safe, text);
	for (const char *p = safe.data; *p; p++) {
		size_t i = 0;
		while (i < sizeof(table) / sizeof(*table) && table[i].c != *p)
			i++;
		if (i < sizeof(table) / sizeof(*table))
			str_adds(d->out, table[i].entity);
		else
			str_addc(d->out, *p);
	}
	if (safe.failed)
		d->out->failed = true;
	str_clear(&safe);
}

/* "name ×3", cut to what fits a box. */
static const char *label(struct drawing *d, const struct graph_node *n)
{
	str_reset(&d->text);
	terminal_cell(&d->text, n->job->job->name, TEXT_MOST, false);
	if (n->count > 1 || n->job->node_index)
		str_printf(&d->text, " \xc3\x97%u", n->count);
	return d->text.data;
}

/* ---- where everything stands ---- */

/* Beside what it needs in its stage, so that a chain is a straight line and others' curves do not run through it. */
static unsigned beside(const struct drawing *d, const struct graph_node *n)
{
	for (uint32_t k = 0; k < n->needs.count; k++)
		if (d->g.nodes.items[n->needs.items[k]].stage == n->stage)
			return d->spots[n->needs.items[k]].y;
	return 0;
}

/* One column of a stage: its nodes below each other, all as wide as the widest. */
static unsigned place_column(struct drawing *d, const struct graph_stage *stage, uint32_t depth, unsigned x, unsigned *bottom)
{
	unsigned width = NODE_LEAST, y = MARGIN + HEADER;

	for (uint32_t i = stage->first; i < stage->first + stage->nodes; i++) {
		const struct graph_node *n = &d->g.nodes.items[i];
		unsigned w, remark;
		if (n->depth != depth)
			continue;
		w = terminal_width(label(d, n)) * CHAR + 24;
		remark = terminal_width(graph_remark(n->job));
		w += remark ? remark * (CHAR - 1) + 10 : 0;
		width = w > width ? w : width;
	}
	for (uint32_t i = stage->first; i < stage->first + stage->nodes; i++) {
		unsigned wanted;
		if (d->g.nodes.items[i].depth != depth)
			continue;
		wanted = depth ? beside(d, &d->g.nodes.items[i]) : 0;
		y = wanted > y ? wanted : y;
		d->spots[i] = (struct spot){ x, y, width };
		y += NODE_HEIGHT + NODE_GAP;
	}
	*bottom = y > *bottom ? y : *bottom;
	return width;
}

/* A chain of more jobs than this in one stage is drawn in so many columns: looking for each column's nodes is not free. */
enum { DEPTH_MOST = 200 };

static void place_stage(struct drawing *d, uint32_t s, unsigned *x)
{
	const struct graph_stage *stage = &d->g.stages.items[s];
	unsigned bottom = 0, inner = 0, title = terminal_width(stage->name) * CHAR + 2 * PAD + 40;
	uint32_t depth = stage->depth < DEPTH_MOST ? stage->depth : DEPTH_MOST;

	d->frames[s].x = *x;
	for (uint32_t c = 0; c < depth; c++) {
		inner += c ? COLUMN_GAP : 0;
		inner += place_column(d, stage, c, *x + PAD + inner, &bottom);
	}
	d->frames[s].width = inner + 2 * PAD > title ? inner + 2 * PAD : title;
	d->frames[s].height = bottom - NODE_GAP + PAD - MARGIN;
	*x += d->frames[s].width + FRAME_GAP;
	if (d->frames[s].height + 2 * MARGIN > d->height)
		d->height = d->frames[s].height + 2 * MARGIN;
}

static bool place(struct drawing *d)
{
	unsigned x = MARGIN;

	d->spots = ARENA_ARRAY(&d->a, struct spot, (size_t)d->g.nodes.count + 1);
	d->frames = ARENA_ARRAY(&d->a, struct frame, (size_t)d->g.stages.count + 1);
	if (!d->spots || !d->frames)
		return false;
	for (uint32_t i = 0; i < d->g.nodes.count; i++)
		if (d->g.nodes.items[i].depth >= DEPTH_MOST)
			d->g.nodes.items[i].depth %= DEPTH_MOST;
	for (uint32_t s = 0; s < d->g.stages.count; s++)
		place_stage(d, s, &x);
	d->width = d->g.stages.count ? x - FRAME_GAP + MARGIN : 320;
	d->height = d->height ? d->height : 2 * MARGIN + HEADER;
	return true;
}

/* ---- drawing ---- */

static void draw_frames(struct drawing *d)
{
	for (uint32_t s = 0; s < d->g.stages.count; s++) {
		const struct frame *f = &d->frames[s];
		str_printf(d->out, "<rect class=\"frame\" x=\"%u\" y=\"%d\" width=\"%u\" height=\"%u\" rx=\"10\"/>", f->x, MARGIN,
			   f->width, f->height);
		str_printf(d->out, "<text class=\"stage\" x=\"%u\" y=\"%d\">", f->x + PAD, MARGIN + 25);
		xml(d, d->g.stages.items[s].name);
		str_printf(d->out, " <tspan class=\"dim\">%u</tspan></text>\n", d->g.stages.items[s].jobs);
		if (s && d->g.stages.items[s].waits)
			str_printf(d->out, "<path class=\"wait\" marker-end=\"url(#w)\" d=\"M%u %dH%u\"/>\n",
				   d->frames[s - 1].x + d->frames[s - 1].width + 4, MARGIN + 20, f->x - 4);
	}
}

static void draw_need(struct drawing *d, const struct spot *from, const struct spot *to)
{
	int x1 = (int)(from->x + from->width), y1 = (int)from->y + NODE_HEIGHT / 2, x2 = (int)to->x - 2,
	    y2 = (int)to->y + NODE_HEIGHT / 2;
	int bend = x2 > x1 ? (x2 - x1) / 2 : 60;

	bend = bend < 20 ? 20 : bend > 120 ? 120 : bend;
	str_printf(d->out, "<path class=\"need\" marker-end=\"url(#a)\" d=\"M%d %dC%d %d %d %d %d %d\"/>\n", x1, y1, x1 + bend,
		   y1, x2 - bend, y2, x2, y2);
}

static const char *node_class(const struct plan_job *job)
{
	static const char *const by_when[] = {
		[WHEN_UNSET] = "node",	       [WHEN_ON_SUCCESS] = "node",    [WHEN_ON_FAILURE] = "node on-failure",
		[WHEN_ALWAYS] = "node always", [WHEN_MANUAL] = "node manual", [WHEN_DELAYED] = "node delayed",
		[WHEN_NEVER] = "node",
	};

	return job->when == WHEN_ON_SUCCESS && job->allow_failure.state == YES ? "node may-fail" : by_when[job->when];
}

static void draw_node(struct drawing *d, uint32_t i)
{
	const struct graph_node *n = &d->g.nodes.items[i];
	const struct spot *at = &d->spots[i];
	const char *remark = graph_remark(n->job);

	str_printf(d->out, "<g class=\"%s\"><title>", node_class(n->job));
	xml(d, n->job->job->name);
	str_printf(d->out, "\nwhen: %s\nneeds: ", when_name(n->job->when));
	str_reset(&d->text);
	graph_needs_text(&d->g, n, 12, &d->text);
	if (d->text.length)
		xml(d, d->text.data);
	else
		str_adds(d->out, n->job->waits_for_stages ? "earlier stages" : "none");
	str_printf(d->out, "</title><rect x=\"%u\" y=\"%u\" width=\"%u\" height=\"%d\" rx=\"7\"/><text x=\"%u\" y=\"%u\">", at->x,
		   at->y, at->width, NODE_HEIGHT, at->x + 12, at->y + 22);
	xml(d, label(d, n));
	str_adds(d->out, "</text>");
	if (*remark)
		str_printf(d->out, "<text class=\"dim\" text-anchor=\"end\" x=\"%u\" y=\"%u\">%s</text>", at->x + at->width - 10,
			   at->y + 22, remark);
	str_adds(d->out, "</g>\n");
}

static void draw(struct drawing *d)
{
	str_printf(d->out, "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %u %u\" width=\"%u\" height=\"%u\">\n",
		   d->width, d->height, d->width, d->height);
	str_adds(d->out, style);
	draw_frames(d);
	for (uint32_t i = 0; i < d->g.nodes.count; i++)
		for (uint32_t k = 0; k < d->g.nodes.items[i].needs.count; k++)
			draw_need(d, &d->spots[d->g.nodes.items[i].needs.items[k]], &d->spots[i]);
	for (uint32_t i = 0; i < d->g.nodes.count; i++)
		draw_node(d, i);
	if (!d->g.nodes.count) {
		str_printf(d->out, "<text x=\"%d\" y=\"%d\">no jobs</text>\n", MARGIN, MARGIN + 20);
	}
	str_adds(d->out, "</svg>\n");
}

void plan_svg(const struct plan *plan, struct str *out)
{
	struct drawing d = { .plan = plan, .out = out };

	str_init(&d.text);
	if (graph_make(&d.g, plan, &d.a) && place(&d))
		draw(&d);
	else
		out->failed = true;
	str_clear(&d.text);
	arena_clear(&d.a);
}
