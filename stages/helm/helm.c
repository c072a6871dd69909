/*
 * uses: helm - what can be done with a chart without a cluster: dependencies, lint, rendering, packaging, pushing to an OCI registry or
 * a ChartMuseum, pulling.  In that order, each where it is asked for; nothing is packaged that lint has something against, nothing is
 * pushed that was not packaged.  What Helm says against a chart is read as findings, so that the reason of a failure is Helm's own.
 */
#include "stages/helm/helm_steps.h"

#include "base/error.h"
#include "stages/parameter.h"
#include "stages/project.h"
#include "stages/types.h"

#include <string.h>

/* ---- parameters ---- */

#define FIELD(name_, shape_, help_, ...) KEYWORD_ROW(name_, IN_NESTED, shape_, help_, __VA_ARGS__)

static const char *const dependencies[] = { "build", "none", "update", NULL };

static const struct keyword parameters[] = {
	FIELD("app_version", TAKES_SCALAR, "the version of what the chart installs, for `package`",
	      .example = "app_version: $CI_COMMIT_SHORT_SHA"),
	FIELD("ca_file", TAKES_TEXT, "a file with the certificates that a registry is trusted by", .fallback = "the system's"),
	FIELD("chart", TAKES_TEXT, "the chart: a directory, an archive; with `pull` also oci://... or a name", .required = true,
	      .example = "chart: deploy/shop"),
	FIELD("dependency", TAKES_ENUM, "charts that it needs: as Chart.lock says, or the newest that fit",
	      .values = dependencies, .fallback = "none"),
	FIELD("destination", TAKES_TEXT, "the directory that `package` and `pull` write to",
	      .fallback = "the workspace; without `package`, what is pushed is not kept"),
	FIELD("docker_config", TAKES_TEXT, "a directory whose config.json has the registries' credentials",
	      .fallback = "Helm's own, then the user's"),
	FINDINGS_FAIL_ON,
	FIELD("insecure", TAKES_BOOL, "a registry's certificate is not checked", .fallback = "false"),
	HELM_KUBERNETES_VERSION,
	FIELD("lint", TAKES_BOOL, "whether the chart is examined: an error is of severity high, a warning medium",
	      .fallback = "true for a directory"),
	FIELD("package", TAKES_BOOL, "the chart becomes an archive, kept as an artifact", .fallback = "where `push` is given"),
	FIELD("password", TAKES_TEXT, "for `push` and `pull`, with `username`", .example = "password: $REGISTRY_PASSWORD"),
	FIELD("plain_http", TAKES_BOOL, "a registry is spoken to without TLS", .fallback = "false"),
	FIELD("pull", TAKES_BOOL, "the chart is fetched, as an archive, into `destination`", .fallback = "false"),
	FIELD("push", TAKES_TEXT, "where the package goes: oci://REGISTRY/PATH, or the address of a ChartMuseum",
	      .example = "push: oci://registry.example.com/charts"),
	FIELD("repository", TAKES_TEXT, "with `pull`: the address of the chart repository that has it"),
	HELM_SET,
	HELM_SET_STRING,
	FIELD("template", TAKES_TEXT,
	      "the chart is rendered into this file, or directory where it ends in a slash; kept as an artifact",
	      .example = "template: build/manifests.yaml"),
	FIELD("username", TAKES_TEXT, "for `push` and `pull`, with `password`"),
	HELM_VALUES,
	FIELD("version", TAKES_SCALAR, "of the package, or of what is pulled; a tag's leading v is left out",
	      .fallback = "what Chart.yaml says; the newest", .example = "version: $CI_COMMIT_TAG"),
	KEYWORD_END,
};

/* A parameter that means something only beside another. */
static void needs(const struct node *with, const char *name, const char *const *others, struct diagnostics *d)
{
	const struct pair *p = parameter_written(with, name);

	for (size_t i = 0; p && others[i]; i++)
		if (parameter_written(with, others[i]))
			return;
	if (!p)
		return;
	diag_error(d, p->key->at, "helm-needs", "\"%s\" means nothing without \"%s\"%s%s%s", name, others[0],
		   others[1] ? " or \"" : "", others[1] ? others[1] : "", others[1] ? "\"" : "");
}

static void check_conflict(const struct node *with, const char *name, const char *other, struct diagnostics *d)
{
	const struct pair *p = parameter_written(with, name), *o = parameter_written(with, other);

	if (!p || !o)
		return;
	diag_error(d, p->key->at, "conflicting-keywords", "\"%s\" and \"%s\" cannot stand together", name, other);
	diag_related(d, o->key->at, "\"%s\" is here", other);
}

