/*
 * needs:parallel:matrix: which instances of a matrix job are needed.  A value may be $[[ matrix.NAME ]], the needing instance's own; so
 * selectors are looked at for each instance, and the usual case, one value for each variable, finds its partner by name.
 */
#include "pipeline/plan/needs.h"

#include "pipeline/limits.h"

#include <string.h>

static const char *own_value(const struct plan_job *job, const char *name, size_t length)
{
	const struct variables *v = job->matrix;

	for (uint32_t i = 0; v && i < v->list.count; i++)
		if (strlen(v->list.items[i].name) == length && !memcmp(v->list.items[i].name, name, length))
			return v->list.items[i].value;
	return NULL;
}

/* Replaces each $[[ matrix.NAME ]] by the needing job's own value; NULL: reported, or no memory. */
static const char *selector_value(struct resolver *r, const char *text, struct mark at)
{
	const char *open = strstr(text, "$[[");
	struct str out;
	const char *copy = NULL;

	if (!open)
		return text;
	str_init_limit(&out, LIMIT_VALUE_BYTES);
	for (; open; open = strstr(text, "$[[")) {
		const char *name = open + 3, *close = strstr(name, "]]"), *value, *end;
		name += strspn(name, " \t");
		if (!close || strncmp(name, "matrix.", 7))
			break;
		name += 7;
		for (end = close; end > name && (end[-1] == ' ' || end[-1] == '\t'); end--)
			;
		value = own_value(r->job, name, (size_t)(end - name));
		if (!value) {
			diag_error(r->m->d, at, "needs-matrix", "\"%s\" has no matrix variable \"%.*s\"", r->job->job->name,
				   end - name > 100 ? 100 : (int)(end - name), name);
			str_clear(&out);
			return NULL;
		}
		str_add(&out, text, (size_t)(open - text));
		str_adds(&out, value);
		text = close + 2;
	}
	str_adds(&out, text);
	copy = out.failed ? NULL : arena_strndup(&r->m->scratch, out.data, out.length);
	if (!copy)
		planner_nomem(r->m);
	str_clear(&out);
	return copy;
}

static bool has_expression(const struct matrix *matrix)
{
	for (uint32_t i = 0; i < matrix->rows.count; i++)
		for (uint32_t k = 0; k < matrix->rows.items[i].axes.count; k++) {
			const text_list *values = &matrix->rows.items[i].axes.items[k].values;
			for (uint32_t v = 0; v < values->count; v++)
				if (strstr(values->items[v], "$[["))
					return true;
		}
	return false;
}

static bool resolve_axis(struct resolver *r, const struct matrix_axis *axis, struct matrix_axis *out)
{
	*out = *axis;
	out->values.items = ARENA_ARRAY(&r->m->scratch, const char *, axis->values.count);
	if (!out->values.items)
		return planner_nomem(r->m);
	for (uint32_t i = 0; i < axis->values.count; i++) {
		out->values.items[i] = selector_value(r, axis->values.items[i], axis->at);
		if (!out->values.items[i])
			return false;
	}
	return true;
}

/* The selector with its expressions replaced, in scratch memory; NULL: reported, or no memory. */
static const struct matrix *resolve_selector(struct resolver *r, const struct matrix *matrix)
{
	struct arena *a = planner_scratch(r->m);
	struct matrix *out;

	if (!has_expression(matrix))
		return matrix;
	out = ARENA_NEW(a, struct matrix);
	if (!out || !(out->rows.items = ARENA_ARRAY(a, struct matrix_row, matrix->rows.count)))
		goto nomem;
	out->rows.count = matrix->rows.count;
	for (uint32_t i = 0; i < matrix->rows.count; i++) {
		const struct matrix_row *from = &matrix->rows.items[i];
		struct matrix_row *row = &out->rows.items[i];
		row->axes.count = from->axes.count;
		row->axes.items = ARENA_ARRAY(a, struct matrix_axis, from->axes.count);
		if (!row->axes.items)
			goto nomem;
		for (uint32_t k = 0; k < from->axes.count; k++)
			if (!resolve_axis(r, &from->axes.items[k], &row->axes.items[k]))
				return NULL;
	}
	return out;
nomem:
	planner_nomem(r->m);
	return NULL;
}

static bool axis_accepts(struct resolver *r, const struct matrix_axis *axis, const struct plan_job *target)
{
	const char *value = own_value(target, axis->name, strlen(axis->name));

	for (uint32_t i = 0; value && i < axis->values.count; i++) {
		r->m->selections++;
		if (!strcmp(axis->values.items[i], value))
			return true;
	}
	return false;
}

static bool row_accepts(struct resolver *r, const struct matrix_row *row, const struct plan_job *target)
{
	for (uint32_t k = 0; k < row->axes.count; k++)
		if (!axis_accepts(r, &row->axes.items[k], target))
			return false;
	return true;
}

/* The one value that a row gives for a variable; NULL: none, or several. */
static const char *single_value(const struct matrix_row *row, const char *name)
{
	for (uint32_t k = 0; k < row->axes.count; k++)
		if (!strcmp(row->axes.items[k].name, name))
			return row->axes.items[k].values.count == 1 ? row->axes.items[k].values.items[0] : NULL;
	return NULL;
}

/* A row that gives one value for each variable of a row of the target's matrix names one instance: pairs of large matrices are found
 * without looking at every instance.  UINT32_MAX: it does not. */
static uint32_t named_by(struct resolver *r, const struct matrix_row *row, const struct job *target)
{
	for (uint32_t i = 0; i < target->settings->matrix->rows.count; i++) {
		const struct matrix_row *of = &target->settings->matrix->rows.items[i];
		const struct plan_job *found = NULL;
		struct str name;
		uint32_t k = 0;
		if (of->axes.count != row->axes.count)
			continue;
		str_init(&name);
		str_adds(&name, target->name);
		for (; k < of->axes.count; k++) {
			const char *value = single_value(row, of->axes.items[k].name);
			if (!value)
				break;
			str_adds(&name, k ? ", " : ": [");
			str_adds(&name, value);
		}
		str_addc(&name, ']');
		if (k == of->axes.count && !name.failed)
			found = plan_job_named(r->m->plan, name.data, name.length);
		str_clear(&name);
		if (found && found->job == target)
			return found->index;
	}
	return UINT32_MAX;
}

static bool need_row(struct resolver *r, const struct need *n, const struct matrix_row *row, uint32_t at, uint32_t count,
		     bool *any)
{
	uint32_t one = named_by(r, row, r->m->plan->jobs.items[at].job);

	if (one != UINT32_MAX) {
		*any = true;
		return needs_instance(r, n, one);
	}
	for (uint32_t i = at; i < at + count; i++) {
		if (!row_accepts(r, row, &r->m->plan->jobs.items[i]))
			continue;
		*any = true;
		if (!needs_instance(r, n, i))
			return false;
	}
	return true;
}

void needs_selected(struct resolver *r, const struct need *n, uint32_t at, uint32_t count)
{
	const struct matrix *matrix = resolve_selector(r, n->matrix);
	struct diagnostics *d = r->m->d;
	bool any = false;

	for (uint32_t i = 0; matrix && i < matrix->rows.count; i++)
		if (!need_row(r, n, &matrix->rows.items[i], at, count, &any))
			return;
	if (r->m->selections > PLAN_SELECTIONS_MOST)
		diag_error(d, n->at, "needs-limit", "this pipeline's needs:parallel:matrix choose from too many jobs");
	else if (matrix && !any && !n->optional)
		diag_error(d, n->at, "needs-matrix", "no job of the matrix \"%s\" is as this need wants it", n->job);
}
