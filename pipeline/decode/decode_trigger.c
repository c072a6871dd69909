/* Decoding what happens around a job: the pipelines that it starts, and its further attempts. */
#include "pipeline/decode/decoding.h"

#include <string.h>

/* ---- trigger ---- */

static const struct {
	const char *key;
	enum trigger_file_kind kind;
	const char *with; /* a key that must stand beside it; or NULL */
} file_kinds[] = {
	{ "local", TRIGGER_LOCAL, NULL },   { "artifact", TRIGGER_ARTIFACT, "job" }, { "project", TRIGGER_PROJECT, "file" },
	{ "remote", TRIGGER_REMOTE, NULL }, { "template", TRIGGER_TEMPLATE, NULL },  { "component", TRIGGER_COMPONENT, NULL },
};
enum { FILE_KINDS = sizeof(file_kinds) / sizeof(*file_kinds) };

/* Which of file_kinds an item of trigger:include is; -1: none, or several, and reported. */
static int file_kind(struct decoding *x, const struct node *n)
{
	int found = -1;

	for (int i = 0; i < FILE_KINDS; i++) {
		const struct pair *p = node_pair(n, file_kinds[i].key);
		if (!p || node_is_null(p->value))
			continue;
		if (found >= 0) {
			diag_error(x->d, p->key->at, "conflicting-keywords", "\"%s\" and \"%s\" are two different files",
				   file_kinds[found].key, file_kinds[i].key);
			return -1;
		}
		found = i;
	}
	if (found < 0) {
		diag_error(x->d, n->at, "missing-keyword", "this does not say which file to take");
		diag_hint(x->d,
			  "give \"local\", \"artifact\" and \"job\", \"project\" and \"file\", \"remote\" or \"component\"");
	}
	return found;
}

static void trigger_map(struct decoding *x, struct node *n, struct trigger_file *out)
{
	int kind = file_kind(x, n);
	const char *with = kind < 0 ? NULL : file_kinds[kind].with;

	if (kind < 0)
		return;
	if (with && node_is_null(node_get(n, with))) {
		diag_error(x->d, node_pair(n, file_kinds[kind].key)->key->at, "missing-keyword", "\"%s\" stands without \"%s\"",
			   file_kinds[kind].key, with);
		return;
	}
	out->kind = file_kinds[kind].kind;
	out->path = decode_text(node_get(n, out->kind == TRIGGER_PROJECT ? "file" : file_kinds[kind].key));
	out->job = decode_text(node_get(n, "job"));
	out->project = decode_text(node_get(n, "project"));
	out->ref = decode_text(node_get(n, "ref"));
	out->inputs = node_get(n, "inputs");
}

/* project and file: [a, b]: a file for each of them. */
static uint32_t trigger_file_count(struct decoding *x, struct node *n, struct flat *files)
{
	struct node *file = n->kind == NODE_MAP ? node_get(n, "file") : NULL;

	files->count = 0;
	if (file && file->kind == NODE_LIST && decode_flat(x, file, files) && files->count)
		return files->count;
	return 1;
}

static void trigger_item(struct decoding *x, struct node *n, struct trigger *out)
{
	struct trigger_file one = { .kind = TRIGGER_LOCAL, .at = n->at, .include = n };
	struct flat files;
	uint32_t count = trigger_file_count(x, n, &files);

	if (n->kind == NODE_MAP)
		trigger_map(x, n, &one);
	else
		one.path = decode_text(n);
	if (one.path && !*one.path)
		diag_error(x->d, n->at, "missing-keyword", "this does not say which file to take");
	for (uint32_t i = 0; i < count; i++) {
		struct trigger_file *file = vec_push(x->a, &out->files);
		if (!file) {
			x->nomem = true;
			return;
		}
		*file = one;
		if (files.count && files.items[i]->kind == NODE_SCALAR)
			file->path = files.items[i]->text;
	}
}

static void trigger_forward(const struct node *n, struct trigger *out)
{
	out->forward_yaml = true;
	if (!n || n->kind != NODE_MAP)
		return;
	out->forward_yaml = decode_bool(node_get(n, "yaml_variables"), true);
	out->forward_pipeline = decode_bool(node_get(n, "pipeline_variables"), false);
}

static void trigger_check(struct decoding *x, const struct node *n, const struct trigger *out)
{
	const struct node *include = node_get(n, "include");

	if (node_is_null(include) && !out->project) {
		diag_error(x->d, n->at, "missing-keyword", "\"trigger\" needs \"include\" or \"project\"");
	} else if (!node_is_null(include) && out->project) {
		diag_error(x->d, node_pair(n, "project")->key->at, "conflicting-keywords",
			   "\"trigger\" takes either \"include\" or \"project\"");
	} else if (out->project && !*out->project) {
		diag_error(x->d, node_get(n, "project")->at, "missing-keyword", "\"trigger\" does not name the project");
	} else if (out->branch && !out->project) {
		diag_error(x->d, node_pair(n, "branch")->key->at, "conflicting-keywords",
			   "\"trigger:branch\" stands without \"project\"");
		diag_hint(x->d, "a child pipeline runs on the branch of its parent");
	}
}

