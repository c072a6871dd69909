/* Decoding the top level of the merged document: stages, global keywords, and which of its keys are jobs. */
#include "pipeline/decode/decode.h"
#include "base/utf8.h"
#include "pipeline/decode/decoding.h"
#include "pipeline/document/root.h"

#include <stdlib.h>
#include <string.h>

enum { JOB_NAME_MOST = 255 };

static const struct node empty = { .kind = NODE_MAP };

/* ---- stages ---- */

static void add_stage(struct decoding *x, const char *name, struct mark at)
{
	struct stage *stage = map_get(&x->stages, name, strlen(name));

	if (stage) {
		diag_warning(x->d, at, "stage-twice", "the stage \"%s\" is there already", name);
		return;
	}
	stage = &x->p->stages.items[x->p->stages.count++];
	*stage = (struct stage){ name, at };
	if (!map_put(&x->stages, x->a, name, strlen(name), stage))
		x->nomem = true;
}

/* .pre and .post frame what the file says, and may be named by it. */
static void decode_stages(struct decoding *x, struct node *n)
{
	static const char *const usual[] = { "build", "test", "deploy" };
	enum { USUAL = sizeof(usual) / sizeof(*usual) };
	bool given = !node_is_null(n);
	struct flat f = { .count = 0 };

	x->stages_wrong = given && !keyword_check(keyword_by_path("stages"), n, x->d, NULL);
	if (given && !decode_flat(x, n, &f))
		return;
	if (!DECODE_ROOM(x, &x->p->stages, f.count + USUAL + 2))
		return;
	add_stage(x, ".pre", MARK_NONE);
	for (int i = 0; !given && i < USUAL; i++)
		add_stage(x, usual[i], MARK_NONE);
	for (uint32_t i = 0; i < f.count; i++)
		if (f.items[i]->kind == NODE_SCALAR && strcmp(f.items[i]->text, ".pre") != 0 &&
		    strcmp(f.items[i]->text, ".post") != 0)
			add_stage(x, f.items[i]->text, f.items[i]->at);
	add_stage(x, ".post", MARK_NONE);
}

/* ---- the top level ---- */

/* Keywords of GitLab's past, and what took their place. */
static const struct {
	const char *name, *now;
} renamed[] = { { "types", "stages" } };

static bool is_renamed(struct decoding *x, const struct node *key)
{
	for (size_t i = 0; i < sizeof(renamed) / sizeof(*renamed); i++) {
		if (strcmp(renamed[i].name, key->text) != 0)
			continue;
		diag_error(x->d, key->at, "unknown-keyword", "there is no keyword \"%s\" any more", key->text);
		diag_hint(x->d, "it is \"%s\" now", renamed[i].now);
		return true;
	}
	return false;
}

/* What GitLab does not take as a job's name. */
static bool good_name(struct decoding *x, const struct node *key)
{
	static const char *const reserved[] = { "true", "false", "nil" };

	if (!key->count) {
		diag_error(x->d, key->at, "job-name", "the job has no name");
		return false;
	}
	if (key->count > JOB_NAME_MOST && utf8_count(key->text, key->count) > JOB_NAME_MOST) {
		diag_error(x->d, key->at, "job-name", "the job's name is longer than %d characters", JOB_NAME_MOST);
		return false;
	}
	for (size_t i = 0; key->style == STYLE_PLAIN && i < sizeof(reserved) / sizeof(*reserved); i++) {
		if (strcmp(reserved[i], key->text) != 0)
			continue;
		diag_error(x->d, key->at, "job-name", "\"%s\" cannot be the name of a job", key->text);
		diag_hint(x->d, "in quotes it can");
		return false;
	}
	return true;
}

/* The keyword in front of a colon without the space that would end it: `script:make` is text. */
static const char *glued_keyword(struct decoding *x, const struct node *v)
{
	size_t length;

	if (v->kind != NODE_SCALAR || v->style != STYLE_PLAIN)
		return NULL;
	length = strcspn(v->text, ": ");
	return v->text[length] == ':' && keyword_find(keywords, IN_JOB, v->text, length) ? arena_strndup(x->a, v->text, length)
											 : NULL;
}

static void not_a_job(struct decoding *x, const struct pair *p)
{
	const char *best, *glued;

	if (p->value->tag == TAG_REFERENCE || p->value->tag == TAG_LOST)
		return;
	if (node_is_null(p->value))
		diag_error(x->d, p->key->at, "no-script", "the job \"%s\" is empty", p->key->text);
	else
		diag_error(x->d, p->key->at, "not-a-job", "\"%s\" is neither a keyword nor a job, which is a map, not %s",
			   p->key->text, node_describe(p->value));
	if (!x->d->last)
		return; /* it was only counted: a file may have a million of them */
	best = keyword_nearest(keywords, IN_GLOBAL, p->key->text);
	glued = glued_keyword(x, p->value);
	if (best)
		diag_hint(x->d, "did you mean \"%s\"?", best);
	else if (glued)
		diag_hint(x->d, "a space is missing behind the colon of \"%s:\"", glued);
	else
		diag_hint(x->d, "a job needs \"script\", \"uses\", \"run\" or \"trigger\"; a template's name begins with a dot");
}

static void add_job(struct decoding *x, struct pair *p)
{
	struct job *job;

	if (!good_name(x, p->key))
		return;
	job = &x->p->jobs.items[x->p->jobs.count];
	job->index = x->p->jobs.count++;
	job->name = p->key->text;
	job->at = p->key->at;
	job->node = p->value;
	if (!map_put(&x->p->job_by_name, x->a, p->key->text, p->key->count, job))
		x->nomem = true;
}

