/*
 * Decoding one job: each of its keys is found in the keyword table, checked, and handed to the function that fills the job's
 * fields.  Jobs share what they inherit: a value that the job before had as well (the same node) is neither checked nor decoded
 * again, its outcome is copied.
 */
#include "pipeline/decode/decoding.h"
#include "pipeline/rule/expression.h"

#include <limits.h>
#include <string.h>

/* The pairs of the job being decoded, by keyword; NULL: not written, or null. */
struct written {
	const struct pair *of[KEYWORD_COUNT];
	bool misspelt; /* an unknown key that was surely meant to give the job something to do */
};

/* ---- one function for each keyword ---- */

#define SETTER(name, statement)                                                                                                  \
	static void set_##name(struct decoding *x, struct job *job, struct node *n)                                              \
	{                                                                                                                        \
		(void)x;                                                                                                         \
		(void)job;                                                                                                       \
		statement;                                                                                                       \
	}

SETTER(after_script, x->settings.after_script = decode_commands(x, n))
SETTER(allow_failure, x->settings.allow_failure = decode_allow_failure(x, n))
SETTER(artifacts, x->settings.artifacts = decode_artifacts(x, n))
SETTER(before_script, x->settings.before_script = decode_commands(x, n))
SETTER(cache, decode_caches(x, n, &x->settings))
SETTER(dependencies, x->settings.dependencies = decode_dependencies(x, n))
SETTER(environment, x->settings.environment = decode_environment(x, n))
SETTER(except, x->settings.except = decode_only(x, n))
SETTER(image, x->settings.image = decode_image(x, n))
SETTER(interruptible, x->settings.interruptible = decode_tristate(n))
SETTER(manual_confirmation, x->settings.manual_confirmation = decode_text(n))
SETTER(needs, job->needs = decode_needs(x, n))
SETTER(only, x->settings.only = decode_only(x, n))
SETTER(resource_group, x->settings.resource_group = decode_text(n))
SETTER(retry, x->settings.retry = decode_retry(x, n))
SETTER(rules, job->rules = decode_rules(x, n))
SETTER(run, job->main = decode_run(x, n))
SETTER(script, job->main = decode_commands(x, n))
SETTER(services, x->settings.services = decode_services(x, n))
SETTER(start_in, x->settings.start_in = decode_text(n))
SETTER(timeout, x->settings.timeout_ms = decode_duration(n))
SETTER(trigger, x->settings.trigger = decode_trigger(x, n))
SETTER(variables, x->settings.variables = decode_variables(x, n))
SETTER(when, job->when = decode_when(n))

/* An empty list means something only where it takes the place of tags that the job would have otherwise. */
static void set_tags(struct decoding *x, struct job *job, struct node *n)
{
	x->settings.tags = decode_texts_new(x, n);
	if (n->kind != NODE_LIST || n->count || x->default_tags || node_pair(job->node, "extends"))
		return;
	diag_warning(x->d, n->at, "empty-tags", "an empty \"tags\" takes no tags away here");
	diag_hint(x->d, "leave it out");
}

static void set_hooks(struct decoding *x, struct job *job, struct node *n)
{
	struct node *commands = n->kind == NODE_MAP ? node_get(n, "pre_get_sources_script") : NULL;
	script *out = node_is_null(commands) ? NULL : DECODE_NEW(x, script);

	(void)job;
	if (out)
		*out = decode_commands(x, commands);
	x->settings.pre_get_sources = out;
	x->settings.hooks = n->kind == NODE_MAP ? decode_hooks(x, n, true) : NULL;
}

static void set_inherit(struct decoding *x, struct job *job, struct node *n)
{
	struct node *variables = n->kind == NODE_MAP ? node_get(n, "variables") : NULL;

	(void)job;
	if (!variables || decode_is_null(variables) || (variables->kind == NODE_SCALAR && decode_bool(variables, true)))
		return;
	x->settings.inherit_variables = variables->kind == NODE_LIST ? decode_texts_new(x, variables) : DECODE_NEW(x, text_list);
}