static void trigger_fields(struct decoding *x, const struct node *n, struct trigger *out)
{
	struct node *include = node_get(n, "include");
	const char *strategy = decode_text(node_get(n, "strategy"));
	struct flat f;

	out->project = decode_text(node_get(n, "project"));
	out->branch = decode_text(node_get(n, "branch"));
	out->depend = strategy && !strcmp(strategy, "depend");
	out->mirror = strategy && !strcmp(strategy, "mirror");
	out->inputs = node_get(n, "inputs");
	trigger_forward(node_get(n, "forward"), out);
	trigger_check(x, n, out);
	if (!decode_flat(x, include, &f))
		return;
	for (uint32_t i = 0; i < f.count; i++)
		trigger_item(x, f.items[i], out);
}

struct trigger *decode_trigger(struct decoding *x, struct node *n)
{
	struct trigger *out = DECODE_NEW(x, struct trigger);

	if (!out)
		return NULL;
	out->at = n->at;
	out->forward_yaml = true;
	if (n->kind == NODE_MAP) {
		trigger_fields(x, n, out);
		return out;
	}
	out->project = decode_text(n);
	if (out->project && !*out->project)
		diag_error(x->d, n->at, "missing-keyword", "\"trigger\" does not name the project");
	decode_later(x, keyword_by_path("trigger"), keyword_by_path("trigger:project"));
	return out;
}

/* ---- retry ---- */

/* GitLab has more words for failures than a run here can tell apart. */
static const struct {
	const char *name;
	unsigned cause;
} causes[] = {
	{ "always", RETRY_ALWAYS },
	{ "unknown_failure", RETRY_UNKNOWN_FAILURE },
	{ "script_failure", RETRY_SCRIPT_FAILURE },
	{ "api_failure", RETRY_API_FAILURE },
	{ "stuck_or_timeout_failure", RETRY_STUCK_OR_TIMEOUT_FAILURE },
	{ "stuck_pending_with_matching_runners", RETRY_STUCK_OR_TIMEOUT_FAILURE },
	{ "stuck_pending_no_matching_runners", RETRY_STUCK_OR_TIMEOUT_FAILURE },
	{ "no_updates_running", RETRY_STUCK_OR_TIMEOUT_FAILURE },
	{ "no_updates_canceling", RETRY_STUCK_OR_TIMEOUT_FAILURE },
	{ "runner_system_failure", RETRY_RUNNER_SYSTEM_FAILURE },
	{ "runner_configuration_error", RETRY_RUNNER_SYSTEM_FAILURE },
	{ "runner_external_dependency_failure", RETRY_RUNNER_SYSTEM_FAILURE },
	{ "runner_interrupted", RETRY_RUNNER_SYSTEM_FAILURE },
	{ "runner_unsupported", RETRY_RUNNER_UNSUPPORTED },
	{ "stale_schedule", RETRY_STALE_SCHEDULE },
	{ "job_execution_timeout", RETRY_JOB_EXECUTION_TIMEOUT },
	{ "server_timeout_running", RETRY_JOB_EXECUTION_TIMEOUT },
	{ "server_timeout_canceling", RETRY_STUCK_OR_TIMEOUT_FAILURE },
	{ "archived_failure", RETRY_ARCHIVED_FAILURE },
	{ "unmet_prerequisites", RETRY_UNMET_PREREQUISITES },
	{ "scheduler_failure", RETRY_SCHEDULER_FAILURE },
	{ "data_integrity_failure", RETRY_DATA_INTEGRITY_FAILURE },
};

static unsigned retry_causes(struct decoding *x, struct node *n)
{
	unsigned bits = 0;
	struct flat f;

	if (!decode_flat(x, n, &f))
		return 0;
	for (uint32_t i = 0; i < f.count; i++)
		for (size_t c = 0; c < sizeof(causes) / sizeof(*causes); c++)
			if (f.items[i]->kind == NODE_SCALAR && !strcmp(f.items[i]->text, causes[c].name))
				bits |= causes[c].cause;
	return bits;
}

struct retry *decode_retry(struct decoding *x, struct node *n)
{
	struct retry *out = DECODE_NEW(x, struct retry);
	const struct node *max = n->kind == NODE_MAP ? node_get(n, "max") : n;
	int64_t number = 0;

	if (!out)
		return NULL;
	if (max && max->kind == NODE_SCALAR && node_int(max, &number) && number >= 0 && number <= 2)
		out->max = (int)number;
	if (n->kind != NODE_MAP)
		return out;
	out->causes = retry_causes(x, node_get(n, "when"));
	out->codes = decode_exit_codes(x, node_get(n, "exit_codes"));
	return out;
}
