/*
 * Reading `with`.  The file's reader has checked every value as it is written; what holds a variable is judged here once more, with
 * the same row of the same table, when it is known what the variable stands for.
 */
#include "stages/parameter.h"

#include "base/duration.h"
#include "base/error.h"
#include "pipeline/document/source.h"
#include "pipeline/limits.h"
#include "stages/report/lines.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ROW_DEPTH = 8 }; /* rows below rows */

static const struct node *node_in(const struct node *map, const char *name)
{
	const struct node *n = node_get(map, name);

	return node_is_null(n) ? NULL : n;
}

const struct pair *parameter_written(const struct node *map, const char *name)
{
	const struct pair *p = map ? node_pair(map, name) : NULL;

	return p && !node_is_null(p->value) ? p : NULL;
}

const struct node *parameter_node(const struct stage_job *job, const char *name)
{
	return node_in(job->with, name);
}

/* ---- errors ---- */

static void place(const struct stage_job *job, struct mark at, pipe_error *err)
{
	if (!err)
		return;
	err->line = at.line;
	err->column = at.column;
	if (job->sources)
		snprintf(err->file, sizeof(err->file), "%s", sources_name(job->sources, at));
}

int parameter_wrong(const struct stage_job *job, const struct node *at, pipe_error *err, const char *format, ...)
{
	char text[sizeof(err->text)];
	va_list ap;

	va_start(ap, format);
	vsnprintf(text, sizeof(text), format, ap);
	va_end(ap);
	error_set(err, PIPE_EPIPELINE, "%s", text);
	place(job, at ? at->at : job->at, err);
	return PIPE_EPIPELINE;
}

static int not_a(const struct stage_job *job, const struct node *n, const char *name, const char *what, pipe_error *err)
{
	if (n->kind == NODE_SCALAR)
		return parameter_wrong(job, n, err, "\"%s\" takes %s, not \"%s\"", name, what, n->text);
	return parameter_wrong(job, n, err, "\"%s\" takes %s, not %s", name, what, node_describe(n));
}

/* ---- what the table says of a parameter ---- */

static const struct keyword *row_in(const struct node *at, const struct keyword *rows, const struct node *map, const char *name,
				    unsigned depth);

/* Looks below a value of row k, through lists, for the map. */
static const struct keyword *row_below(const struct node *n, const struct keyword *k, const struct node *map, const char *name,
				       unsigned depth)
{
	const struct keyword *found = NULL;

	if (!depth || n->kind == NODE_SCALAR)
		return NULL;
	if (n->kind == NODE_LIST) {
		for (uint32_t i = 0; i < n->count && !found; i++)
			found = row_below(n->items[i], k, map, name, depth - 1);
		return found;
	}
	if (!(k->shape & TAKES_NAMED))
		return k->fields ? row_in(n, k->fields, map, name, depth - 1) : NULL;
	for (uint32_t i = 0; k->fields && i < n->count && !found; i++)
		found = row_below(n->pairs[i].value, k, map, name, depth - 1);
	return found;
}

/* The row of map:name, where map is `at` or below it. */
static const struct keyword *row_in(const struct node *at, const struct keyword *rows, const struct node *map, const char *name,
				    unsigned depth)
{
	const struct keyword *found = NULL;

	if (at == map)
		return keyword_find(rows, IN_NESTED, name, strlen(name));
	for (uint32_t i = 0; at->kind == NODE_MAP && i < at->count && !found; i++) {
		const struct node *key = at->pairs[i].key;
		const struct keyword *k = keyword_find(rows, IN_NESTED, key->text, key->count);
		if (k)
			found = row_below(at->pairs[i].value, k, map, name, depth);
	}
	return found;
}

/* ---- variables ---- */

/* What keyword_check has against a value that is known now, as the call's error. */
static int judge(struct stage_job *job, const struct keyword *row, const struct node *n, pipe_error *err)
{
	struct diagnostics d;
	const struct diagnostic *first;

	diagnostics_init(&d, job->arena, NULL);
	if (keyword_check(row, n, &d, NULL))
		return PIPE_OK;
	first = d.list.count ? &d.list.items[0] : NULL;
	if (d.nomem || !first)
		return error_nomem(err);
	return parameter_wrong(job, n, err, "%s%s%s", first->message, first->hint ? "; " : "", first->hint ? first->hint : "");
}

