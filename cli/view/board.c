#include "cli/view/board.h"

#include "base/str.h"
#include "cli/output/text.h"

#include <stdlib.h>
#include <string.h>

void board_init(struct board *b, unsigned text_flags, bool want_tails)
{
	memset(b, 0, sizeof(*b));
	b->text_flags = text_flags;
	b->want_tails = want_tails;
	b->expected_ms = -1;
	b->status = PIPE_STATUS_RUNNING;
}

void board_clear(struct board *b)
{
	for (uint32_t i = 0; i < b->jobs.count; i++)
		free(b->jobs.items[i].tail);
	arena_clear(&b->arena);
}

bool board_is_over(enum pipe_status status)
{
	return status >= PIPE_STATUS_SUCCESS;
}

bool board_is_running(enum pipe_status status)
{
	return status >= PIPE_STATUS_STARTING && status <= PIPE_STATUS_COLLECTING;
}

uint32_t board_done(const struct board *b)
{
	uint32_t n = 0;

	for (int s = PIPE_STATUS_SUCCESS; s <= PIPE_STATUS_LOST; s++)
		n += b->counts[s];
	return n;
}

int64_t board_run_number(const struct board *b)
{
	return b->runs.count ? b->runs.items[0].number : 0;
}

static const char *clean_copy(struct board *b, const char *text)
{
	const char *copy;
	struct str s;

	str_init(&s);
	text_clean(&s, text, strlen(text), b->text_flags & TEXT_ASCII);
	copy = s.failed ? NULL : arena_strndup(&b->arena, s.data, s.length);
	str_clear(&s);
	if (!copy)
		b->incomplete = true;
	return copy ? copy : "";
}

/* ---- stages and jobs ---- */

static uint32_t stage_of(struct board *b, const char *name)
{
	struct board_stage *stage;
	const char *clean;

	/* Jobs come stage by stage: it is mostly the newest. */
	for (uint32_t i = b->stages.count; i-- > 0;)
		if (!strcmp(b->stages.items[i].name, name))
			return i;
	clean = clean_copy(b, name);
	for (uint32_t i = b->stages.count; i-- > 0;)
		if (!strcmp(b->stages.items[i].name, clean))
			return i;
	stage = vec_push(&b->arena, &b->stages);
	if (!stage) {
		b->incomplete = true;
		return 0;
	}
	stage->name = clean;
	return b->stages.count - 1;
}

static void append_to_stage(struct board *b, uint32_t index)
{
	struct board_stage *stage = &b->stages.items[b->jobs.items[index].stage];

	if (stage->last)
		b->jobs.items[stage->last - 1].next = index + 1;
	else
		stage->first = index + 1;
	stage->last = index + 1;
	stage->total++;
}

/* Index + 1; 0: no memory. */
static uint32_t add_job(struct board *b, const char *name, const char *stage, int64_t run)
{
	uint32_t stage_index = stage_of(b, stage ? stage : "");
	struct board_job *job;

	if (!b->stages.count)
		return 0;
	job = vec_push(&b->arena, &b->jobs);
	if (!job) {
		b->incomplete = true;
		return 0;
	}
	job->name = clean_copy(b, name);
	job->run = run;
	job->stage = stage_index;
	job->expected_ms = -1;
	job->exit_code = -1;
	b->counts[PIPE_STATUS_WAITING]++;
	append_to_stage(b, b->jobs.count - 1);
	return b->jobs.count;
}

void board_plan(struct board *b, const pipe_plan *plan)
{
	pipe_job_info info;

	for (size_t i = 0; !pipe_plan_job(plan, i, &info); i++) {
		uint32_t at = info.included ? add_job(b, info.name, info.stage, 0) : 0;

		/* The plan outlives the board: its names are the keys. */
		if (at && !map_put(&b->by_name, &b->arena, info.name, strlen(info.name), (void *)(uintptr_t)at))
			b->incomplete = true;
	}
}

static struct board_run *run_of(struct board *b, int64_t number)
{
	struct board_run *run;

	for (uint32_t i = 0; i < b->runs.count; i++)
		if (b->runs.items[i].number == number)
			return &b->runs.items[i];
	run = vec_push(&b->arena, &b->runs);
	if (run)
		run->number = number;
	return run;
}

static bool make_room(struct board *b, struct board_run *run, uint32_t index)
{
	uint32_t capacity = run->capacity ? run->capacity : 64;
	uint32_t *grown;

	if (index < run->capacity)
		return true;
	while (capacity <= index)
		capacity = capacity > UINT32_MAX / 2 ? UINT32_MAX : capacity * 2;
	grown = ARENA_ARRAY(&b->arena, uint32_t, capacity);
	if (!grown)
		return false;
	if (run->capacity)
		memcpy(grown, run->jobs, run->capacity * sizeof(*grown));
	run->jobs = grown;
	run->capacity = capacity;
	return true;
}