static void set_shell(struct decoding *x, struct job *job, struct node *n)
{
	struct job_shell *out = DECODE_NEW(x, struct job_shell);

	(void)job;
	if (!out)
		return;
	out->at = n->at;
	out->argv = decode_texts(x, n);
	x->settings.shell = out->argv.count ? out : NULL;
}

/* `/regex/`; kept without the slashes. */
static void set_coverage(struct decoding *x, struct job *job, struct node *n)
{
	const char *text = decode_text(n);
	size_t length = text ? strlen(text) : 0;
	struct regex *regex;
	pipe_error err;

	(void)job;
	if (!text)
		return;
	if (length < 3 || text[0] != '/' || text[length - 1] != '/') {
		diag_error(x->d, n->at, "wrong-regex", "\"coverage\" takes a regular expression between slashes, not \"%s\"",
			   text);
		if (length > 2 && text[0] == '/' && strchr(text + 1, '/'))
			diag_hint(x->d, "nothing stands behind the second slash; flags stand behind the first: '/(?i)x/'");
		else if (length && text[0] != '/')
			diag_hint(x->d, "write '/%s/'", text);
		return;
	}
	memset(&err, 0, sizeof(err));
	regex = regex_compile(NULL, text + 1, length - 2, NULL, &err);
	if (regex) {
		regex_free(regex);
		x->settings.coverage = arena_strndup(x->a, text + 1, length - 2);
		x->nomem |= !x->settings.coverage;
	} else if (err.code == PIPE_ENOMEM) {
		x->nomem = true;
	} else {
		diag_error(x->d, n->at, "wrong-regex", "the regular expression of \"coverage\" is wrong: %s", err.text);
	}
}

/* Jobs that a matrix makes; saturates. */
static uint64_t matrix_size(const struct matrix *m, uint64_t most)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; m && i < m->rows.count; i++) {
		uint64_t row = 1;
		for (uint32_t k = 0; k < m->rows.items[i].axes.count && row <= most; k++)
			row *= m->rows.items[i].axes.items[k].values.count;
		sum += row;
		if (sum > most)
			break;
	}
	return sum;
}

static void set_parallel(struct decoding *x, struct job *job, struct node *n)
{
	int64_t count = 0;
	uint64_t jobs;

	x->settings.parallel_at = n->at;
	if (n->kind == NODE_MAP) {
		x->settings.matrix = decode_matrix(x, node_get(n, "matrix"));
		jobs = matrix_size(x->settings.matrix, x->limits->matrix);
	} else {
		jobs = n->kind == NODE_SCALAR && node_int(n, &count) && count > 0 ? (uint64_t)count : 0;
	}
	if (jobs <= x->limits->matrix && count <= INT_MAX) {
		x->settings.parallel = count > 0 ? (int)count : 0;
		return;
	}
	x->settings.matrix = NULL;
	diag_error(x->d, n->at, "matrix-limit", "\"%s\" would be more than %u jobs", job->name, (unsigned)x->limits->matrix);
	diag_hint(x->d, "the limit \"matrix\" can be raised");
}

static void set_stage(struct decoding *x, struct job *job, struct node *n)
{
	const char *name = decode_text(n);
	const struct stage *stage = name ? map_get(&x->stages, name, strlen(name)) : NULL;
	struct keyword *names;
	const char *best;

	job->stage_at = n->at;
	if (stage) {
		job->stage = (uint32_t)(stage - x->p->stages.items);
		return;
	}
	if (!name || x->stages_wrong)
		return;
	diag_error(x->d, n->at, "unknown-stage", "there is no stage \"%s\"", name);
	names = decode_alloc(x, sizeof(*names), (size_t)x->p->stages.count + 1);
	if (!names)
		return;
	for (uint32_t i = 0; i < x->p->stages.count; i++)
		names[i] = (struct keyword){ .name = x->p->stages.items[i].name, .where = IN_NESTED };
	best = keyword_nearest(names, IN_NESTED, name);
	if (best)
		diag_hint(x->d, "did you mean \"%s\"?", best);
	else
		diag_hint(x->d, "add it to \"stages\"");
}

