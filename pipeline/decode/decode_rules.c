/* Decoding when a job runs and what it waits for: rules, only/except, needs, dependencies, workflow. */
#include "pipeline/decode/decoding.h"
#include "pipeline/keyword/keyword_fields.h"
#include "pipeline/rule/expression.h"

#include <string.h>

/* ---- start_in ---- */

/* `when: delayed` and `start_in` stand together or not at all; in rules, too. */
static void check_delay(struct decoding *x, const struct node *rule, enum job_when when, const char *start_in)
{
	const struct node *at = start_in ? node_get(rule, "start_in") : node_get(rule, "when");

	if ((when == WHEN_DELAYED) == (start_in != NULL))
		return;
	if (start_in) {
		diag_error(x->d, at->at, "start-in", "\"start_in\" stands in a rule that is not delayed");
		diag_hint(x->d, "add \"when: delayed\"");
	} else {
		diag_error(x->d, at->at, "start-in", "\"when: delayed\" does not say how long to wait");
		diag_hint(x->d, "add \"start_in: 30 minutes\" or the like");
	}
}

/* ---- rules ---- */

static void rule_changes(struct decoding *x, struct node *n, struct rule *r)
{
	if (node_is_null(n))
		return;
	r->has_changes = true;
	if (n->kind == NODE_MAP)
		r->compare_to = decode_text(node_get(n, "compare_to"));
	r->changes = decode_texts(x, n->kind == NODE_MAP ? node_get(n, "paths") : n);
}

static void rule_exists(struct decoding *x, struct node *n, struct rule *r)
{
	if (node_is_null(n))
		return;
	r->has_exists = true;
	if (n->kind == NODE_MAP) {
		r->exists_project = decode_text(node_get(n, "project"));
		r->exists_ref = decode_text(node_get(n, "ref"));
	}
	r->exists = decode_texts(x, n->kind == NODE_MAP ? node_get(n, "paths") : n);
}

static void rule_if(struct decoding *x, const struct node *n, struct rule *r)
{
	r->condition = decode_text(n);
	if (!r->condition)
		return;
	r->condition_at = n->at;
	if (n->style != STYLE_PLAIN || node_type(n) == SCALAR_TEXT)
		r->expression = expression_parse(x->a, n, x->d);
}

/* Few rules have it, and there may be 100,000 of them: the length of a key says nearly always that it is another. */
static void rule_lua(struct decoding *x, const struct node *n, struct rule *r)
{
	static const char name[] = "lua";

	for (uint32_t i = 0; i < n->count; i++) {
		const struct node *key = n->pairs[i].key;
		if (key->count == sizeof(name) - 1 && !memcmp(key->text, name, sizeof(name) - 1))
			r->lua = decode_lua_condition(x, n->pairs[i].value);
	}
}

static void decode_rule(struct decoding *x, const struct node *n, struct rule *r)
{
	const struct node *cancel = node_get(n, "auto_cancel");
	struct node *needs = node_get(n, "needs");

	r->at = n->at;
	rule_if(x, node_get(n, "if"), r);
	rule_changes(x, node_get(n, "changes"), r);
	rule_exists(x, node_get(n, "exists"), r);
	rule_lua(x, n, r);
	r->when = decode_when(node_get(n, "when"));
	r->allow_failure = decode_allow_failure(x, node_get(n, "allow_failure"));
	r->variables = decode_variables(x, node_get(n, "variables"));
	r->start_in = decode_text(node_get(n, "start_in"));
	r->interruptible = decode_tristate(node_get(n, "interruptible"));
	if (!node_is_null(needs))
		r->needs = decode_needs(x, needs);
	if (cancel && cancel->kind == NODE_MAP)
		r->auto_cancel = decode_text(node_get(cancel, "on_new_commit"));
	check_delay(x, n, r->when, r->start_in);
}

struct rules *decode_rules(struct decoding *x, struct node *n)
{
	struct rules *out = DECODE_NEW(x, struct rules);
	struct flat f;

	if (!out || !decode_flat(x, n, &f))
		return NULL;
	out->at = n->at;
	if (!DECODE_ROOM(x, &out->list, f.count))
		return out;
	for (uint32_t i = 0; i < f.count; i++)
		if (f.items[i]->kind == NODE_MAP)
			decode_rule(x, f.items[i], &out->list.items[out->list.count++]);
	return out;
}

/* ---- needs ---- */

/* A job of another pipeline or project; NULL: of this pipeline. */
static struct need_elsewhere *need_elsewhere(struct decoding *x, const struct node *n)
{
	struct need_elsewhere found = {
		.pipeline = decode_text(node_get(n, "pipeline")),
		.project = decode_text(node_get(n, "project")),
		.ref = decode_text(node_get(n, "ref")),
	};
	struct need_elsewhere *out;

