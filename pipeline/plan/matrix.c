/*
 * parallel: N and parallel:matrix.  A row of a matrix gives the product of its axes, the first axis changing slowest; instances are
 * counted over all rows.  Storage for all instances of a job is one piece each of variables and of lists.
 */
#include "pipeline/plan/planner.h"

#include <string.h>

enum {
	AXES_MOST = 200, /* of one row */
	NAME_MOST = 4096 /* bytes of an instance's name */
};

static uint64_t row_count(const struct matrix_row *row, uint64_t most)
{
	uint64_t n = row->axes.count ? 1 : 0;

	for (uint32_t i = 0; i < row->axes.count && n <= most; i++)
		n *= row->axes.items[i].values.count; /* both below 2^32 */
	return n;
}

static uint64_t matrix_count(const struct matrix *matrix, uint64_t most)
{
	uint64_t n = 0;

	for (uint32_t i = 0; i < matrix->rows.count && n <= most; i++)
		n += row_count(&matrix->rows.items[i], most);
	return n;
}

/* Each instance has all axes and their values in its name: neither may be many. */
static bool row_fits(struct planner *m, const struct job *job, const struct matrix_row *row)
{
	size_t longest = strlen(job->name);

	for (uint32_t i = 0; i < row->axes.count && i < AXES_MOST; i++) {
		const struct matrix_axis *axis = &row->axes.items[i];
		size_t most = 0;
		for (uint32_t k = 0; k < axis->values.count; k++) {
			size_t n = strlen(axis->values.items[k]);
			most = n > most ? n : most;
		}
		longest += most + 2;
	}
	if (row->axes.count <= AXES_MOST && longest <= NAME_MOST)
		return true;
	if (row->axes.count > AXES_MOST)
		diag_error(m->d, job->settings->parallel_at, "matrix-limit", "a row of this matrix has more than %d variables",
			   AXES_MOST);
	else
		diag_error(m->d, job->settings->parallel_at, "matrix-limit",
			   "the values of this matrix give names longer than %d bytes", NAME_MOST);
	return false;
}

uint32_t matrix_instances(struct planner *m, const struct job *job)
{
	uint64_t most = m->o->limits.matrix, n = 1;

	if (job->settings->matrix)
		n = matrix_count(job->settings->matrix, most);
	else if (job->settings->parallel > 0)
		n = (uint64_t)job->settings->parallel;
	for (uint32_t i = 0; job->settings->matrix && i < job->settings->matrix->rows.count; i++)
		if (!row_fits(m, job, &job->settings->matrix->rows.items[i]))
			return 0;
	if (!n) {
		diag_error(m->d, job->settings->parallel_at, "matrix-empty", "the matrix of \"%s\" has no values", job->name);
		return 0;
	}
	if (n > most) {
		diag_error(m->d, job->settings->parallel_at, "matrix-limit", "\"%s\" would be more than %u jobs", job->name,
			   (unsigned)most);
		diag_hint(m->d, "split it into several jobs, or raise the limit \"matrix\"");
		return 0;
	}
	return (uint32_t)n;
}

static const char *matrix_name(struct arena *a, const char *job, const struct variables *v)
{
	size_t size = strlen(job) + sizeof(": []");
	char *name, *p;

	for (uint32_t i = 0; i < v->list.count; i++)
		size += strlen(v->list.items[i].value) + 2;
	name = arena_text(a, size);
	if (!name)
		return NULL;
	p = stpcpy(stpcpy(name, job), ": [");
	for (uint32_t i = 0; i < v->list.count; i++)
		p = stpcpy(i ? stpcpy(p, ", ") : p, v->list.items[i].value);
	stpcpy(p, "]");
	return name;
}

/* The combination with this number of a row, the last axis changing fastest. */
static void combine(const struct matrix_row *row, uint64_t number, struct variable *out)
{
	for (uint32_t i = row->axes.count; i > 0; i--) {
		const struct matrix_axis *axis = &row->axes.items[i - 1];
		out[i - 1] = (struct variable){ .name = axis->name,
						.value = axis->values.items[number % axis->values.count],
						.at = axis->at };
		number /= axis->values.count;
	}
}

static bool unfold_row(struct planner *m, const struct job *job, const struct matrix_row *row, struct plan_job *first,
		       uint64_t count)
{
	uint32_t axes = row->axes.count;
	struct variables *lists = ARENA_ARRAY(m->a, struct variables, count);
	struct variable *values = ARENA_ARRAY(m->a, struct variable, count * axes);

	if (!lists || !values)
		return planner_nomem(m);
	for (uint64_t i = 0; i < count; i++) {
		lists[i].list.items = values + i * axes;
		lists[i].list.count = lists[i].list.capacity = axes;
		combine(row, i, lists[i].list.items);
		first[i].matrix = &lists[i];
		first[i].name = matrix_name(m->a, job->name, &lists[i]);
		if (!first[i].name)
			return planner_nomem(m);
	}
	return true;
}

static bool unfold_number(struct planner *m, const struct job *job, struct plan_job *first, uint32_t count)
{
	for (uint32_t i = 0; i < count; i++) {
		first[i].name = arena_printf(m->a, "%s %u/%u", job->name, i + 1, count);
		if (!first[i].name)
			return planner_nomem(m);
	}
	return true;
}

bool matrix_unfold(struct planner *m, const struct job *job, struct plan_job *first, uint32_t count)
{
	struct plan_job *at = first;

	for (uint32_t i = 0; i < count; i++) {
		first[i].node_index = job->settings->matrix || job->settings->parallel > 0 ? i + 1 : 0;
		first[i].node_total = count;
	}
	if (!job->settings->matrix) {
		if (job->settings->parallel > 0)
			return unfold_number(m, job, first, count);
		first->name = job->name;
		return true;
	}
	for (uint32_t i = 0; i < job->settings->matrix->rows.count; i++) {
		const struct matrix_row *row = &job->settings->matrix->rows.items[i];
		uint64_t n = row_count(row, m->o->limits.matrix);
		if (n && !unfold_row(m, job, row, at, n))
			return false;
		at += n;
	}
	return true;
}
