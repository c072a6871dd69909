/* A pipeline's row in the history, and those of its jobs, with the secrets taken out of what anybody will read. */
#include "base/error.h"
#include "base/json.h"
#include "runner/run/session.h"

/* The variables that the run was made with, as a JSON object; what is masked keeps its name only. */
static void write_variables(const struct pipe_plan *plan, struct str *out)
{
	const struct variables *const layers[] = { &plan->predefined, &plan->pipeline->variables, &plan->variables };
	struct json j;

	jsonw_init(&j, out, false);
	jsonw_object(&j);
	for (size_t l = 0; l < 3; l++)
		for (uint32_t i = 0; i < layers[l]->list.count; i++) {
			const struct variable *v = &layers[l]->list.items[i];
			bool hidden = false;
			for (size_t over = l + 1; over < 3; over++)
				hidden |= variables_get(layers[over], v->name) != NULL;
			if (!hidden)
				jsonw_kstring(&j, v->name, v->masked ? "[MASKED]" : v->value);
		}
	jsonw_object_end(&j);
}

/* A text of the run with the secrets taken out. */
static int masked_copy(struct pipeline_run *p, struct str *text, const char **out, pipe_error *err)
{
	struct str clean;
	int rc;

	str_init(&clean);
	rc = text->failed ? error_nomem(err) : mask_text(p->session->mask, text->data, text->length, &clean, err);
	if (rc == PIPE_OK && (clean.failed || !(*out = arena_strndup(&p->arena, clean.data, clean.length))))
		rc = error_nomem(err);
	str_clear(&clean);
	return rc;
}

static int describe(struct pipeline_run *p, struct store_run *r, pipe_error *err)
{
	struct str text;
	int rc;

	str_init(&text);
	node_write(p->plan->pipeline->root, NULL, &text);
	rc = masked_copy(p, &text, &r->definition, err);
	str_reset(&text);
	write_variables(p->plan, &text);
	if (rc == PIPE_OK)
		rc = masked_copy(p, &text, &r->variables, err);
	str_reset(&text);
	str_adds(&text, p->plan->replay);
	if (rc == PIPE_OK)
		rc = masked_copy(p, &text, &r->options, err);
	str_reset(&text);
	str_adds(&text, r->name ? r->name : "");
	if (rc == PIPE_OK && r->name)
		rc = masked_copy(p, &text, &r->name, err);
	str_clear(&text);
	return rc;
}

/* A name of an environment may be made of secrets. */
static int clean_environment(struct pipeline_run *p, const char *name, const char **out, pipe_error *err)
{
	struct str text;
	int rc;

	*out = name;
	if (!name || mask_is_empty(p->session->mask))
		return PIPE_OK;
	str_init(&text);
	str_adds(&text, name);
	rc = masked_copy(p, &text, out, err);
	str_clear(&text);
	return rc;
}

int pipeline_run_record(struct pipeline_run *p, pipe_error *err)
{
	struct pipe_run *s = p->session;
	const struct git_facts *git = &p->plan->git;
	struct store_run r = { .nonce = p->nonce,
			       .created_ms = p->started_ms,
			       .file = p->plan->pipeline->file,
			       .name = p->plan->plan->name,
			       .source = p->plan->source,
			       .commit_sha = git->sha,
			       .branch = p->plan->options.ref ? p->plan->options.ref : "",
			       .title = git->title,
			       .parent = p->trigger ? p->trigger->pipeline->number : 0,
			       .parent_job = p->trigger ? (int)p->trigger->index : -1,
			       .retry_of = p->trigger ? 0 : s->options.retry_of,
			       .jobs = p->open };
	int rc = describe(p, &r, err);

	r.dirty = s->dirty;
	if (rc == PIPE_OK)
		rc = store_run_create(s->store, &r, &p->number, err);
	for (uint32_t i = 0; rc == PIPE_OK && i < p->plan->plan->jobs.count; i++) {
		const struct plan_job *job = &p->plan->plan->jobs.items[i];
		struct store_job row = { .index = i,
					 .name = job->name,
					 .stage = p->plan->pipeline->stages.items[job->stage].name,
					 .status = PIPE_STATUS_WAITING,
					 .allow_failure = job->allow_failure.state == YES };
		if (!job->selected)
			continue;
		rc = clean_environment(p, job->environment_name, &row.environment, err);
		if (rc == PIPE_OK)
			rc = store_job_create(s->store, p->number, &row, err);
	}
	return rc;
}