	if (!found.pipeline && !found.project) {
		const struct node *ref = node_get(n, "ref");
		if (!found.ref)
			return NULL;
		diag_error(x->d, ref->at, "missing-keyword", "\"needs:ref\" stands without \"project\"");
		return NULL;
	}
	out = DECODE_NEW(x, struct need_elsewhere);
	if (out)
		*out = found;
	return out;
}

/* A key that is not known, which was reported, is most often a misspelt "job". */
static bool all_known(const struct node *n)
{
	for (uint32_t i = 0; i < n->count; i++)
		if (!keyword_find(fields_needs, IN_NESTED, n->pairs[i].key->text, n->pairs[i].key->count))
			return false;
	return true;
}

static void need_map(struct decoding *x, const struct node *n, struct need *out)
{
	const struct node *parallel = node_get(n, "parallel");
	const struct node *artifacts = node_get(n, "artifacts");

	out->job = decode_text(node_get(n, "job"));
	if (out->job)
		out->at = node_get(n, "job")->at;
	out->artifacts = decode_bool(artifacts, true);
	out->artifacts_given = !node_is_null(artifacts) && out->artifacts;
	out->optional = decode_bool(node_get(n, "optional"), false);
	out->elsewhere = need_elsewhere(x, n);
	if (parallel && parallel->kind == NODE_MAP)
		out->matrix = decode_matrix(x, node_get(parallel, "matrix"));
	if (!out->job && !node_pair(n, "job") && all_known(n) && (!out->elsewhere || !out->elsewhere->pipeline))
		diag_error(x->d, n->at, "missing-keyword", "this need does not name a \"job\"");
	else if (out->elsewhere && out->elsewhere->project && !out->elsewhere->ref)
		diag_error(x->d, n->at, "missing-keyword", "\"needs:project\" stands without \"ref\"");
}

struct needs *decode_needs(struct decoding *x, struct node *n)
{
	struct needs *out = DECODE_NEW(x, struct needs);
	struct flat f;

	if (!out || !decode_flat(x, n, &f))
		return NULL;
	out->at = n->at;
	if (!DECODE_ROOM(x, &out->list, f.count))
		return out;
	for (uint32_t i = 0; i < f.count; i++) {
		struct need *need = &out->list.items[out->list.count];
		*need = (struct need){ .at = f.items[i]->at, .artifacts = true };
		if (f.items[i]->kind == NODE_MAP)
			need_map(x, f.items[i], need);
		else
			need->job = f.items[i]->text;
		out->list.count += need->job || need->elsewhere;
	}
	return out;
}

struct needs *decode_dependencies(struct decoding *x, struct node *n)
{
	struct needs *out = DECODE_NEW(x, struct needs);
	struct flat f;

	if (!out || !decode_flat(x, n, &f))
		return NULL;
	out->at = n->at;
	if (!DECODE_ROOM(x, &out->list, f.count))
		return out;
	for (uint32_t i = 0; i < f.count; i++)
		if (f.items[i]->kind == NODE_SCALAR)
			out->list.items[out->list.count++] = (struct need){
				.job = f.items[i]->text,
				.at = f.items[i]->at,
				.artifacts = true,
			};
	return out;
}

/* ---- only, except ---- */

struct only *decode_only(struct decoding *x, struct node *n)
{
	struct only *out = DECODE_NEW(x, struct only);

	if (!out)
		return NULL;
	out->at = n->at;
	if (n->kind != NODE_MAP) {
		out->refs = decode_texts(x, n);
		return out;
	}
	out->refs = decode_texts(x, node_get(n, "refs"));
	out->variables = decode_texts(x, node_get(n, "variables"));
	out->changes = decode_texts(x, node_get(n, "changes"));
	out->kubernetes = decode_text(node_get(n, "kubernetes")) != NULL;
	return out;
}

/* ---- workflow ---- */

void decode_workflow(struct decoding *x, const struct node *n)
{
	struct workflow *w = &x->p->workflow;
	struct node *rules;
	const struct node *cancel;

	if (!n || n->kind != NODE_MAP)
		return;
	rules = node_get(n, "rules");
	cancel = node_get(n, "auto_cancel");
	w->name = decode_text(node_get(n, "name"));
	if (!node_is_null(rules))
		w->rules = decode_rules(x, rules);
	if (!cancel || cancel->kind != NODE_MAP)
		return;
	w->auto_cancel_on_new_commit = decode_text(node_get(cancel, "on_new_commit"));
	w->auto_cancel_on_job_failure = decode_text(node_get(cancel, "on_job_failure"));
}
