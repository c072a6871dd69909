/*
 * Each job counts what it still waits for.  Jobs whose count has come to zero go through `decided`, where their `when` meets the
 * outcome of what they waited for; those that may run enter a heap.  All is linear in jobs and edges, but for the heap.
 */
#include "runner/run/scheduler.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

enum { UNKNOWN_MS = 1000, NOBODY = UINT32_MAX };

/* What a job, or a stage, knows of the jobs before it. */
struct before {
	uint32_t failed, skipped, cancelled; /* the first such job, NOBODY: none */
};

struct entry {
	int64_t remaining;    /* expected ms from its start to the end of the longest path behind it */
	struct before before; /* of its needs */
	uint32_t waits;	      /* needs that have not ended */
	uint32_t first;	      /* into edges: the jobs that need this one */
	bool selected, ended, decided;
	bool passed; /* counted out of its stage */
};

struct stage_count {
	uint32_t open;	      /* selected jobs that have not ended (nor are optional manual ones) */
	struct before before; /* of this stage's jobs */
};

struct scheduler {
	const struct plan *plan;
	struct entry *entries;
	uint32_t *edges; /* grouped by needed job: entries[i].first .. entries[i + 1].first */
	struct stage_count *stages;
	uint32_t stage_total;
	uint32_t frontier;			 /* all stages before it have ended */
	struct before earlier;			 /* what the stages before the frontier amount to */
	uint32_t *by_stage, *stage_start;	 /* selected jobs that wait for stages, grouped by stage */
	uint32_t *queue, queue_head, queue_tail; /* jobs to decide about; each enters once */
	uint32_t *heap, heap_count;
	uint32_t blocker; /* every selected job before it has let its stage pass */
	const int64_t *expected;
	int64_t *durations;
	bool file_order, any_known;
};

static const struct before nothing_before = { NOBODY, NOBODY, NOBODY };

/* ---- the heap ---- */

static bool comes_first(const struct scheduler *s, uint32_t a, uint32_t b)
{
	if (!s->file_order && s->entries[a].remaining != s->entries[b].remaining)
		return s->entries[a].remaining > s->entries[b].remaining;
	return a < b;
}

static void heap_push(struct scheduler *s, uint32_t job)
{
	uint32_t i = s->heap_count++;

	while (i && comes_first(s, job, s->heap[(i - 1) / 2])) {
		s->heap[i] = s->heap[(i - 1) / 2];
		i = (i - 1) / 2;
	}
	s->heap[i] = job;
}

static uint32_t heap_pop(struct scheduler *s)
{
	uint32_t top = s->heap[0], last = s->heap[--s->heap_count], i = 0, child;

	while ((child = 2 * i + 1) < s->heap_count) {
		if (child + 1 < s->heap_count && comes_first(s, s->heap[child + 1], s->heap[child]))
			child++;
		if (comes_first(s, last, s->heap[child]))
			break;
		s->heap[i] = s->heap[child];
		i = child;
	}
	s->heap[i] = last;
	return top;
}

/* ---- building ---- */

static const struct plan_job *job_of(const struct scheduler *s, uint32_t i)
{
	return &s->plan->jobs.items[i];
}

/* Groups the edges by the job that is needed, in two passes. */
static bool build_edges(struct scheduler *s, uint32_t count)
{
	uint32_t total = 0, *fill;

	for (uint32_t i = 0; i < count; i++) {
		const struct plan_job *j = job_of(s, i);
		for (uint32_t n = 0; s->entries[i].selected && n < j->needs.count; n++) {
			s->entries[j->needs.items[n].job].first++;
			s->entries[i].waits++;
		}
	}
	for (uint32_t i = 0; i <= count; i++) {
		uint32_t n = s->entries[i].first;
		s->entries[i].first = total;
		total += n;
	}
	s->edges = malloc(sizeof(*s->edges) * (total + 1));
	fill = malloc(sizeof(*fill) * (count + 1));
	if (!s->edges || !fill) {
		free(fill);
		return false;
	}
	for (uint32_t i = 0; i < count; i++)
		fill[i] = s->entries[i].first;
	for (uint32_t i = 0; i < count; i++) {
		const struct plan_job *j = job_of(s, i);
		for (uint32_t n = 0; s->entries[i].selected && n < j->needs.count; n++)
			s->edges[fill[j->needs.items[n].job]++] = i;
	}
	free(fill);
	return true;
}