/* offset and size: the field of the settings that the function fills, to be copied for the next job with the same value. */
#define FILLS(keyword, function, field)                                                                                          \
	[keyword] = { function, offsetof(struct job_settings, field), sizeof(((struct job_settings *)0)->field), true }
/* A field of the job itself. */
#define KEEPS(keyword, function, field)                                                                                          \
	[keyword] = { function, offsetof(struct job, field), sizeof(((struct job *)0)->field), false }
/* Fills several fields, or says something about the job itself: called for each job. */
#define CALLS(keyword, function, of_settings) [keyword] = { function, 0, 0, of_settings }

/* Both that `hooks` fills: they stand side by side. */
enum {
	HOOKS_SIZE = offsetof(struct job_settings, hooks) + sizeof(const struct hooks *) -
		     offsetof(struct job_settings, pre_get_sources)
};
_Static_assert(HOOKS_SIZE == 2 * sizeof(void *), "`hooks` fills two fields of the settings, side by side");

static const struct {
	void (*set)(struct decoding *x, struct job *job, struct node *n);
	size_t offset, size;
	bool of_settings;
} setters[KEYWORD_COUNT] = {
	FILLS(KEYWORD_AFTER_SCRIPT, set_after_script, after_script),
	FILLS(KEYWORD_ALLOW_FAILURE, set_allow_failure, allow_failure),
	FILLS(KEYWORD_ARTIFACTS, set_artifacts, artifacts),
	FILLS(KEYWORD_BEFORE_SCRIPT, set_before_script, before_script),
	FILLS(KEYWORD_CACHE, set_cache, caches),
	FILLS(KEYWORD_COVERAGE, set_coverage, coverage),
	FILLS(KEYWORD_DEPENDENCIES, set_dependencies, dependencies),
	FILLS(KEYWORD_ENVIRONMENT, set_environment, environment),
	FILLS(KEYWORD_EXCEPT, set_except, except),
	[KEYWORD_HOOKS] = { set_hooks, offsetof(struct job_settings, pre_get_sources), HOOKS_SIZE, true },
	FILLS(KEYWORD_IMAGE, set_image, image),
	FILLS(KEYWORD_INHERIT, set_inherit, inherit_variables),
	FILLS(KEYWORD_INTERRUPTIBLE, set_interruptible, interruptible),
	FILLS(KEYWORD_MANUAL_CONFIRMATION, set_manual_confirmation, manual_confirmation),
	KEEPS(KEYWORD_NEEDS, set_needs, needs),
	FILLS(KEYWORD_ONLY, set_only, only),
	CALLS(KEYWORD_PARALLEL, set_parallel, true),
	FILLS(KEYWORD_RESOURCE_GROUP, set_resource_group, resource_group),
	FILLS(KEYWORD_RETRY, set_retry, retry),
	KEEPS(KEYWORD_RULES, set_rules, rules),
	KEEPS(KEYWORD_RUN, set_run, main),
	KEEPS(KEYWORD_SCRIPT, set_script, main),
	FILLS(KEYWORD_SERVICES, set_services, services),
	FILLS(KEYWORD_SHELL, set_shell, shell),
	CALLS(KEYWORD_STAGE, set_stage, false),
	FILLS(KEYWORD_START_IN, set_start_in, start_in),
	FILLS(KEYWORD_TAGS, set_tags, tags),
	FILLS(KEYWORD_TIMEOUT, set_timeout, timeout_ms),
	FILLS(KEYWORD_TRIGGER, set_trigger, trigger),
	FILLS(KEYWORD_VARIABLES, set_variables, variables),
	KEEPS(KEYWORD_WHEN, set_when, when),
};

/* ---- what is not honoured ---- */

