/* From plan to nodes and edges.  Instances of one job are one node, so that a matrix of 1,000 jobs is not a million edges. */
#include "pipeline/view/graph.h"

#include <string.h>

struct builder {
	const struct plan *plan;
	struct arena *a;
	struct graph *g;
	uint32_t *node_of; /* by index of the job in the model: its node + 1 */
	uint32_t *stamp;   /* by node: 1 + the node that has an edge to it already */
};

static bool add_nodes(struct builder *b)
{
	const struct plan *plan = b->plan;
	struct graph *g = b->g;

	for (uint32_t i = 0; i < plan->jobs.count; i++) {
		const struct plan_job *job = &plan->jobs.items[i];
		struct graph_stage *stage = g->stages.count ? &g->stages.items[g->stages.count - 1] : NULL;
		struct graph_node *n;
		if (!job->selected)
			continue;
		if (!stage || g->nodes.items[stage->first].stage != job->stage) {
			stage = vec_push(b->a, &g->stages);
			if (!stage)
				return false;
			*stage = (struct graph_stage){ .name = plan->pipeline->stages.items[job->stage].name,
						       .first = g->nodes.count };
		}
		stage->jobs++;
		stage->waits = stage->waits || job->waits_for_stages;
		if (!b->node_of[job->job->index]) {
			n = vec_push(b->a, &g->nodes);
			if (!n)
				return false;
			*n = (struct graph_node){ .job = job, .stage = job->stage };
			b->node_of[job->job->index] = g->nodes.count;
			stage->nodes++;
		}
		g->nodes.items[b->node_of[job->job->index] - 1].count++;
	}
	return true;
}

static bool add_edges(struct builder *b, const struct plan_job *job)
{
	uint32_t at = b->node_of[job->job->index] - 1;
	struct graph_node *n = &b->g->nodes.items[at];

	for (uint32_t i = 0; i < job->needs.count; i++) {
		uint32_t to = b->node_of[b->plan->jobs.items[job->needs.items[i].job].job->index], *edge;
		if (!to || to - 1 == at || b->stamp[to - 1] == at + 1)
			continue;
		edge = vec_push(b->a, &n->needs);
		if (!edge)
			return false;
		*edge = to - 1;
		b->stamp[to - 1] = at + 1;
	}
	return true;
}

/* Jobs in an order in which they could run: what a node needs has its depth already. */
static void find_depths(struct builder *b)
{
	struct graph *g = b->g;

	for (uint32_t i = 0; i < b->plan->order.count; i++) {
		const struct plan_job *job = &b->plan->jobs.items[b->plan->order.items[i]];
		struct graph_node *n = &g->nodes.items[b->node_of[job->job->index] - 1];
		for (uint32_t k = 0; k < n->needs.count; k++) {
			const struct graph_node *need = &g->nodes.items[n->needs.items[k]];
			if (need->stage == n->stage && n->job == job && need->depth + 1 > n->depth)
				n->depth = need->depth + 1;
		}
	}
	for (uint32_t s = 0; s < g->stages.count; s++)
		for (uint32_t i = 0; i < g->stages.items[s].nodes; i++) {
			uint32_t depth = g->nodes.items[g->stages.items[s].first + i].depth + 1;
			if (depth > g->stages.items[s].depth)
				g->stages.items[s].depth = depth;
		}
}

bool graph_make(struct graph *g, const struct plan *plan, struct arena *a)
{
	struct builder b = { .plan = plan, .a = a, .g = g };
	const struct plan_need *last = NULL;

	*g = (struct graph){ 0 };
	b.node_of = ARENA_ARRAY(a, uint32_t, (size_t)plan->pipeline->jobs.count + 1);
	if (!b.node_of || !add_nodes(&b))
		return false;
	b.stamp = ARENA_ARRAY(a, uint32_t, (size_t)g->nodes.count + 1);
	if (!b.stamp)
		return false;
	for (uint32_t i = 0; i < plan->jobs.count; i++) {
		const struct plan_job *job = &plan->jobs.items[i];
		bool same = i && plan->jobs.items[i - 1].job == job->job && job->needs.items == last;
		if (!job->selected)
			continue;
		if (!same && !add_edges(&b, job))
			return false;
		last = job->needs.items;
	}
	find_depths(&b);
	return true;
}

const char *graph_remark(const struct plan_job *job)
{
	static const char *const by_when[] = {
		[WHEN_UNSET] = "",	  [WHEN_ON_SUCCESS] = "",     [WHEN_ON_FAILURE] = "on failure", [WHEN_ALWAYS] = "always",
		[WHEN_MANUAL] = "manual", [WHEN_DELAYED] = "delayed", [WHEN_NEVER] = "never",
	};

	if (!*by_when[job->when] && job->allow_failure.state == YES)
		return "may fail";
	return by_when[job->when];
}

void graph_needs_text(const struct graph *g, const struct graph_node *n, unsigned most, struct str *out)
{
	for (uint32_t i = 0; i < n->needs.count && i < most; i++) {
		if (i)
			str_adds(out, ", ");
		terminal_safe(out, g->nodes.items[n->needs.items[i]].job->job->name);
	}
	if (n->needs.count > most)
		str_printf(out, " +%u", n->needs.count - most);
}
