/*
 * An order in which the jobs could run one by one, and the rings that forbid one: a depth-first walk along needs with a stack of its
 * own, so that a chain of 100,000 jobs costs memory and not the program's stack.  Needs never lead to a later stage, so the walk
 * stage by stage, in the order of the file, also respects the waiting for stages.
 */
#include "pipeline/plan/planner.h"

#include <string.h>

enum { RING_SHOWN = 10, RINGS_MOST = 20 };
enum colour { WHITE, GREY, BLACK };

struct step {
	uint32_t job, next; /* next need to look at */
};

struct walk {
	struct planner *m;
	struct step *stack;
	uint32_t depth;
	uint8_t *colour;
	unsigned rings;
};

/* Where a job says that it needs the other one. */
static struct mark need_mark(struct planner *m, const struct plan_job *from, const struct plan_job *to)
{
	const struct needs *needs = m->needs[from->index];

	for (uint32_t i = 0; needs && i < needs->list.count; i++) {
		const struct need *n = &needs->list.items[i];
		if (n->job && (!strcmp(n->job, to->job->name) || !strcmp(n->job, to->name)))
			return n->at;
	}
	return needs ? needs->at : from->job->at;
}

/* The ring is what stands on the stack from the job on that was met again. */
static void report_ring(struct walk *w, uint32_t met)
{
	const struct plan_job *jobs = w->m->plan->jobs.items;
	uint32_t from = w->depth, length;
	struct str text;

	while (from && w->stack[from - 1].job != met)
		from--;
	from--;
	length = w->depth - from;
	str_init(&text);
	for (uint32_t i = 0; i < length && i < RING_SHOWN; i++)
		str_printf(&text, "\"%s\" needs ", jobs[w->stack[from + i].job].name);
	if (length > RING_SHOWN)
		str_printf(&text, "(%u more) ", length - RING_SHOWN);
	str_printf(&text, "\"%s\"", jobs[met].name);
	diag_error(w->m->d, need_mark(w->m, &jobs[met], &jobs[w->stack[from + (length > 1)].job]), "needs-cycle",
		   "jobs need each other in a ring: %s", text.data);
	for (uint32_t i = 1; i < length && i < RING_SHOWN; i++) {
		const struct plan_job *one = &jobs[w->stack[from + i].job];
		const struct plan_job *two = &jobs[i + 1 < length ? w->stack[from + i + 1].job : met];
		diag_related(w->m->d, need_mark(w->m, one, two), "\"%s\" needs \"%s\"", one->name, two->name);
	}
	str_clear(&text);
}

static void enter(struct walk *w, uint32_t job)
{
	w->colour[job] = GREY;
	w->stack[w->depth++] = (struct step){ job, 0 };
}

static void visit(struct walk *w, uint32_t start)
{
	struct plan *plan = w->m->plan;

	enter(w, start);
	while (w->depth) {
		struct step *top = &w->stack[w->depth - 1];
		const struct plan_job *job = &plan->jobs.items[top->job];
		if (top->next < job->needs.count) {
			uint32_t to = job->needs.items[top->next++].job;
			if (w->colour[to] == WHITE)
				enter(w, to);
			else if (w->colour[to] == GREY && w->rings++ < RINGS_MOST)
				report_ring(w, to);
			continue;
		}
		w->colour[top->job] = BLACK;
		w->depth--;
		if (job->selected)
			plan->order.items[plan->order.count++] = job->index;
	}
}

bool order_jobs(struct planner *m)
{
	struct plan *plan = m->plan;
	struct walk w = { .m = m };

	w.stack = ARENA_ARRAY(&m->temp, struct step, (size_t)plan->jobs.count + 1);
	w.colour = ARENA_ARRAY(&m->temp, uint8_t, (size_t)plan->jobs.count + 1);
	plan->order.items = ARENA_ARRAY(m->a, uint32_t, (size_t)plan->jobs.count + 1);
	plan->order.capacity = plan->jobs.count;
	if (!w.stack || !w.colour || !plan->order.items)
		return false;
	for (uint32_t i = 0; i < plan->jobs.count; i++)
		if (w.colour[i] == WHITE && plan->jobs.items[i].included)
			visit(&w, i);
	return true;
}