void decode_later(struct decoding *x, const struct keyword *outer, const struct keyword *row)
{
	unsigned i = 0;

	while (i < DECODE_LATER && x->known[i].row && (x->known[i].row != row || x->known[i].outer != outer))
		i++;
	if (i == DECODE_LATER)
		return;
	if (!x->known[i].row) {
		x->known[i] = (struct keyword_use){ outer, row };
		x->names[i] = outer ? arena_printf(x->a, "%s:%s", outer->name, row->name) : row->name;
		x->nomem |= !x->names[i];
	}
	x->later |= (uint32_t)1 << i;
}

static text_list later_names(struct decoding *x, uint32_t mask)
{
	text_list out = { NULL, 0, 0 };
	unsigned slot = 0;

	while (slot < DECODE_MASKS - 1 && x->masks[slot] && x->masks[slot] != mask)
		slot++;
	if (x->masks[slot] == mask)
		return x->lists[slot];
	if (!DECODE_ROOM(x, &out, (uint32_t)__builtin_popcount(mask)))
		return out;
	for (unsigned i = 0; i < DECODE_LATER; i++)
		if (mask >> i & 1 && x->names[i])
			out.items[out.count++] = x->names[i];
	x->masks[slot] = mask;
	x->lists[slot] = out;
	return out;
}

/* ---- the walk over a job's keys ---- */

static void unknown_key(struct decoding *x, const struct node *key, struct written *w)
{
	static const char *const work[] = { "script", "run", "trigger", "uses", "extends" };
	const char *best = strcmp(key->text, "type") == 0 ? "stage" : keyword_nearest(keywords, IN_JOB, key->text);

	diag_error(x->d, key->at, "unknown-keyword", "a job has no keyword \"%s\"", key->text);
	if (best)
		diag_hint(x->d, "did you mean \"%s\"?", best);
	else if (keyword_find(keywords, IN_GLOBAL, key->text, key->count))
		diag_hint(x->d, "\"%s\" stands at the top level of the file", key->text);
	for (size_t i = 0; best && i < sizeof(work) / sizeof(*work); i++)
		w->misspelt |= !strcmp(best, work[i]);
}

static void decode_value_of(struct decoding *x, struct job *job, const struct keyword *k, struct node *n)
{
	struct keyword_uses uses;

	uses.count = 0;
	keyword_check(k, n, x->d, &uses);
	for (unsigned i = 0; i < uses.count; i++)
		decode_later(x, uses.list[i].outer, uses.list[i].row);
	if (n->tag != TAG_REFERENCE && n->tag != TAG_LOST && setters[k->id].set)
		setters[k->id].set(x, job, n);
}

/* What an earlier job has from the same value. */
static void copy_value(struct decoding *x, struct job *job, const struct job *from, enum keyword_id id)
{
	size_t offset = setters[id].offset, size = setters[id].size;

	if (setters[id].of_settings)
		memcpy((char *)&x->settings + offset, (const char *)from->settings + offset, size);
	else
		memcpy((char *)job + offset, (const char *)from + offset, size);
}

static uint32_t decode_pair(struct decoding *x, struct job *job, const struct keyword *k, struct pair *p)
{
	struct decoded *recent = &x->recent[k->id][(uintptr_t)p->value / sizeof(*p->value) % DECODE_RECENT];

	x->later = 0;
	x->has_settings |= setters[k->id].of_settings;
	if (k->fate != HONOURED) {
		struct keyword_uses uses = { .count = 0 };
		keyword_fate_check(NULL, k, p->key, x->d, &uses);
		if (uses.count)
			decode_later(x, NULL, k);
	}
	if (recent->value == p->value && setters[k->id].size) {
		copy_value(x, job, recent->job, k->id);
		return x->later | recent->later;
	}
	decode_value_of(x, job, k, p->value);
	if (k->id != KEYWORD_NONE)
		*recent = (struct decoded){ p->value, job, x->later };
	return x->later;
}

/* ---- what keywords mean together ---- */

static bool is_blank(const struct node *n)
{
	if (n->tag == TAG_LOST)
		return false;
	if (n->kind == NODE_SCALAR)
		return n->text[strspn(n->text, " \t\r\n")] == '\0';
	return n->kind == NODE_LIST && !n->count;
}