static void add_template(struct decoding *x, const struct node *key)
{
	const char **name = vec_push(x->a, &x->p->templates);

	if (name)
		*name = key->text;
	else
		x->nomem = true;
}

/* Is it meant as a job, although its name says something about all jobs? */
static bool is_named_like_a_keyword(const struct keyword *k, const struct node *value)
{
	static const char *const work[] = { "script", "uses", "stage", "trigger" };

	for (size_t i = 0; (k->where & IN_JOB) && k->id != KEYWORD_VARIABLES && i < sizeof(work) / sizeof(*work); i++)
		if (value->kind == NODE_MAP && node_pair(value, work[i]))
			return true;
	return false;
}

/* Checked also where each job has hooks of its own. */
static void default_hooks(struct decoding *x, const struct node *section)
{
	const struct node *hooks = section->kind == NODE_MAP ? node_get(section, "hooks") : NULL;

	if (hooks && hooks->kind == NODE_MAP)
		decode_hooks_place(x, hooks, true);
}

/* A keyword of the top level.  The files of `include` were read, and checked, before. */
static void global_keyword(struct decoding *x, const struct keyword *k, const struct pair *p)
{
	if (!strcmp(k->name, "include") || !strcmp(k->name, "stages") || node_is_null(p->value))
		return;
	if (!strcmp(k->name, "spec")) {
		diag_error(x->d, p->key->at, "spec-place", "\"spec\" stands in a document of its own in front of the pipeline");
		diag_hint(x->d, "end it with a line \"---\"");
		return;
	}
	if (is_named_like_a_keyword(k, p->value)) {
		diag_error(x->d, p->key->at, "job-name-keyword",
			   "no job can be called \"%s\": at the top level that is the keyword", k->name);
		diag_hint(x->d, "give the job another name, \"build %s\" for instance", k->name);
		return;
	}
	keyword_check(k, p->value, x->d, NULL);
	if (k->id == KEYWORD_VARIABLES)
		x->p->variables = decode_variables(x, p->value);
	else if (k->id == KEYWORD_HOOKS)
		x->p->hooks = decode_hooks(x, p->value, false);
	else if (!strcmp(k->name, "default"))
		default_hooks(x, p->value);
	else if (!strcmp(k->name, "workflow"))
		decode_workflow(x, p->value);
}

static void top_level(struct decoding *x, const struct node *root)
{
	for (uint32_t i = 0; i < root->count; i++) {
		struct pair *p = &root->pairs[i];
		const struct keyword *k = keyword_find(keywords, IN_GLOBAL, p->key->text, p->key->count);

		if (k && !root_gives_way(k->name, p->value))
			global_keyword(x, k, p);
		else if (p->key->text[0] == '.')
			add_template(x, p->key);
		else if (is_renamed(x, p->key))
			continue;
		else if (p->value->kind == NODE_MAP)
			add_job(x, p);
		else
			not_a_job(x, p);
	}
}

static bool room_for_jobs(struct decoding *x, const struct node *root)
{
	uint32_t count = 0;

	for (uint32_t i = 0; i < root->count; i++)
		count += root->pairs[i].value->kind == NODE_MAP && root->pairs[i].key->text[0] != '.';
	if (!count)
		return true;
	if (!map_reserve(&x->p->job_by_name, x->a, count))
		x->nomem = true;
	return DECODE_ROOM(x, &x->p->jobs, count);
}

static bool has_default_tags(const struct node *root)
{
	const struct node *shared = node_get(root, "default"), *tags = node_get(shared, "tags");

	return tags && tags->count;
}

static void decode_root(struct decoding *x, const struct node *root)
{
	const struct node *lua = node_get(root, "lua");

	x->default_tags = has_default_tags(root);
	/* Before any Lua is looked at. */
	if (lua && lua->kind == NODE_MAP && !root_gives_way("lua", lua))
		decode_lua_settings(x, lua);
	decode_stages(x, node_get(root, "stages"));
	if (!room_for_jobs(x, root))
		return;
	top_level(x, root);
	if (x->p->stages.count)
		for (uint32_t i = 0; i < x->p->jobs.count; i++)
			decode_job(x, &x->p->jobs.items[i]);
	decode_lua_sort(x);
	if (x->p->jobs.count || x->d->errors)
		return;
	diag_error(x->d, root->at.line ? root->at : (struct mark){ 1, 1, root->at.source }, "no-jobs",
		   "the pipeline has no jobs");
	diag_hint(x->d, "a job is a name and a map with a \"script\"");
}

int pipeline_decode(struct pipeline *p, struct arena *a, const struct node *root, const struct decode_options *options,
		    struct diagnostics *d)
{
	struct decoding *x = calloc(1, sizeof(*x));
	int rc = PIPE_ENOMEM;

	if (!x)
		return rc;
	x->p = p;
	x->a = a;
	x->d = d;
	x->o = options;
	x->limits = options->limits;
	x->uses = options->uses;
	if (node_is_null(root))
		root = &empty;
	if (root->kind != NODE_MAP) {
		diag_error(d, root->at, "not-a-pipeline", "a pipeline file is a map of keywords and jobs, not %s",
			   node_describe(root));
	} else {
		decode_root(x, root);
	}
	if (!x->nomem && !d->nomem)
		rc = d->errors ? PIPE_EPIPELINE : PIPE_OK;
	free(x);
	return rc;
}