/* What one scalar of a value may be. */
static unsigned scalar_shape(const struct keyword *k, bool item)
{
	return (item ? k->items : k->shape) &
	       ~(unsigned)(TAKES_EXPANDED | TAKES_LIST | TAKES_MAP | TAKES_NAMED | TAKES_VARIABLES);
}

/* Judges a value that stands for a variable by its row; what is any text needs no judge. */
static int judge_by_row(struct stage_job *job, const struct node *map, const char *name, bool item, struct node *n,
			pipe_error *err)
{
	const struct keyword *row = NULL;
	struct keyword as;

	if (job->with && job->type)
		row = row_in(job->with, job->type->uses.parameters, map, name, ROW_DEPTH);
	if (!row || scalar_shape(row, item) & (TAKES_TEXT | TAKES_SCALAR | TAKES_SCRIPT | TAKES_ANY))
		return PIPE_OK;
	as = *row;
	as.shape = scalar_shape(row, item);
	/* Numbers and booleans are plain; nothing that a variable stands for is a null. */
	n->style = as.shape & (TAKES_INT | TAKES_BOOL) ? STYLE_PLAIN : STYLE_QUOTED;
	if (node_is_null(n))
		n->style = STYLE_QUOTED;
	return judge(job, &as, n, err);
}

/* A scalar with its variables replaced; item: it stands in a list. */
static int expanded(struct stage_job *job, const struct node *map, const char *name, bool item, const struct node **n,
		    pipe_error *err)
{
	struct node *out;
	const char *text;

	if (!job->scope || !strchr((*n)->text, '$'))
		return PIPE_OK;
	text = scope_expand(job->scope, (*n)->text, job->arena, NULL);
	if (!text)
		return parameter_wrong(job, *n, err, "the value of \"%s\" grows too large when its variables are expanded", name);
	out = node_scalar(job->arena, (*n)->at, text, strlen(text));
	if (!out)
		return error_nomem(err);
	*n = out;
	return judge_by_row(job, map, name, item, out, err);
}

/* ---- one value ---- */

/* *n NULL: not written. */
static int scalar_in(struct stage_job *job, const struct node *map, const char *name, const char *what, const struct node **n,
		     pipe_error *err)
{
	*n = node_in(map, name);
	if (!*n)
		return PIPE_OK;
	if ((*n)->kind != NODE_SCALAR)
		return not_a(job, *n, name, what, err);
	return expanded(job, map, name, false, n, err);
}

/* What a variable stands for is text, and yet may be a number or a boolean. */
static struct node as_plain(const struct node *n)
{
	struct node plain = *n;

	plain.style = STYLE_PLAIN;
	plain.tag = TAG_NONE;
	return plain;
}

int parameter_text_in(struct stage_job *job, const struct node *map, const char *name, const char **out, pipe_error *err)
{
	const struct node *n;
	int rc = scalar_in(job, map, name, "text", &n, err);

	if (rc == PIPE_OK && n)
		*out = n->text;
	return rc;
}

int parameter_bool_in(struct stage_job *job, const struct node *map, const char *name, bool *out, pipe_error *err)
{
	static const char what[] = "true or false";
	const struct node *n;
	struct node plain;
	int rc = scalar_in(job, map, name, what, &n, err);

	if (rc || !n)
		return rc;
	plain = as_plain(n);
	return node_bool(&plain, out) ? PIPE_OK : not_a(job, n, name, what, err);
}

int parameter_int_in(struct stage_job *job, const struct node *map, const char *name, int64_t *out, pipe_error *err)
{
	static const char what[] = "a whole number";
	const struct node *n;
	struct node plain;
	int rc = scalar_in(job, map, name, what, &n, err);

	if (rc || !n)
		return rc;
	plain = as_plain(n);
	return node_int(&plain, out) ? PIPE_OK : not_a(job, n, name, what, err);
}

int parameter_number_in(struct stage_job *job, const struct node *map, const char *name, double *out, pipe_error *err)
{
	static const char what[] = "a number";
	const struct node *n;
	double value;
	int rc = scalar_in(job, map, name, what, &n, err);

	if (rc || !n)
		return rc;
	if (!lines_real(n->text, n->count, &value) || !isfinite(value))
		return not_a(job, n, name, what, err);
	*out = value;
	return PIPE_OK;
}

int parameter_duration_in(struct stage_job *job, const struct node *map, const char *name, int64_t *ms, pipe_error *err)
{
	static const char what[] = "a duration such as \"90 seconds\"";
	const struct node *n;
	int64_t value;
	int rc = scalar_in(job, map, name, what, &n, err);

	if (rc || !n)
		return rc;
	if (!duration_parse(n->text, &value) || value <= 0)
		return not_a(job, n, name, what, err);
	*ms = value;
	return PIPE_OK;
}