/* A job that only shows how a pipeline of another project is. */
static bool mirrors_pipeline(const struct job *job)
{
	const struct need *first = job->needs && job->needs->list.count ? &job->needs->list.items[0] : NULL;

	return first && !first->job && first->elsewhere;
}

static void check_work(struct decoding *x, struct job *job, const struct written *w)
{
	const struct pair *commands = w->of[KEYWORD_SCRIPT];
	const struct pair *other = w->of[KEYWORD_TRIGGER] ? w->of[KEYWORD_TRIGGER] : w->of[KEYWORD_RUN];
	bool typed = w->of[KEYWORD_USES] || w->of[KEYWORD_WITH];

	job->has_script = commands || w->of[KEYWORD_RUN];
	if (commands && is_blank(commands->value)) {
		diag_error(x->d, commands->value->at, "script-blank", "the script of \"%s\" is blank", job->name);
	} else if (commands && other) {
		diag_error(x->d, other->key->at, "conflicting-keywords", "\"%s\" and \"script\" cannot stand in one job",
			   other->key->text);
		diag_related(x->d, commands->key->at, "the script is here");
	} else if (!commands && !other && !typed && !w->misspelt && !mirrors_pipeline(job)) {
		diag_error(x->d, job->at, "no-script", "the job \"%s\" has nothing to do", job->name);
		diag_hint(x->d, "a job needs \"script\", \"uses\", \"run\" or \"trigger\"; a template's name begins with a dot");
	}
}

/* A trigger job has no script, and so nothing of what only a script needs. */
static void check_trigger(struct decoding *x, const struct job *job, const struct written *w)
{
	static const char *const of_scripts[] = {
		"after_script", "artifacts", "before_script", "cache",	  "coverage", "dast_configuration",
		"dependencies", "id_tokens", "identity",      "image",	  "pages",    "publish",
		"release",	"retry",     "secrets",	      "services", "shell",    "tags",
		"timeout",
	};

	for (size_t i = 0; w->of[KEYWORD_TRIGGER] && i < sizeof(of_scripts) / sizeof(*of_scripts); i++) {
		const struct pair *p = node_pair(job->node, of_scripts[i]);
		if (!p || node_is_null(p->value))
			continue;
		diag_error(x->d, p->key->at, "conflicting-keywords", "\"trigger\" and \"%s\" cannot stand in one job",
			   of_scripts[i]);
		diag_hint(x->d, "put it into the jobs of the pipeline that is started");
		diag_related(x->d, w->of[KEYWORD_TRIGGER]->key->at, "the trigger is here");
	}
}

static void check_start(struct decoding *x, const struct job *job, const struct written *w)
{
	enum { WEEK_MS = 7 * 24 * 3600 * 1000 };
	const struct pair *start = w->of[KEYWORD_START_IN];

	if (start && job->rules) {
		diag_error(x->d, start->key->at, "start-in", "\"start_in\" of a job with \"rules\" stands in a rule");
	} else if (start && job->when != WHEN_DELAYED) {
		diag_error(x->d, start->key->at, "start-in", "\"start_in\" stands in a job that is not delayed");
		diag_hint(x->d, "add \"when: delayed\"");
	} else if (!start && w->of[KEYWORD_WHEN] && job->when == WHEN_DELAYED && !job->rules) {
		diag_error(x->d, w->of[KEYWORD_WHEN]->value->at, "start-in", "\"when: delayed\" does not say how long to wait");
		diag_hint(x->d, "add \"start_in: 30 minutes\" or the like");
	} else if (start && decode_duration(start->value) > WEEK_MS) {
		diag_error(x->d, start->value->at, "start-in", "\"start_in\" is longer than a week");
	}
}

static void check_filters(struct decoding *x, const struct job *job, const struct written *w)
{
	const struct pair *old = w->of[KEYWORD_ONLY] ? w->of[KEYWORD_ONLY] : w->of[KEYWORD_EXCEPT];

	if (!job->rules || !old)
		return;
	diag_error(x->d, old->key->at, "conflicting-keywords", "\"%s\" and \"rules\" cannot stand in one job", old->key->text);
	diag_related(x->d, w->of[KEYWORD_RULES]->key->at, "the rules are here");
}