/* The job is found by the plan's name the first time, by its index later. */
static struct board_job *job_of(struct board *b, const pipe_event *e)
{
	struct board_run *run = run_of(b, e->run);
	uint32_t at;

	if (!run || e->job_index > 10000000 || !make_room(b, run, e->job_index)) {
		b->incomplete = true;
		return NULL;
	}
	at = run->jobs[e->job_index];
	if (!at && run == b->runs.items)
		at = (uint32_t)(uintptr_t)map_get(&b->by_name, e->job, strlen(e->job));
	if (!at)
		at = add_job(b, e->job, e->stage, e->run);
	run->jobs[e->job_index] = at;
	if (!at)
		return NULL;
	b->jobs.items[at - 1].run = e->run;
	return &b->jobs.items[at - 1];
}

/* ---- states ---- */

static bool counts_as_failed(enum pipe_status status)
{
	return status == PIPE_STATUS_FAILED || status == PIPE_STATUS_LOST;
}

static bool counts_as_passed(enum pipe_status status)
{
	return status == PIPE_STATUS_SUCCESS || status == PIPE_STATUS_WARNING;
}

static void remove_running(struct board *b, uint32_t index)
{
	for (uint32_t i = 0; i < b->running.count; i++)
		if (b->running.items[i] == index) {
			memmove(b->running.items + i, b->running.items + i + 1,
				(b->running.count - i - 1) * sizeof(*b->running.items));
			b->running.count--;
			return;
		}
}

static void add_index(struct board *b, void *slot, uint32_t index)
{
	if (slot)
		*(uint32_t *)slot = index;
	else
		b->incomplete = true;
}

static void set_status(struct board *b, struct board_job *job, enum pipe_status status)
{
	struct board_stage *stage = &b->stages.items[job->stage];
	uint32_t index = (uint32_t)(job - b->jobs.items);
	bool was_running = board_is_running(job->status), runs = board_is_running(status);
	bool was_over = board_is_over(job->status), over = board_is_over(status);

	b->counts[job->status]--;
	b->counts[status]++;
	stage->running = stage->running - was_running + runs;
	stage->done = stage->done - was_over + over;
	stage->failed = stage->failed - counts_as_failed(job->status) + counts_as_failed(status);
	stage->passed = stage->passed - counts_as_passed(job->status) + counts_as_passed(status);
	job->status = status;
	if (runs && !was_running)
		add_index(b, vec_push(&b->arena, &b->running), index);
	if (!runs && was_running)
		remove_running(b, index);
	if (over && !was_over)
		add_index(b, vec_push(&b->arena, &b->finished), index);
}

void board_keep(struct board *b, const char *name, enum pipe_status status)
{
	uint32_t at = (uint32_t)(uintptr_t)map_get(&b->by_name, name, strlen(name));

	if (!at)
		return;
	set_status(b, &b->jobs.items[at - 1], status);
	b->kept++;
}

/* ---- the last lines ---- */

static void add_line(struct board *b, struct tail *t, const char *text, size_t length)
{
	size_t slot = t->count % TAIL_LINES;
	struct str s;

	text = text_after_return(text, &length);
	/* Cleaning shortens or lengthens little: no more than this is looked at. */
	if (length > 4 * TAIL_BYTES)
		length = 4 * TAIL_BYTES;
	str_init(&s);
	text_clean(&s, text, length, b->text_flags & TEXT_ASCII);
	length = s.failed ? 0 : s.length;
	if (length > TAIL_BYTES) {
		length = TAIL_BYTES;
		while (length && ((unsigned char)s.data[length] & 0xc0) == 0x80)
			length--;
	}
	memcpy(t->line[slot].text, s.data, length);
	t->line[slot].length = (uint32_t)length;
	t->count++;
	str_clear(&s);
}

/* Of a large piece only the last lines are looked at. */
static const char *last_lines(const char *text, const char *end)
{
	const char *at = end;

	if (at > text && at[-1] == '\n')
		at--;
	for (int i = 0; i < TAIL_LINES; i++) {
		const char *newline = at > text ? memrchr(text, '\n', (size_t)(at - text)) : NULL;

		if (!newline)
			return text;
		at = newline;
	}
	return at + 1;
}

