#include "stages/helm/helm.h"

#include "base/error.h"
#include "pipeline/document/source.h"
#include "stages/parameter.h"
#include "stages/project.h"
#include "stages/scanner/version/version.h"

#include <ctype.h>
#include <string.h>

static const char *const version_argv[] = { "helm", "version", "--short", NULL };
const struct stage_tool helm_tool = {
	.name = "helm", .version = "3.8", .version_argv = version_argv, .package = "a release of Helm 3 on the PATH"
};

/* ---- what a chart says of itself ---- */

static const char *field(const struct node *root, const char *name, struct arena *a)
{
	const struct node *n = root && root->kind == NODE_MAP ? node_get(root, name) : NULL;

	return node_is_text(n) ? arena_strndup(a, n->text, n->count) : "";
}

static int read_chart(struct stage_job *job, const char *file, const char *text, struct helm_chart *out, pipe_error *err)
{
	const struct node *at = parameter_node(job, "chart");
	struct sources sources = { 0 };
	struct diagnostics d;
	struct node *root = NULL;
	pipe_limits limits = { 0 };
	int source = sources_add(&sources, job->arena, (struct source){ .name = file, .text = text, .length = strlen(text) });
	int count;

	if (source < 0)
		return error_nomem(err);
	limits_default(&limits);
	diagnostics_init(&d, job->arena, &sources);
	count = document_parse(&root, 1, job->arena, (uint16_t)source, &limits, &d);
	if (count < 0 && d.list.count)
		return parameter_wrong(job, at, err, "%s:%u:%u: %s", file, d.list.items[0].at.line, d.list.items[0].at.column,
				       d.list.items[0].message);
	out->name = field(root, "name", job->arena);
	out->version = field(root, "version", job->arena);
	out->known = true;
	if (!out->name || !out->version)
		return error_nomem(err);
	if (!*out->name)
		return parameter_wrong(job, at, err, "%s does not say the chart's \"name\"", file);
	return PIPE_OK;
}

int helm_chart(struct stage_job *job, struct helm_chart *out, pipe_error *err)
{
	const struct node *at = parameter_node(job, "chart");
	const char *file, *text;
	int rc;

	*out = (struct helm_chart){ .name = "", .version = "" };
	rc = parameter_text(job, "chart", &out->path, err);
	if (rc || !out->path)
		return rc;
	if (!*out->path)
		return parameter_wrong(job, at, err, "\"chart\" is empty: \"%s\" stands for nothing",
				       at && at->kind == NODE_SCALAR ? at->text : "");
	if (strstr(out->path, "://") || *out->path == '/')
		return PIPE_OK;
	rc = project_inside(job, "chart", out->path, &out->directory, err);
	file = rc == PIPE_OK ? project_path(job, out->directory, "Chart.yaml") : NULL;
	if (rc || !file)
		return rc ? rc : error_nomem(err);
	if (!job->world->exists(job->world->payload, file)) {
		bool there = job->world->exists(job->world->payload, *out->directory ? out->directory : ".");
		bool archive = there && strlen(out->path) > 4 && !strcmp(out->path + strlen(out->path) - 4, ".tgz");
		out->directory = NULL;
		return !there || archive ? PIPE_OK
					 : parameter_wrong(job, at, err, "\"%s\" is no chart: it has no Chart.yaml", out->path);
	}
	text = job->world->read(job->world->payload, job->arena, file, err);
	return text ? read_chart(job, file, text, out, err) : err && err->code ? (int)err->code : PIPE_EIO;
}

/* ---- versions ---- */

int helm_version(struct stage_job *job, const struct node *at, const char *text, const char **out, pipe_error *err)
{
	const char *bare = *text == 'v' && isdigit((unsigned char)text[1]) ? text + 1 : text;
	const char *fault = version_scheme_named("semver")->fault(bare);

	if (!fault && !isdigit((unsigned char)*bare))
		fault = "does not begin with a digit";
	if (fault)
		return parameter_wrong(job, at, err,
				       "\"%s\" is no version of a chart: it %s; charts have semantic versions such as 1.2.3",
				       text, fault);
	*out = bare;
	return PIPE_OK;
}

/* ---- values ---- */

/* As --set takes a value that is to stay as it is: its commas, backslashes and a brace at its begin have a meaning there. */
static const char *literal(struct arena *a, const char *text)
{
	char *out = arena_text(a, 2 * strlen(text) + 1);
	size_t n = 0;

	for (const char *p = text; out && *p; p++) {
		if (*p == ',' || *p == '\\' || (p == text && *p == '{'))
			out[n++] = '\\';
		out[n++] = *p;
	}
	if (out)
		out[n] = '\0';
	return out;
}

static int add_set(struct stage_job *job, struct argv *v, const char *name, const char *option, pipe_error *err)
{
	const struct node *map = parameter_node(job, name);

	for (uint32_t i = 0; map && map->kind == NODE_MAP && i < map->count; i++) {
		const struct node *key = map->pairs[i].key, *value = map->pairs[i].value;
		const char *text = NULL;
		int rc = parameter_text_in(job, map, key->text, &text, err);
		if (rc)
			return rc;
		if (!*key->text || strpbrk(key->text, "=,\n"))
			return parameter_wrong(job, key, err, "\"%s\" is no path of a value", key->text);
		if (text && !*text && value->kind == NODE_SCALAR && *value->text)
			return parameter_wrong(job, value, err, "the value of \"%s\" is empty: \"%s\" stands for nothing",
					       key->text, value->text);
		text = literal(job->arena, text ? text : "null");
		if (!text)
			return error_nomem(err);
		argv_add(v, option);
		argv_addf(v, "%s=%s", key->text, text);
	}
	return PIPE_OK;
}

int helm_values(struct stage_job *job, struct argv *v, pipe_error *err)
{
	const char *const *files = NULL;
	int rc = parameter_texts(job, "values", &files, err);

	argv_options(v, "--values", rc ? NULL : files);
	if (rc == PIPE_OK)
		rc = add_set(job, v, "set", "--set", err);
	return rc ? rc : add_set(job, v, "set_string", "--set-string", err);
}

/* ---- rendering ---- */

struct step *helm_render(struct stage_job *job, const struct helm_chart *chart, const char *directory, pipe_error *err)
{
	struct argv v = { .a = job->arena };
	const char *version = NULL;
	struct step *step = NULL;

	ARGV_ADD(&v, "helm", "template", chart->known ? chart->name : "release-name", chart->path);
	argv_option(&v, "--output-dir", directory);
	if (helm_values(job, &v, err) || parameter_text(job, "kubernetes_version", &version, err))
		return NULL;
	argv_option(&v, "--kube-version", version);
	step = stage_step(job, STEP_COMMAND);
	if (step)
		step->argv = argv_end(&v);
	if (step && step->argv)
		return step;
	error_nomem(err);
	return NULL;
}
