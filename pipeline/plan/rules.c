/*
 * Who is in the pipeline: rules, or only/except where a job has no rules.  The first rule that matches decides.  A rule's value wins
 * over the job's; `allow_failure` of a manual job is true by default only where the job itself says `when: manual`.
 */
#include "base/duration.h"
#include "pipeline/lua_code.h"
#include "pipeline/plan/planner.h"
#include "pipeline/rule/expression.h"

#include <string.h>

enum { CONDITION_SHOWN = 100 /* bytes of an `if` in a reason */ };

static bool condition_holds(struct planner *m, const struct rule *rule, const struct scope *scope)
{
	uint32_t before = m->d->errors;
	bool holds;

	if (!rule->expression || m->faults >= PLAN_FAULTS_MOST)
		return false;
	holds = expression_true_within(rule->expression, scope, &m->scratch, m->o->limits.regex_steps, &m->regex_budget, m->d);
	if (m->d->errors != before || !m->regex_budget)
		m->faults++;
	return holds;
}

/* Asked last: it costs most. */
static bool lua_holds(struct planner *m, const struct rule *rule, const struct scope *scope)
{
	const struct world_lua *lua = m->o->world ? m->o->world->lua : NULL;
	pipe_error err = { .code = PIPE_OK };
	bool holds = false;
	int rc;

	if (!lua || m->faults >= PLAN_FAULTS_MOST)
		return false;
	rc = lua->condition(lua->context, rule->lua, scope, &holds, &err);
	if (rc == PIPE_ENOMEM)
		return planner_nomem(m);
	if (!rc)
		return holds;
	lua_code_complain(m->d, rule->lua, "lua-error", "the condition cannot be answered: ", &err);
	m->faults++;
	return false;
}

static bool rule_holds(struct planner *m, const struct rule *rule, const struct scope *scope)
{
	if (rule->condition && !condition_holds(m, rule, scope))
		return false;
	if (rule->has_changes && !world_changes(m, &rule->changes, rule->compare_to, rule->at, scope))
		return false;
	if (rule->has_exists && !world_exists(m, rule, scope))
		return false;
	return !rule->lua || lua_holds(m, rule, scope);
}

const struct rule *rules_match(struct planner *m, const struct rules *rules, const struct scope *scope, uint32_t *at_index)
{
	for (uint32_t i = 0; i < rules->list.count; i++) {
		if (rule_holds(m, &rules->list.items[i], scope)) {
			*at_index = i + 1;
			return &rules->list.items[i];
		}
	}
	*at_index = 0;
	return NULL;
}

/* The condition on one line, cut short. */
static char *add_condition(char *p, const char *text)
{
	size_t n = strlen(text);
	bool cut = n > CONDITION_SHOWN;

	if (cut)
		for (n = CONDITION_SHOWN; n && ((unsigned char)text[n] & 0xc0) == 0x80; n--)
			;
	for (size_t i = 0; i < n; i++)
		*p++ = (unsigned char)text[i] < ' ' ? ' ' : text[i];
	return stpcpy(p, cut ? "..." : "");
}

/* Put together by hand: there is one for each job, and printf would be a good part of a plan's time. */
const char *rules_reason(struct planner *m, const struct rule *rule, uint32_t at_index)
{
	char text[2 * CONDITION_SHOWN + 128], number[16], *p = stpcpy(text, "rule "), *digit = number + sizeof(number) - 1;
	const char *reason, *join = ": ";

	for (*digit = '\0'; at_index; at_index /= 10)
		*--digit = (char)('0' + at_index % 10);
	p = stpcpy(p, digit);
	p = stpcpy(p, rule->when == WHEN_NEVER ? " keeps it out" : " matched");
	if (rule->condition) {
		p = add_condition(stpcpy(stpcpy(p, join), "if "), rule->condition);
		join = ", ";
	}
	if (rule->has_changes) {
		p = stpcpy(stpcpy(p, join), "changes");
		join = ", ";
	}
	if (rule->has_exists) {
		p = stpcpy(stpcpy(p, join), "exists");
		join = ", ";
	}
	if (rule->lua)
		p = add_condition(stpcpy(stpcpy(p, join), "lua "), rule->lua->path ? rule->lua->path : rule->lua->text);
	reason = arena_strndup(m->a, text, (size_t)(p - text));
	if (!reason)
		planner_nomem(m);
	return reason ? reason : "";
}