/* Groups the jobs that wait for stages by their stage. */
static void build_stages(struct scheduler *s, uint32_t count)
{
	uint32_t total = 0;

	for (uint32_t i = 0; i < count; i++)
		if (s->entries[i].selected) {
			s->stages[job_of(s, i)->stage].open++;
			if (job_of(s, i)->waits_for_stages)
				s->stage_start[job_of(s, i)->stage]++;
		}
	for (uint32_t i = 0; i <= s->stage_total; i++) {
		uint32_t n = i < s->stage_total ? s->stage_start[i] : 0;
		s->stage_start[i] = total;
		total += n;
		if (i < s->stage_total)
			s->stages[i].before = nothing_before;
	}
	/* plan->jobs is ordered by stage, so the groups fill in order. */
	total = 0;
	for (uint32_t i = 0; i < count; i++)
		if (s->entries[i].selected && job_of(s, i)->waits_for_stages)
			s->by_stage[total++] = i;
}

/* No time for what is past, or waits for somebody. */
static int64_t guess_duration(const struct scheduler *s, uint32_t i, int64_t mean)
{
	const struct plan_job *j = job_of(s, i);

	if ((j->when == WHEN_MANUAL && !j->played) || (s->expected && s->expected[i] == SCHEDULER_PAST))
		return 0;
	return s->expected && s->expected[i] >= 0 ? s->expected[i] : mean;
}

/* Known durations, and the mean of them for the others. */
static void guess_durations(struct scheduler *s, uint32_t count)
{
	int64_t sum = 0, known = 0, mean;

	for (uint32_t i = 0; i < count; i++)
		if (s->entries[i].selected && s->expected && s->expected[i] >= 0) {
			sum += s->expected[i];
			known++;
		}
	s->any_known = known > 0;
	mean = known ? sum / known : UNKNOWN_MS;
	for (uint32_t i = 0; i < count; i++)
		s->durations[i] = guess_duration(s, i, mean);
}

/* Backwards through an order in which they could run one by one. */
static void compute_remaining(struct scheduler *s)
{
	const struct plan *p = s->plan;
	int64_t behind = 0, stage_longest = 0; /* the longest path of waiting jobs in later stages; in this stage */
	uint32_t stage = s->stage_total;

	for (uint32_t k = p->order.count; k-- > 0;) {
		uint32_t i = p->order.items[k];
		struct entry *e = &s->entries[i];
		int64_t longest;

		if (job_of(s, i)->stage != stage) {
			stage = job_of(s, i)->stage;
			if (stage_longest > behind)
				behind = stage_longest;
		}
		longest = behind;
		for (uint32_t x = e->first; x < s->entries[i + 1].first; x++)
			if (s->entries[s->edges[x]].remaining > longest)
				longest = s->entries[s->edges[x]].remaining;
		e->remaining = s->durations[i] + longest;
		if (job_of(s, i)->waits_for_stages && e->remaining > stage_longest)
			stage_longest = e->remaining;
	}
}

static void enqueue(struct scheduler *s, uint32_t job)
{
	s->queue[s->queue_tail++] = job;
}

static void merge(struct before *into, const struct before *from)
{
	if (into->failed == NOBODY)
		into->failed = from->failed;
	if (into->skipped == NOBODY)
		into->skipped = from->skipped;
	if (into->cancelled == NOBODY)
		into->cancelled = from->cancelled;
}