/* ---- lists ---- */

struct texts {
	VEC(const char *) list;
	struct stage_job *job;
	const struct node *map;
	const char *name;
	pipe_error *err;
};

static int add_text(struct texts *t, const struct node *n, bool item)
{
	const char **slot;
	int rc;

	if (node_is_null(n))
		return PIPE_OK;
	if (n->kind != NODE_SCALAR)
		return not_a(t->job, n, t->name, "a list of text", t->err);
	rc = expanded(t->job, t->map, t->name, item, &n, t->err);
	if (rc)
		return rc;
	slot = vec_push(t->job->arena, &t->list);
	if (!slot)
		return error_nomem(t->err);
	*slot = n->text;
	return PIPE_OK;
}

/* Lists in lists are flattened, as everywhere in the language. */
static int add_texts(struct texts *t, const struct node *list, unsigned depth)
{
	int rc = PIPE_OK;

	for (uint32_t i = 0; i < list->count && rc == PIPE_OK; i++) {
		const struct node *n = list->items[i];
		if (n->kind == NODE_LIST && depth < LIMIT_SCRIPT_DEPTH)
			rc = add_texts(t, n, depth + 1);
		else
			rc = add_text(t, n, true);
	}
	return rc;
}

int parameter_texts_in(struct stage_job *job, const struct node *map, const char *name, const char *const **out, pipe_error *err)
{
	struct texts t = { .job = job, .map = map, .name = name, .err = err };
	const struct node *n = node_in(map, name);
	int rc;

	*out = NULL;
	if (!n)
		return PIPE_OK;
	rc = n->kind == NODE_LIST ? add_texts(&t, n, 1) : add_text(&t, n, false);
	if (rc)
		return rc;
	if (!vec_push(job->arena, &t.list)) /* the NULL at the end */
		return error_nomem(err);
	*out = t.list.items;
	return PIPE_OK;
}

/* ---- the same of `with` itself ---- */

int parameter_text(struct stage_job *job, const char *name, const char **out, pipe_error *err)
{
	return parameter_text_in(job, job->with, name, out, err);
}

int parameter_bool(struct stage_job *job, const char *name, bool *out, pipe_error *err)
{
	return parameter_bool_in(job, job->with, name, out, err);
}

int parameter_int(struct stage_job *job, const char *name, int64_t *out, pipe_error *err)
{
	return parameter_int_in(job, job->with, name, out, err);
}

int parameter_number(struct stage_job *job, const char *name, double *out, pipe_error *err)
{
	return parameter_number_in(job, job->with, name, out, err);
}

int parameter_duration(struct stage_job *job, const char *name, int64_t *ms, pipe_error *err)
{
	return parameter_duration_in(job, job->with, name, ms, err);
}

int parameter_texts(struct stage_job *job, const char *name, const char *const **out, pipe_error *err)
{
	return parameter_texts_in(job, job->with, name, out, err);
}

/* ---- commands ---- */

/* A script is the shell's from end to end: it knows the variables itself, and their values are never made part of its text. */
static int script_command(struct stage_job *job, const struct node *n, const char *name, struct step **out, pipe_error *err)
{
	if (!n->text[strspn(n->text, " \t\r\n")])
		return parameter_wrong(job, n, err, "\"%s\" is blank", name);
	*out = stage_step(job, STEP_SCRIPT);
	if (!*out)
		return error_nomem(err);
	(*out)->script = n->text;
	return PIPE_OK;
}

int parameter_command(struct stage_job *job, const struct node *map, const char *name, struct step **out, pipe_error *err)
{
	const struct node *n = node_in(map, name);
	const char *const *argv;
	int rc;

	*out = NULL;
	if (!n)
		return PIPE_OK;
	if (n->kind == NODE_MAP)
		return not_a(job, n, name, "text or a list of text", err);
	if (n->kind == NODE_SCALAR)
		return script_command(job, n, name, out, err);
	rc = parameter_texts_in(job, map, name, &argv, err);
	if (rc)
		return rc;
	if (!argv[0] || !*argv[0])
		return parameter_wrong(job, n, err, "the list of \"%s\" does not begin with a command", name);
	*out = stage_step(job, STEP_COMMAND);
	if (!*out)
		return error_nomem(err);
	(*out)->argv = argv;
	return PIPE_OK;
}
