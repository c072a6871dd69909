/*
 * What happened to a job, as text in its row, a line for each change:
 *
 *     <time in ms> <number> <attempt> <state> <reason>
 *
 * The number orders changes of one millisecond that were written through one connection.  A reason is one line.
 */
#include "base/arena.h"
#include "base/error.h"
#include "base/vec.h"
#include "runner/store/connection.h"
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

bool status_by_name(const char *name, size_t length, enum pipe_status *status)
{
	static const struct {
		const char *name;
		enum pipe_status status;
	} names[] = {
#define X(word, text) { text, PIPE_STATUS_##word },
		PIPE_STATUS_MAP(X)
#undef X
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (!strncmp(names[i].name, name, length) && !names[i].name[length]) {
			*status = names[i].status;
			return true;
		}
	return false;
}

int change_line(struct store *s, const struct store_change *change, uint64_t number, pipe_error *err)
{
	struct str *line = &s->line;
	size_t start;

	str_printf(line, "%" PRId64 " %" PRIu64 " %" PRIu32 " %s ", change->time_ms, number, change->attempt,
		   pipe_status_name(change->status));
	start = line->length;
	if (change->reason)
		str_adds(line, change->reason);
	if (line->failed)
		return error_nomem(err);
	for (char *p = line->data + start; (p = strchr(p, '\n')) != NULL; p++)
		*p = ' ';
	str_addc(line, '\n');
	return line->failed ? error_nomem(err) : PIPE_OK;
}

struct entry {
	pipe_transition_record record;
	int64_t number;
};

struct entries {
	VEC(struct entry) list;
	struct arena arena;
};

/* A number and the space behind it. */
static bool take_number(char **text, int64_t *value)
{
	char *end;

	*value = strtoll(*text, &end, 10);
	if (end == *text || *end != ' ')
		return false;
	*text = end + 1;
	return true;
}

/* One line, without its newline; its text stays where it is. */
static bool take_line(char *line, struct entry *e)
{
	int64_t attempt;
	char *end;

	if (!take_number(&line, &e->record.time_ms) || !take_number(&line, &e->number) || !take_number(&line, &attempt))
		return false;
	e->record.attempt = (uint32_t)attempt;
	end = strchr(line, ' ');
	if (!end || !status_by_name(line, (size_t)(end - line), &e->record.status))
		return false;
	e->record.reason = end + 1;
	return true;
}

static int take_job(struct query *q, void *context, pipe_error *err)
{
	struct entries *all = context;
	char *line = arena_strdup(&all->arena, query_text(q, 1)), *end;

	if (!line)
		return error_nomem(err);
	for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		struct entry *e = vec_push(&all->arena, &all->list);

		if (!e)
			return error_nomem(err);
		*end = '\0';
		e->record.job_index = (uint32_t)query_int(q, 0);
		if (!take_line(line, e))
			return store_damaged(q->store, "it holds a change of state that cannot be read", err);
	}
	return PIPE_OK;
}

static int compare_entries(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;

	if (x->record.time_ms != y->record.time_ms)
		return x->record.time_ms < y->record.time_ms ? -1 : 1;
	if (x->number != y->number)
		return x->number < y->number ? -1 : 1;
	return x->record.job_index < y->record.job_index ? -1 : x->record.job_index > y->record.job_index;
}

int change_each(struct query *jobs, int (*each)(void *, const pipe_transition_record *), void *payload, pipe_error *err)
{
	struct entries all = { .arena = ARENA_INIT };
	int rc = query_each(jobs, take_job, &all, err);

	if (!rc && all.list.count)
		qsort(all.list.items, all.list.count, sizeof(*all.list.items), compare_entries);
	for (uint32_t i = 0; !rc && i < all.list.count; i++)
		if (each(payload, &all.list.items[i].record))
			break;
	arena_clear(&all.arena);
	return rc;
}