static void check(const struct node *with, struct mark at, struct diagnostics *d)
{
	static const char *const packaging[] = { "package", "push", NULL }, *const moving[] = { "push", "pull", NULL };
	static const char *const pulling[] = { "pull", NULL }, *const username[] = { "username", NULL },
				 *const password[] = { "password", NULL };
	static const char *const packing[] = { "package", "pull", NULL };

	(void)at;
	needs(with, "app_version", packaging, d);
	needs(with, "destination", packing, d);
	needs(with, "docker_config", moving, d);
	needs(with, "repository", pulling, d);
	needs(with, "password", username, d);
	needs(with, "username", password, d);
	check_conflict(with, "pull", "push", d);
	check_conflict(with, "pull", "package", d);
	check_conflict(with, "pull", "template", d);
	check_conflict(with, "docker_config", "username", d);
}

/* ---- reading them ---- */

static int read_texts(struct stage_job *job, struct helm *h, pipe_error *err)
{
	const struct {
		const char *name, **to;
	} texts[] = {
		{ "dependency", &h->dependency },   { "push", &h->push },
		{ "destination", &h->destination }, { "version", &h->version },
		{ "app_version", &h->app_version }, { "repository", &h->repository },
		{ "ca_file", &h->ca_file },	    { "docker_config", &h->docker_config },
		{ "username", &h->username },	    { "password", &h->password },
	};
	int rc = PIPE_OK;

	for (size_t i = 0; rc == PIPE_OK && i < sizeof(texts) / sizeof(*texts); i++)
		rc = parameter_text(job, texts[i].name, texts[i].to, err);
	return rc;
}

/* What stands for nothing would push, or name, something else than was meant. */
static int refuse_empty(struct stage_job *job, pipe_error *err)
{
	static const char *const names[] = { "app_version", "destination", "push", "repository", "template", "version" };

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		const struct node *n = parameter_node(job, names[i]);
		const char *text = "-";
		int rc = parameter_text(job, names[i], &text, err);
		if (rc)
			return rc;
		if (!*text)
			return parameter_wrong(job, n, err, "\"%s\" is empty: \"%s\" stands for nothing", names[i], n->text);
	}
	return PIPE_OK;
}

static int read_booleans(struct stage_job *job, struct helm *h, bool *pull, bool *package, pipe_error *err)
{
	const struct {
		const char *name;
		bool *to;
	} booleans[] = { { "lint", &h->lint },
			 { "insecure", &h->insecure },
			 { "plain_http", &h->plain_http },
			 { "pull", pull },
			 { "package", package } };
	int rc = PIPE_OK;

	for (size_t i = 0; rc == PIPE_OK && i < sizeof(booleans) / sizeof(*booleans); i++)
		rc = parameter_bool(job, booleans[i].name, booleans[i].to, err);
	return rc;
}

/* The version that the package will have. */
static int read_version(struct stage_job *job, struct helm *h, pipe_error *err)
{
	if (h->version)
		return helm_version(job, parameter_node(job, "version"), h->version, &h->version, err);
	if (!h->chart.known || !h->package)
		return PIPE_OK;
	if (!*h->chart.version)
		return parameter_wrong(job, parameter_node(job, "chart"), err,
				       "%s/Chart.yaml does not say the chart's \"version\", and neither does \"with\"",
				       h->chart.path);
	return helm_version(job, parameter_node(job, "chart"), h->chart.version, &h->version, err);
}

static int read_parameters(struct stage_job *job, struct helm *h, pipe_error *err)
{
	bool pull = false, package = false;
	int rc = refuse_empty(job, err);

	if (rc == PIPE_OK)
		rc = helm_chart(job, &h->chart, err);
	h->lint = h->chart.known;
	if (rc == PIPE_OK)
		rc = read_texts(job, h, err);
	if (rc == PIPE_OK)
		rc = read_booleans(job, h, &pull, &package, err);
	if (rc == PIPE_OK)
		rc = findings_bound_read(job, &h->bound, err);
	if (rc)
		return rc;
	h->pull = pull ? h->chart.path : NULL;
	if (h->pull)
		h->lint = false;
	if (package || h->push)
		h->package = h->chart.path;
	if (h->push && strncmp(h->push, "oci://", 6) != 0 && strncmp(h->push, "https://", 8) != 0 &&
	    strncmp(h->push, "http://", 7) != 0)
		return parameter_wrong(job, parameter_node(job, "push"), err,
				       "\"%s\" is no place for a chart: it begins with oci://, https:// or http://", h->push);
	if (h->destination && (rc = project_inside(job, "destination", h->destination, &h->destination, err)))
		return rc;
	if (!h->destination && !package && h->package)
		h->destination = job->scratch;
	if (!h->pull && !h->package && !h->lint && !parameter_node(job, "template") &&
	    (!h->dependency || !strcmp(h->dependency, "none")))
		return parameter_wrong(job, parameter_node(job, "chart"), err, "there is nothing to do: %s",
				       h->chart.known ? "lint is false, and nothing else is asked for"
						      : "\"pull\", \"push\" or \"template\" may be meant");
	return read_version(job, h, err);
}

