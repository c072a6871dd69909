/*
 * The graph for Graphviz and for Mermaid.  Waiting for stages is drawn from stage to stage, not from each job to each job.  Names
 * never become syntax: nodes are numbered, and labels are escaped.
 */
#include "pipeline/view/graph.h"

#include <string.h>

/* ---- Graphviz ---- */

static void dot_label(struct str *out, const char *text)
{
	struct str safe;

	str_init(&safe);
	terminal_safe(&safe, text);
	for (const char *p = safe.data; *p; p++) {
		if (*p == '"' || *p == '\\')
			str_addc(out, '\\');
		str_addc(out, *p);
	}
	if (safe.failed)
		out->failed = true;
	str_clear(&safe);
}

static void dot_node(struct str *out, const struct graph_node *n, uint32_t i)
{
	const char *remark = graph_remark(n->job);

	str_printf(out, "    n%u [label=\"", i);
	dot_label(out, n->job->job->name);
	if (n->count > 1 || n->job->node_index)
		str_printf(out, " \xc3\x97%u", n->count);
	if (*remark)
		str_printf(out, "\\n%s", remark);
	str_adds(out, "\"");
	if (n->job->when == WHEN_MANUAL || n->job->when == WHEN_DELAYED)
		str_adds(out, ", style=\"rounded,dashed\"");
	str_adds(out, "];\n");
}

static void dot_stage(struct str *out, const struct graph *g, uint32_t s)
{
	const struct graph_stage *stage = &g->stages.items[s];

	str_printf(out, "  subgraph cluster_%u {\n    label=\"", s);
	dot_label(out, stage->name);
	str_adds(out, "\";\n");
	for (uint32_t i = 0; i < stage->nodes; i++)
		dot_node(out, &g->nodes.items[stage->first + i], stage->first + i);
	str_adds(out, "  }\n");
}

/* Jobs of the stages before -> a point -> jobs that wait for them: as many edges as jobs, not their product. */
static void dot_stage_edges(struct str *out, const struct graph *g, uint32_t s)
{
	const struct graph_stage *before = &g->stages.items[s - 1], *stage = &g->stages.items[s];

	if (!stage->waits)
		return;
	str_printf(out, "  s%u [shape=point, label=\"\"];\n", s);
	for (uint32_t i = 0; i < before->nodes; i++)
		str_printf(out, "  n%u -> s%u [style=dotted, arrowhead=none];\n", before->first + i, s);
	for (uint32_t i = 0; i < stage->nodes; i++)
		if (g->nodes.items[stage->first + i].job->waits_for_stages)
			str_printf(out, "  s%u -> n%u [style=dotted];\n", s, stage->first + i);
}

void plan_dot(const struct plan *plan, struct str *out)
{
	struct arena a = ARENA_INIT;
	struct graph g;

	if (!graph_make(&g, plan, &a)) {
		out->failed = true;
		arena_clear(&a);
		return;
	}
	str_adds(out, "digraph pipeline {\n  rankdir=LR;\n  node [shape=box, style=rounded, fontname=\"sans-serif\"];\n"
		      "  graph [style=rounded, fontname=\"sans-serif\"];\n");
	for (uint32_t s = 0; s < g.stages.count; s++)
		dot_stage(out, &g, s);
	for (uint32_t s = 1; s < g.stages.count; s++)
		dot_stage_edges(out, &g, s);
	for (uint32_t i = 0; i < g.nodes.count; i++)
		for (uint32_t k = 0; k < g.nodes.items[i].needs.count; k++)
			str_printf(out, "  n%u -> n%u;\n", g.nodes.items[i].needs.items[k], i);
	str_adds(out, "}\n");
	arena_clear(&a);
}

/* ---- Mermaid ---- */

/* In quotes everything but the quote stands for itself; entities are written #name; so # and what HTML would read go as well. */
static void mermaid_label(struct str *out, const char *text)
{
	static const struct {
		char c;
		const char *entity;
	} table[] = { { '"', "#quot;" }, { '#', "#35;" }, { '<', "#lt;" }, { '>', "#gt;" },
		      { '&', "#amp;" },	 { '`', "#96;" }, { '\\', "#92;" } };
	struct str safe;

	str_init(&safe);
	terminal_safe(&safe, text);
	for (const char *p = safe.data; *p; p++) {
		size_t i = 0;
		while (i < sizeof(table) / sizeof(*table) && table[i].c != *p)
			i++;
		if (i < sizeof(table) / sizeof(*table))
			str_adds(out, table[i].entity);
		else
			str_addc(out, *p);
	}
	if (safe.failed)
		out->failed = true;
	str_clear(&safe);
}

static void mermaid_stage(struct str *out, const struct graph *g, uint32_t s)
{
	const struct graph_stage *stage = &g->stages.items[s];

	str_printf(out, "  subgraph s%u[\"", s);
	mermaid_label(out, stage->name);
	str_adds(out, "\"]\n");
	for (uint32_t i = stage->first; i < stage->first + stage->nodes; i++) {
		const struct graph_node *n = &g->nodes.items[i];
		const char *remark = graph_remark(n->job);
		str_printf(out, "    n%u(\"", i);
		mermaid_label(out, n->job->job->name);
		if (n->count > 1 || n->job->node_index)
			str_printf(out, " \xc3\x97%u", n->count);
		if (*remark)
			str_printf(out, " (%s)", remark);
		str_adds(out, "\")\n");
	}
	str_adds(out, "  end\n");
}

void plan_mermaid(const struct plan *plan, struct str *out)
{
	struct arena a = ARENA_INIT;
	struct graph g;

	if (!graph_make(&g, plan, &a)) {
		out->failed = true;
		arena_clear(&a);
		return;
	}
	str_adds(out, "flowchart LR\n");
	for (uint32_t s = 0; s < g.stages.count; s++)
		mermaid_stage(out, &g, s);
	for (uint32_t s = 1; s < g.stages.count; s++)
		if (g.stages.items[s].waits)
			str_printf(out, "  s%u -.-> s%u\n", s - 1, s);
	for (uint32_t i = 0; i < g.nodes.count; i++)
		for (uint32_t k = 0; k < g.nodes.items[i].needs.count; k++)
			str_printf(out, "  n%u --> n%u\n", g.nodes.items[i].needs.items[k], i);
	arena_clear(&a);
}
