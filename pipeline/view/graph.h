/* A plan as a graph to look at: one node a job (all its selected instances), edges between jobs.  For the views. */
#ifndef PIPELINE_GRAPH_H
#define PIPELINE_GRAPH_H

#include "pipeline/plan/plan.h"

struct graph_node {
	const struct plan_job *job; /* the first selected instance */
	uint32_t count;		    /* selected instances */
	uint32_t stage;		    /* index into pipeline->stages */
	uint32_t depth;		    /* longest chain of needs inside its stage that leads to it */
	VEC(uint32_t) needs;	    /* nodes */
};
struct graph_stage {
	const char *name;
	uint32_t first, nodes; /* its nodes stand together */
	uint32_t jobs;	       /* instances */
	uint32_t depth;	       /* greatest depth of its nodes, plus 1 */
	bool waits;	       /* a node of it waits for the stages before */
};
struct graph {
	VEC(struct graph_node) nodes;	/* by stage, then in the order of the file */
	VEC(struct graph_stage) stages; /* those that have nodes */
};

/* false: no memory. */
bool graph_make(struct graph *g, const struct plan *plan, struct arena *a);
/* What is special about a job: "manual", "delayed", "may fail"; "" when nothing is. */
const char *graph_remark(const struct plan_job *job);
/* Names of the needs, cut short: "a, b, c +4"; "" without any.  most: how many are named. */
void graph_needs_text(const struct graph *g, const struct graph_node *n, unsigned most, struct str *out);

/* ---- text on a terminal ---- */
/* Adds text with everything that could harm a terminal (controls, direction marks, invalid bytes) replaced; returns its columns. */
unsigned terminal_safe(struct str *out, const char *text);
/* The same cut to `width` columns with an ellipsis, and padded to it where `pad` says so. */
void terminal_cell(struct str *out, const char *text, unsigned width, bool pad);
unsigned terminal_width(const char *text);
/* A style such as "1" or "2;33" where colour is wanted, "0" ends it. */
void terminal_style(struct str *out, bool colour, const char *style);

#endif