/* Lets the stages through that have nothing before them left. */
static void advance(struct scheduler *s)
{
	for (;;) {
		if (s->frontier < s->stage_total) {
			uint32_t end = s->stage_start[s->frontier + 1];
			for (uint32_t i = s->stage_start[s->frontier]; i < end; i++)
				if (!s->entries[s->by_stage[i]].decided) {
					s->entries[s->by_stage[i]].decided = true;
					enqueue(s, s->by_stage[i]);
				}
		}
		if (s->frontier >= s->stage_total || s->stages[s->frontier].open)
			return;
		merge(&s->earlier, &s->stages[s->frontier].before);
		s->frontier++;
	}
}

static bool allocate(struct scheduler *s, uint32_t count)
{
	s->stage_total = s->plan->pipeline->stages.count;
	s->entries = calloc(count + 1, sizeof(*s->entries));
	s->stages = calloc(s->stage_total + 1, sizeof(*s->stages));
	s->stage_start = calloc(s->stage_total + 2, sizeof(*s->stage_start));
	s->by_stage = calloc(count + 1, sizeof(*s->by_stage));
	s->queue = calloc(count + 1, sizeof(*s->queue));
	s->heap = calloc(count + 1, sizeof(*s->heap));
	s->durations = calloc(count + 1, sizeof(*s->durations));
	return s->entries && s->stages && s->stage_start && s->by_stage && s->queue && s->heap && s->durations;
}

int scheduler_create(struct scheduler **out, const struct plan *plan, const int64_t *expected, bool file_order, pipe_error *err)
{
	struct scheduler *s = calloc(1, sizeof(*s));
	uint32_t count = plan->jobs.count;

	*out = NULL;
	if (!s)
		return error_nomem(err);
	s->plan = plan;
	s->expected = expected;
	s->file_order = file_order;
	s->earlier = nothing_before;
	if (!allocate(s, count))
		goto nomem;
	for (uint32_t i = 0; i < count; i++) {
		s->entries[i].selected = plan->jobs.items[i].selected;
		s->entries[i].before = nothing_before;
	}
	if (!build_edges(s, count))
		goto nomem;
	build_stages(s, count);
	guess_durations(s, count);
	compute_remaining(s);
	for (uint32_t i = 0; i < count; i++)
		if (s->entries[i].selected && !job_of(s, i)->waits_for_stages && !s->entries[i].waits) {
			s->entries[i].decided = true;
			enqueue(s, i);
		}
	advance(s);
	*out = s;
	return PIPE_OK;
nomem:
	scheduler_free(s);
	return error_nomem(err);
}

void scheduler_free(struct scheduler *s)
{
	if (!s)
		return;
	free(s->entries);
	free(s->edges);
	free(s->stages);
	free(s->stage_start);
	free(s->by_stage);
	free(s->queue);
	free(s->heap);
	free(s->durations);
	free(s);
}

/* ---- deciding ---- */

/* What a job may do, given what came before it.  https://docs.gitlab.com/ci/yaml/#when; where needs are concerned, a need that did not
 * run keeps its dependants from running too. */
static enum verdict judge(const struct plan_job *job, const struct before *b, uint32_t *because)
{
	bool held = !job->waits_for_stages && b->skipped != NOBODY;
	bool broken = b->failed != NOBODY || b->cancelled != NOBODY || held;
	bool skip = broken;

	if (job->when == WHEN_ALWAYS)
		skip = false;
	if (job->when == WHEN_ON_FAILURE)
		skip = b->failed == NOBODY;
	*because = NOBODY;
	if (job->when == WHEN_MANUAL && !job->played)
		return VERDICT_MANUAL;
	if (skip) {
		if (broken)
			*because = b->failed != NOBODY ? b->failed : b->cancelled != NOBODY ? b->cancelled : b->skipped;
		return VERDICT_SKIP;
	}
	return job->when == WHEN_DELAYED ? VERDICT_DELAY : VERDICT_RUN;
}