static void default_stage(struct decoding *x, struct job *job)
{
	const struct stage *test = map_get(&x->stages, "test", 4);

	job->stage_at = job->at;
	if (test) {
		job->stage = (uint32_t)(test - x->p->stages.items);
		return;
	}
	if (x->stages_wrong)
		return;
	diag_error(x->d, job->at, "unknown-stage", "the job \"%s\" says no stage, and \"test\" is not among the stages",
		   job->name);
	diag_hint(x->d, "add \"stage:\" to the job");
}

/* `varaibles:` at the top level looks like a job. */
static bool misspelt_global(struct decoding *x, const struct job *job)
{
	static const char *const of_jobs[] = { "script", "run", "trigger", "uses", "stage", "extends", "rules", "needs" };
	size_t length = strlen(job->name);
	const char *best;

	for (size_t i = 0; i < sizeof(of_jobs) / sizeof(*of_jobs); i++)
		if (node_pair(job->node, of_jobs[i]))
			return false;
	best = keyword_nearest(keywords, IN_GLOBAL, job->name);
	if (!best || strlen(best) > length + 2 || length > strlen(best) + 2)
		return false;
	diag_error(x->d, job->at, "unknown-keyword", "there is no keyword \"%s\"", job->name);
	diag_hint(x->d, "did you mean \"%s\"?", best);
	return true;
}

/* The jobs of a file are much alike: a key is first looked for where the job before had it. */
static const struct keyword *find_keyword(struct decoding *x, uint32_t place, const struct node *key)
{
	const struct keyword **guess = &x->guess[place % DECODE_GUESSES];

	if (!*guess || strcmp((*guess)->name, key->text) != 0)
		*guess = keyword_find(keywords, IN_JOB, key->text, key->count);
	return *guess;
}

static const struct job_settings no_settings;

/* The same settings that a job before had, or a copy of their own. */
static const struct job_settings *share_settings(struct decoding *x)
{
	const char *bytes = (const char *)&x->settings;
	const struct job_settings **slot = &x->shared[map_hash(bytes, sizeof(x->settings)) % DECODE_SHARED];
	struct job_settings *own;

	if (!x->has_settings)
		return &no_settings;
	/* Padding that differs makes one copy more. NOLINTNEXTLINE(bugprone-suspicious-memory-comparison) */
	if (!*slot || memcmp(*slot, bytes, sizeof(x->settings)) != 0) {
		own = DECODE_NEW(x, struct job_settings);
		if (!own)
			return &no_settings;
		*own = x->settings;
		*slot = own;
	}
	memset(&x->settings, 0, sizeof(x->settings));
	x->has_settings = false;
	return *slot;
}

void decode_job(struct decoding *x, struct job *job)
{
	struct written w;
	uint32_t later = 0;

	memset(&w, 0, sizeof(w));
	job->settings = &no_settings;
	if (misspelt_global(x, job))
		return;
	for (uint32_t i = 0; i < job->node->count; i++) {
		struct pair *p = &job->node->pairs[i];
		const struct keyword *k = find_keyword(x, i, p->key);

		if (!k) {
			unknown_key(x, p->key, &w);
		} else if (!decode_is_null(p->value)) {
			later |= decode_pair(x, job, k, p);
			w.of[k->id] = p;
		}
	}
	if (w.of[KEYWORD_USES] || w.of[KEYWORD_WITH]) {
		x->later = 0;
		decode_uses(x, job, w.of);
		later |= x->later;
	}
	if (later) {
		x->settings.unhonoured = later_names(x, later);
		x->has_settings = true;
	}
	job->settings = share_settings(x);
	if (!w.of[KEYWORD_STAGE])
		default_stage(x, job);
	check_work(x, job, &w);
	check_trigger(x, job, &w);
	check_start(x, job, &w);
	check_filters(x, job, &w);
}