static void take_log(struct board *b, struct board_job *job, const pipe_event *e)
{
	const char *end = e->text + e->text_length, *at;

	if (!b->want_tails || !e->text_length || board_is_over(job->status))
		return;
	if (!job->tail)
		job->tail = calloc(1, sizeof(*job->tail));
	if (!job->tail) {
		b->incomplete = true;
		return;
	}
	for (at = last_lines(e->text, end); at < end;) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		const char *stop = newline ? newline : end;

		add_line(b, job->tail, at, (size_t)(stop - at));
		at = newline ? newline + 1 : end;
	}
}

uint32_t tail_count(const struct tail *t)
{
	return !t ? 0 : t->count < TAIL_LINES ? t->count : TAIL_LINES;
}

const char *tail_line(const struct tail *t, uint32_t i, size_t *length)
{
	size_t slot;

	if (i >= tail_count(t))
		return NULL;
	slot = (t->count - tail_count(t) + i) % TAIL_LINES;
	*length = t->line[slot].length;
	return t->line[slot].text;
}

/* ---- events ---- */

static void drop_tail(struct board_job *job)
{
	free(job->tail);
	job->tail = NULL;
}

static void finish_job(struct board *b, struct board_job *job, const pipe_event *e)
{
	job->exit_code = e->exit_code;
	job->duration_ms = e->duration_ms;
	job->reason = e->reason && *e->reason ? clean_copy(b, e->reason) : NULL;
	set_status(b, job, board_is_over(e->status) ? e->status : PIPE_STATUS_LOST);
	b->kept += !job->started_ms && counts_as_passed(job->status);
	if (counts_as_failed(job->status) && b->kept_tails < BOARD_KEPT_TAILS)
		b->kept_tails++;
	else
		drop_tail(job);
}

static void start_job(struct board *b, struct board_job *job, const pipe_event *e)
{
	job->reason = NULL;
	job->evidence = NULL;
	job->attempt = e->attempt;
	job->started_ms = e->time_ms;
	job->expected_ms = e->expected_ms;
	if (job->tail)
		job->tail->count = 0;
	set_status(b, job, PIPE_STATUS_RUNNING);
}

/* The points between the parts are no ASCII. */
static int take_evidence_text(void *payload, const char *text, size_t length)
{
	struct str *s = payload;

	for (size_t i = 0; i < length; i++)
		if (i + 1 < length && text[i] == '\xc2' && text[i + 1] == '\xb7') {
			str_addc(s, '-');
			i++;
		} else {
			str_addc(s, text[i]);
		}
	return 0;
}

static int take_text(void *payload, const char *text, size_t length)
{
	str_add(payload, text, length);
	return 0;
}

static void take_evidence(struct board *b, struct board_job *job, const pipe_evidence *e)
{
	struct str s;

	str_init(&s);
	if (e && pipe_evidence_text(e, b->text_flags & TEXT_ASCII ? take_evidence_text : take_text, &s) == 0 && s.length)
		job->evidence = clean_copy(b, s.data);
	str_clear(&s);
}

static void take_job_event(struct board *b, struct board_job *job, const pipe_event *e)
{
	switch (e->kind) {
	case PIPE_EVENT_JOB_QUEUED:
		job->reason = e->reason && *e->reason ? clean_copy(b, e->reason) : NULL;
		set_status(b, job, PIPE_STATUS_READY);
		break;
	case PIPE_EVENT_JOB_STARTED:
		start_job(b, job, e);
		break;
	case PIPE_EVENT_JOB_RETRY:
		job->reason = e->reason && *e->reason ? clean_copy(b, e->reason) : NULL;
		set_status(b, job, PIPE_STATUS_READY);
		break;
	case PIPE_EVENT_JOB_FINISHED:
		finish_job(b, job, e);
		break;
	case PIPE_EVENT_EVIDENCE:
		take_evidence(b, job, e->evidence);
		break;
	case PIPE_EVENT_LOG:
		take_log(b, job, e);
		break;
	default:
		break;
	}
}

struct board_job *board_event(struct board *b, const pipe_event *e)
{
	struct board_run *run = run_of(b, e->run);

	if (run && run == b->runs.items) {
		if (e->kind == PIPE_EVENT_RUN_STARTED) {
			b->started_ms = e->time_ms;
			b->expected_ms = e->expected_ms;
		} else if (e->kind == PIPE_EVENT_RUN_FINISHED) {
			b->status = e->status;
			b->duration_ms = e->duration_ms;
			b->reason = e->reason && *e->reason ? clean_copy(b, e->reason) : NULL;
		}
	}
	if (e->job) {
		struct board_job *job = job_of(b, e);

		if (job)
			take_job_event(b, job, e);
		return job;
	}
	return NULL;
}