static bool blocks(const struct plan_job *job)
{
	return job->allow_failure.state != YES;
}

/* The job no longer keeps its stage from ending. */
static void pass_stage(struct scheduler *s, uint32_t job)
{
	if (s->entries[job].passed)
		return;
	s->entries[job].passed = true;
	s->stages[job_of(s, job)->stage].open--;
	advance(s);
}

bool scheduler_decided(struct scheduler *s, uint32_t *job, enum verdict *verdict, uint32_t *because)
{
	const struct plan_job *j;

	do {
		if (s->queue_head == s->queue_tail)
			return false;
		*job = s->queue[s->queue_head++];
	} while (s->entries[*job].ended);
	j = job_of(s, *job);
	*verdict = judge(j, j->waits_for_stages ? &s->earlier : &s->entries[*job].before, because);
	if (*verdict == VERDICT_RUN)
		heap_push(s, *job);
	if (*verdict == VERDICT_MANUAL && !blocks(j))
		pass_stage(s, *job);
	return true;
}

void scheduler_ready(struct scheduler *s, uint32_t job)
{
	if (!s->entries[job].ended)
		heap_push(s, job);
}

bool scheduler_next(struct scheduler *s, uint32_t *job)
{
	if (!s->heap_count)
		return false;
	*job = heap_pop(s);
	return true;
}

void scheduler_put_back(struct scheduler *s, uint32_t job)
{
	heap_push(s, job);
}

size_t scheduler_ready_count(const struct scheduler *s)
{
	return s->heap_count;
}

static void note(struct before *b, uint32_t job, enum pipe_status status)
{
	uint32_t *slot = status == PIPE_STATUS_FAILED	   ? &b->failed
			 : status == PIPE_STATUS_SKIPPED   ? &b->skipped
			 : status == PIPE_STATUS_CANCELLED ? &b->cancelled
							   : NULL;

	if (slot && *slot == NOBODY)
		*slot = job;
}

void scheduler_ended(struct scheduler *s, uint32_t job, enum pipe_status status)
{
	struct entry *e = &s->entries[job];

	if (e->ended)
		return;
	e->ended = true;
	note(&s->stages[job_of(s, job)->stage].before, job, status);
	for (uint32_t x = e->first; x < s->entries[job + 1].first; x++) {
		struct entry *w = &s->entries[s->edges[x]];
		note(&w->before, job, status);
		if (!--w->waits && !w->decided) {
			w->decided = true;
			enqueue(s, s->edges[x]);
		}
	}
	pass_stage(s, job);
}

/* All that wait for stages wait for the same job, so it is looked for once, from where the last look ended. */
static uint32_t first_of_stages(struct scheduler *s, uint32_t stage)
{
	uint32_t i = s->blocker;

	while (i < s->plan->jobs.count && (!s->entries[i].selected || s->entries[i].passed))
		i++;
	s->blocker = i;
	return i < s->plan->jobs.count && job_of(s, i)->stage < stage ? i : NOBODY;
}

uint32_t scheduler_blocked_by(struct scheduler *s, uint32_t job)
{
	const struct plan_job *j = job_of(s, job);

	for (uint32_t n = 0; n < j->needs.count; n++)
		if (!s->entries[j->needs.items[n].job].ended)
			return j->needs.items[n].job;
	return j->waits_for_stages ? first_of_stages(s, j->stage) : NOBODY;
}

int64_t scheduler_estimate(const struct scheduler *s, unsigned parallel)
{
	int64_t longest = 0, work = 0;

	if (!s->any_known)
		return -1;
	for (uint32_t i = 0; i < s->plan->jobs.count; i++)
		if (s->entries[i].selected && !s->entries[i].ended) {
			work += s->durations[i];
			if (s->entries[i].remaining > longest)
				longest = s->entries[i].remaining;
		}
	work /= parallel ? parallel : 1;
	return work > longest ? work : longest;
}
