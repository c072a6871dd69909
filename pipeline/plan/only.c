/*
 * only and except (https://docs.gitlab.com/ci/yaml/deprecated_keywords/): `only` wants each of its keys to hold, `except` any of its
 * keys.  A job that says neither is for branches and tags, unless workflow:rules say which pipelines there are.
 */
#include "pipeline/plan/planner.h"
#include "pipeline/rule/expression.h"
#include "pipeline/rule/expression_tree.h"

#include <string.h>

/* "merge_request_event" is called merge_requests here, "push" pushes, "api" api. */
static bool is_source(const struct plan_options *o, const char *word, size_t length)
{
	static const struct {
		const char *source, *word;
	} plurals[] = {
		{ "push", "pushes" }, { "web", "web" }, { "api", "api" }, { "external", "external" }, { "chat", "chat" },
	};
	const char *source = o->source ? o->source : "";
	size_t n = strlen(source);

	if (n > 6 && !strcmp(source + n - 6, "_event"))
		n -= 6;
	if (n == length && !memcmp(source, word, n))
		return true;
	for (size_t i = 0; i < sizeof(plurals) / sizeof(*plurals); i++)
		if (strlen(plurals[i].word) == length && !memcmp(plurals[i].word, word, length) &&
		    !strncmp(plurals[i].source, source, n) && !plurals[i].source[n])
			return true;
	return n && n + 1 == length && !memcmp(source, word, n) && word[n] == 's';
}

static bool ref_matches_pattern(struct planner *m, const char *pattern, size_t length, struct mark at)
{
	const char *ref = m->o->ref ? m->o->ref : "";
	size_t end = expression_pattern_end(pattern, length), from, to;
	struct regex *regex;
	pipe_error err = { 0 };
	int rc;

	if (!end)
		return strlen(ref) == length && !memcmp(ref, pattern, length);
	regex = regex_compile(&m->scratch, pattern + 1, end - 1, arena_strndup(&m->scratch, pattern + end + 1, length - end - 1),
			      &err);
	if (!regex) {
		diag_error(m->d, at, "rules-pattern", "the pattern \"%.*s\" cannot be used: %s",
			   (int)(length > 200 ? 200 : length), pattern, err.text);
		return false;
	}
	rc = regex_search_within(regex, ref, strlen(ref), m->o->limits.regex_steps, &m->regex_budget, &from, &to);
	if (rc == -3)
		diag_error(m->d, at, "regex-limit", "the pattern \"%.*s\" needs too many steps",
			   (int)(length > 200 ? 200 : length), pattern);
	return rc == 0;
}

/* The length of what stands before "@group/project"; an @ inside a /pattern/ does not count. */
static size_t without_path(const char *entry, const char **path)
{
	const char *from = entry, *at;

	if (*entry == '/') {
		for (from = entry + 1; *from && *from != '/'; from++)
			if (*from == '\\' && from[1])
				from++;
	}
	at = strchr(from, '@');
	*path = at ? at + 1 : NULL;
	return at ? (size_t)(at - entry) : strlen(entry);
}

static bool ref_matches(struct planner *m, const char *entry, struct mark at)
{
	const struct plan_options *o = m->o;
	const char *path;
	size_t n = without_path(entry, &path);

	if (path && (!o->ref_path || strcmp(o->ref_path, path)))
		return false;
	if (n == 4 && !memcmp(entry, "tags", 4) && o->is_tag)
		return true;
	if (n == 8 && !memcmp(entry, "branches", 8) && !o->is_tag && !o->is_merge_request)
		return true;
	if (is_source(o, entry, n))
		return true;
	return !o->is_merge_request && ref_matches_pattern(m, entry, n, at);
}

/* Where the i-th text of a list was written; with lists in lists, where the list begins. */
static struct mark item_at(const struct only *only, const struct node *list, uint32_t i)
{
	for (uint32_t k = 0; list && list->kind == NODE_LIST && k <= i; k++) {
		if (k >= list->count || list->items[k]->kind != NODE_SCALAR || node_is_null(list->items[k]))
			break;
		if (k == i)
			return list->items[i]->at;
	}
	return list ? list->at : only->at;
}

static bool any_ref(struct planner *m, const struct only *only, const struct node *n)
{
	const struct node *list = n && n->kind == NODE_MAP ? node_get(n, "refs") : n;

	for (uint32_t i = 0; i < only->refs.count; i++)
		if (ref_matches(m, only->refs.items[i], item_at(only, list, i)))
			return true;
	return false;
}

/* All conditions are parsed, so that a wrong one is found whatever comes first. */
static bool any_variable(struct planner *m, const struct only *only, const struct node *n, const struct scope *scope)
{
	const struct node *list = n && n->kind == NODE_MAP ? node_get(n, "variables") : NULL;
	bool any = false;

	for (uint32_t i = 0; i < only->variables.count && m->faults < PLAN_FAULTS_MOST; i++) {
		const char *text = only->variables.items[i];
		struct node node = { .kind = NODE_SCALAR, .style = STYLE_BLOCK, .count = (uint32_t)strlen(text), .text = text };
		uint32_t before = m->d->errors;
		const struct expression *e;

		node.at = item_at(only, list, i);
		e = expression_parse(&m->scratch, &node, m->d);
		if (e && expression_true_within(e, scope, &m->scratch, m->o->limits.regex_steps, &m->regex_budget, m->d))
			any = true;
		if (m->d->errors != before)
			m->faults++;
	}
	return any;
}

struct keys {
	unsigned given, holding;
};

/* Which keys there are and which of them hold. */
static struct keys evaluate(struct planner *m, const struct only *only, const struct node *n, const struct scope *scope)
{
	struct keys k = { 0, 0 };

	if (only->refs.count) {
		k.given++;
		k.holding += any_ref(m, only, n);
	}
	if (only->variables.count) {
		k.given++;
		k.holding += any_variable(m, only, n, scope);
	}
	if (only->changes.count) {
		k.given++;
		k.holding += world_changes(m, &only->changes, NULL, only->at, scope);
	}
	k.given += only->kubernetes; /* no cluster is bound to a project here */
	return k;
}

bool only_decide(struct planner *m, const struct job *job, const struct scope *scope, struct decision *decision)
{
	struct keys only = { 0, 0 }, except = { 0, 0 };

	*decision = (struct decision){ MARK_NONE, "it has no rules" };
	if (job->settings->only) {
		*decision = (struct decision){ job->settings->only->at, "\"only\" lets it in" };
		only = evaluate(m, job->settings->only, node_get(job->node, "only"), scope);
	}
	if (job->settings->except)
		except = evaluate(m, job->settings->except, node_get(job->node, "except"), scope);
	if (only.holding != only.given) {
		decision->reason = "\"only\" does not let it in";
		return false;
	}
	if (!job->settings->only && !m->p->workflow.rules && m->o->is_merge_request) {
		decision->reason = "without rules it is for branches and tags, not for merge requests";
		return false;
	}
	if (except.holding) {
		*decision = (struct decision){ job->settings->except->at, "\"except\" keeps it out" };
		return false;
	}
	return true;
}