static bool delay(struct planner *m, struct plan_job *job, const char *text, struct mark at)
{
	if (text && duration_parse(text, &job->start_in_ms))
		return true;
	if (text)
		diag_error(m->d, at, "start-in", "\"%s\" is not a duration", text);
	else
		diag_error(m->d, at, "start-in", "the delayed job \"%s\" does not say when to start", job->job->name);
	diag_hint(m->d, "start_in: 30 minutes");
	return true;
}

static void leave_out(struct plan_job *job, const char *reason, struct mark at)
{
	job->included = false;
	job->when = WHEN_NEVER;
	job->decision = (struct decision){ at, reason };
}

static void apply_rule(struct planner *m, struct plan_job *job, const struct rule *rule)
{
	if (rule->when != WHEN_UNSET)
		job->when = rule->when;
	if (rule->allow_failure.state != UNSET)
		job->allow_failure = rule->allow_failure;
	if (rule->interruptible != UNSET)
		job->interruptible = rule->interruptible;
	if (rule->variables.list.count)
		job->rule = &rule->variables;
	if (rule->needs)
		m->needs[job->index] = rule->needs;
}

/* What the job says for itself. */
static void apply_job(struct planner *m, struct plan_job *job)
{
	const struct job *j = job->job;

	job->included = true;
	job->when = j->when == WHEN_UNSET ? WHEN_ON_SUCCESS : j->when;
	job->allow_failure = j->settings->allow_failure;
	if (j->settings->allow_failure.state == UNSET)
		job->allow_failure.state = j->when == WHEN_MANUAL ? YES : NO;
	job->interruptible = j->settings->interruptible;
	m->needs[job->index] = j->needs;
}

static bool decide_by_rules(struct planner *m, struct plan_job *job, const struct scope *scope)
{
	const struct rules *rules = job->job->rules;
	uint32_t at_index;
	const struct rule *rule = rules_match(m, rules, scope, &at_index);
	const char *start_in = job->job->settings->start_in;

	if (!rule) {
		leave_out(job, rules->list.count ? "no rule matched" : "it has no rule that could match", rules->at);
		return true;
	}
	job->decision = (struct decision){ rule->at, rules_reason(m, rule, at_index) };
	apply_rule(m, job, rule);
	if (job->when == WHEN_NEVER)
		leave_out(job, job->decision.reason, rule->at);
	if (rule->start_in)
		start_in = rule->start_in;
	return job->when != WHEN_DELAYED || delay(m, job, start_in, rule->at);
}

static bool decide_without(struct planner *m, struct plan_job *job, const struct scope *scope)
{
	const struct job *j = job->job;

	if (!only_decide(m, j, scope, &job->decision)) {
		leave_out(job, job->decision.reason, job->decision.at);
		return true;
	}
	if (job->when == WHEN_NEVER)
		leave_out(job, "it says when: never", j->at);
	return job->when != WHEN_DELAYED || delay(m, job, j->settings->start_in, j->at);
}

bool rules_decide(struct planner *m, struct plan_job *job)
{
	const struct job *j = job->job;
	struct variables own;
	struct scope scope = { .count = 0 };
	struct arena *scratch = planner_scratch(m);

	apply_job(m, job);
	if ((j->rules || j->settings->only || j->settings->except) && !plan_job_scope(m->plan, job, NULL, scratch, &own, &scope))
		return planner_nomem(m);
	return (j->rules ? decide_by_rules(m, job, &scope) : decide_without(m, job, &scope)) && !m->d->nomem;
}