/* ---- compile ---- */

static int compile(struct stage_job *job, pipe_error *err)
{
	struct helm *h = ARENA_NEW(job->arena, struct helm);
	struct stage_tool *tool = stage_tool(job, helm_tool.name, helm_tool.package);
	struct stage_report *report;
	int rc = h && tool ? PIPE_OK : error_nomem(err);

	if (rc)
		return rc;
	*tool = helm_tool;
	job->own = h;
	rc = read_parameters(job, h, err);
	if (rc == PIPE_OK)
		rc = helm_add_dependency(job, h, err);
	if (rc == PIPE_OK)
		rc = helm_add_lint(job, h, err);
	if (rc == PIPE_OK)
		rc = helm_add_template(job, h, err);
	if (rc == PIPE_OK)
		rc = helm_add_package(job, h, err);
	if (rc == PIPE_OK)
		rc = helm_add_push(job, h, err);
	if (rc == PIPE_OK)
		rc = helm_add_pull(job, h, err);
	report = rc == PIPE_OK ? stage_report(job, report_format_named("helm"), NULL) : NULL;
	if (!report)
		return rc ? rc : error_nomem(err);
	report->to = job->steps.count;
	report->directory = h->chart.directory;
	report->tool = "helm";
	report->kind = FINDING_MISCONFIGURATION;
	return PIPE_OK;
}

/* ---- evaluate ---- */

static int take_first(void *payload, const struct evidence_finding *f)
{
	struct helm *h = payload;

	h->first = finding_words(h->bound.job, f);
	return 1;
}

/* Helm's own words instead of an exit code. */
static int explain(struct stage_job *job, struct helm *h, pipe_error *err)
{
	const struct finding_filter helms = { .severity = SEVERITY_HIGH, .rule = "helm" };
	const struct finding_filter lints = { .severity = h->bound.judged ? h->bound.filter.severity : SEVERITY_HIGH,
					      .rule = "lint" };
	int rc = job->view->findings(job->view->payload, SIDE_JOB, &helms, take_first, h, NULL, err);

	if (rc == PIPE_OK && !h->first)
		rc = job->view->findings(job->view->payload, SIDE_JOB, &lints, take_first, h, NULL, err);
	if (rc == PIPE_OK && h->first)
		job->reason = h->first;
	return rc;
}

static int export(struct stage_job *job, const char *name, const char *value, pipe_error *err)
{
	const char **slot = value ? vec_push(job->arena, &job->exports) : NULL;

	if (!slot || !(*slot = arena_printf(job->arena, "%s=%s", name, value)))
		return error_nomem(err);
	return PIPE_OK;
}

static int export_chart(struct stage_job *job, const struct helm *h, pipe_error *err)
{
	const char *chart = h->file;
	int rc = PIPE_OK;

	if (h->push && h->chart.known && !strncmp(h->push, "oci://", 6))
		chart = arena_printf(job->arena, "%s/%s", h->push, h->chart.name);
	if (h->package && (h->push || h->destination != job->scratch))
		rc = export(job, "CHART", chart, err);
	return rc || !h->version || !h->package ? rc : export(job, "CHART_VERSION", h->version, err);
}

static int evaluate(struct stage_job *job, pipe_error *err)
{
	struct helm *h = job->own;
	int rc;

	stage_judge_steps(job);
	if (job->verdict == VERDICT_FAIL)
		return explain(job, h, err);
	rc = findings_judge(&h->bound, err);
	return rc || job->verdict == VERDICT_FAIL ? rc : export_chart(job, h, err);
}

const struct stage_type stage_helm = {
	.uses = { .name = "helm",
		  .help = "examines, renders, packages, pushes or pulls a chart",
		  .parameters = parameters,
		  .example = "chart:\n"
			     "  stage: package\n"
			     "  uses: helm\n"
			     "  with:\n"
			     "    chart: deploy/shop\n"
			     "    version: $CI_COMMIT_TAG\n"
			     "    push: oci://registry.example.com/charts\n",
		  .since = "0.1",
		  .check = check },
	.compile = compile,
	.evaluate = evaluate,
};
