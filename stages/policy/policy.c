/*
 * uses: policy - judges Kubernetes manifests as they lie there, or as a chart or a kustomization makes them, with kubeconform, Checkov or
 * Kyverno.  What is against a rule becomes findings; that the tool could not judge, or that there was nothing to judge, is a failure of
 * its own.  A finding in what a chart made is named by the chart's file.
 */
#include "stages/policy/policy.h"
#include "base/error.h"
#include "base/glob.h"
#include "stages/helm/helm.h"
#include "stages/parameter.h"
#include "stages/project.h"
#include "stages/types.h"

#include <string.h>

enum { MANIFESTS_MOST = 10000 };

/* ---- parameters ---- */

#define FIELD(name_, shape_, help_, ...) KEYWORD_ROW(name_, IN_NESTED, shape_, help_, __VA_ARGS__)
#define TEXTS(name_, help_, ...) FIELD(name_, TAKES_TEXT | TAKES_LIST, help_, .items = TAKES_TEXT, __VA_ARGS__)

static const char *const tools[] = { "checkov", "kubeconform", "kyverno", NULL };

static const struct keyword parameters[] = {
	TEXTS("args", "further arguments for the tool"),
	FIELD("chart", TAKES_TEXT, "a chart that is rendered first, with `values`, `set` and `set_string`",
	      .example = "chart: deploy/shop"),
	FINDINGS_FAIL_ON,
	FIELD("ignore_missing_schemas", TAKES_BOOL, "kubeconform: a kind that there is no schema for is passed over",
	      .fallback = "false"),
	HELM_KUBERNETES_VERSION,
	FIELD("kustomization", TAKES_TEXT, "a directory with a kustomization that is built first",
	      .example = "kustomization: deploy/overlays/staging"),
	TEXTS("manifests", "files, directories or patterns of manifests", .example = "manifests: [deploy/**/*.yaml]"),
	FINDINGS_MAX,
	FINDINGS_NEW,
	TEXTS("only", "only these checks count: Checkov's identifiers", .example = "only: [CKV_K8S_20]"),
	TEXTS("policies", "Kyverno: files or directories with policies", .example = "policies: [policies]"),
	TEXTS("schema_location", "kubeconform: where schemas are: a directory's pattern, an address, or default",
	      .fallback = "kubeconform's own, from the network",
	      .example = "schema_location: ['schemas/{{ .ResourceKind }}{{ .KindSuffix }}.json']"),
	HELM_SET,
	HELM_SET_STRING,
	TEXTS("skip", "checks that do not count: Checkov's identifiers; kubeconform: kinds that are passed over",
	      .example = "skip: [CKV_K8S_43]"),
	FIELD("strict", TAKES_BOOL, "kubeconform: fields that the schema does not know are findings", .fallback = "false"),
	FIELD("tool", TAKES_ENUM, "what judges", .values = tools, .required = true, .example = "tool: kubeconform"),
	FINDINGS_TOUCHED,
	HELM_VALUES,
	KEYWORD_END,
};

/* Parameters that only some tools, or some sources, know. */
static const struct {
	const char *name, *parameter, *values[3];
} meant_for[] = {
	{ "ignore_missing_schemas", "tool", { "kubeconform" } },
	{ "only", "tool", { "checkov" } },
	{ "policies", "tool", { "kyverno" } },
	{ "schema_location", "tool", { "kubeconform" } },
	{ "skip", "tool", { "checkov", "kubeconform" } },
	{ "strict", "tool", { "kubeconform" } },
};

static void check_tool(const struct node *with, const char *tool, struct diagnostics *d)
{
	for (size_t i = 0; i < sizeof(meant_for) / sizeof(*meant_for); i++) {
		const struct pair *p = parameter_written(with, meant_for[i].name);
		bool fits = false;
		for (size_t k = 0; k < 3 && meant_for[i].values[k]; k++)
			fits |= !strcmp(meant_for[i].values[k], tool);
		if (p && !fits)
			diag_error(d, p->key->at, "policy-parameter", "\"%s\" means nothing to %s", meant_for[i].name, tool);
	}
	if (!strcmp(tool, "kyverno") && !parameter_written(with, "policies"))
		diag_error(d, with->at, "policy-parameter", "kyverno needs \"policies\": files or directories with them");
}

static void check_sources(const struct node *with, struct mark at, struct diagnostics *d)
{
	static const char *const sources[] = { "chart", "kustomization", "manifests" };
	static const char *const of_chart[] = { "set", "set_string", "values" };
	const struct pair *first = NULL;

	for (size_t i = 0; i < sizeof(sources) / sizeof(*sources); i++) {
		const struct pair *p = parameter_written(with, sources[i]);
		if (p && first) {
			diag_error(d, p->key->at, "conflicting-keywords", "\"%s\" and \"%s\" cannot stand together",
				   first->key->text, sources[i]);
			diag_related(d, first->key->at, "\"%s\" is here", first->key->text);
		}
		first = first ? first : p;
	}
	if (!first) {
		diag_error(d, with ? with->at : at, "policy-what", "it is not said what is judged");
		diag_hint(d, "add \"manifests\", \"chart\" or \"kustomization\" below \"with\"");
	}
	for (size_t i = 0; i < sizeof(of_chart) / sizeof(*of_chart) && !parameter_written(with, "chart"); i++) {
		const struct pair *p = parameter_written(with, of_chart[i]);
		if (p)
			diag_error(d, p->key->at, "policy-parameter", "\"%s\" means nothing without \"chart\"", of_chart[i]);
	}
}

static void check(const struct node *with, struct mark at, struct diagnostics *d)
{
	const struct pair *tool = parameter_written(with, "tool");

	check_sources(with, at, d);
	if (tool && tool->value->kind == NODE_SCALAR)
		check_tool(with, tool->value->text, d);
}

/* ---- what is judged ---- */

/* No name of a file is taken for an option. */
static void add_path(struct argv *out, const char *path)
{
	argv_addf(out, "%s%s", *path == '-' ? "./" : "", path);
}

static int add_manifest(struct stage_job *job, struct argv *out, const char *pattern, pipe_error *err)
{
	const char *path = NULL;
	const char *const *found = NULL;
	size_t count = 0;
	int rc = project_inside(job, "manifests", pattern, &path, err);

	if (rc)
		return rc;
	if (!glob_is_pattern(pattern)) {
		if (!job->world->exists(job->world->payload, *path ? path : "."))
			return error_set(err, PIPE_ENOTFOUND, "there is nothing at \"%s\", which \"manifests\" names", pattern);
		add_path(out, *path ? path : ".");
		return PIPE_OK;
	}
	found = job->world->glob(job->world->payload, job->arena, path, MANIFESTS_MOST);
	for (; found && found[count]; count++)
		add_path(out, found[count]);
	if (!count)
		return error_set(err, PIPE_ENOTFOUND, "no file matches \"%s\" of \"manifests\"", pattern);
	return count < MANIFESTS_MOST
		       ? PIPE_OK
		       : parameter_wrong(job, parameter_node(job, "manifests"), err,
					 "%d files or more match \"%s\", too many for one command: name a directory",
					 MANIFESTS_MOST, pattern);
}

static int find_manifests(struct stage_job *job, struct policy *p, pipe_error *err)
{
	struct argv list = { .a = job->arena };
	const char *const *patterns = NULL;
	int rc = parameter_texts(job, "manifests", &patterns, err);

	for (size_t i = 0; rc == PIPE_OK && patterns && patterns[i]; i++)
		rc = add_manifest(job, &list, patterns[i], err);
	if (rc == PIPE_OK && !list.list.count)
		rc = parameter_wrong(job, parameter_node(job, "manifests"), err, "\"manifests\" names nothing");
	p->manifests = argv_end(&list);
	return rc || p->manifests ? rc : error_nomem(err);
}

static int render_chart(struct stage_job *job, struct policy *p, struct helm_chart *chart, pipe_error *err)
{
	struct stage_tool *tool = stage_tool(job, helm_tool.name, helm_tool.package);
	const char *directory = arena_printf(job->arena, "%s/rendered", job->scratch);
	const char *version = chart->version;
	int rc = tool && directory ? PIPE_OK : error_nomem(err);

	if (rc)
		return rc;
	*tool = helm_tool;
	if (chart->known && *version)
		rc = helm_version(job, parameter_node(job, "chart"), version, &version, err);
	if (rc == PIPE_OK && !helm_render(job, chart, directory, err))
		rc = err ? (int)err->code : PIPE_EPIPELINE;
	p->rendered = directory;
	return rc;
}

/* kustomize writes one file a resource into a directory that is there: the job's own. */
static int build_kustomization(struct stage_job *job, struct policy *p, const char *written_as, pipe_error *err)
{
	static const char *const version_argv[] = { "kustomize", "version", NULL };
	struct stage_tool *tool = stage_tool(job, "kustomize", "a release of kustomize on the PATH");
	struct argv v = { .a = job->arena };
	const char *directory = NULL;
	struct step *step;
	int rc = tool ? project_inside(job, "kustomization", written_as, &directory, err) : error_nomem(err);

	if (rc)
		return rc;
	tool->version_argv = version_argv;
	if (!job->world->exists(job->world->payload, *directory ? directory : "."))
		return error_set(err, PIPE_ENOTFOUND, "there is no kustomization at \"%s\"", written_as);
	ARGV_ADD(&v, "kustomize", "build", *directory ? directory : ".");
	argv_option(&v, "--output", job->scratch);
	step = stage_step(job, STEP_COMMAND);
	if (!step || !(step->argv = argv_end(&v)))
		return error_nomem(err);
	p->rendered = job->scratch;
	return PIPE_OK;
}

static int prepare(struct stage_job *job, struct policy *p, struct helm_chart *chart, pipe_error *err)
{
	struct argv list = { .a = job->arena };
	const char *kustomization = NULL;
	int rc = helm_chart(job, chart, err);

	if (rc == PIPE_OK)
		rc = parameter_text(job, "kustomization", &kustomization, err);
	if (rc == PIPE_OK && chart->path)
		rc = render_chart(job, p, chart, err);
	else if (rc == PIPE_OK && kustomization)
		rc = build_kustomization(job, p, kustomization, err);
	else if (rc == PIPE_OK)
		return find_manifests(job, p, err);
	if (rc)
		return rc;
	argv_add(&list, p->rendered);
	p->manifests = argv_end(&list);
	return p->manifests ? PIPE_OK : error_nomem(err);
}

/* ---- compile ---- */

/* What says how much was judged, where the findings do not. */
static int add_summary(struct stage_job *job, const struct policy *p, pipe_error *err)
{
	const char *path = arena_printf(job->arena, "%s/%s", job->scratch, p->judge->summary);
	struct stage_report *report = stage_report(job, report_format_named(p->judge->name), path);

	if (!report || !path)
		return error_nomem(err);
	report->required = report->only_new = true;
	return PIPE_OK;
}

/* A chart's files are known by its own names: DIRECTORY/templates/web.yaml is rendered into NAME/templates/web.yaml. */
static int add_report(struct stage_job *job, const struct policy *p, const struct helm_chart *chart, pipe_error *err)
{
	struct stage_report *report = stage_report(job, report_format_named(p->judge->format), policy_report(job, p));

	if (!report || !report->pattern)
		return error_nomem(err);
	report->tool = p->judge->name;
	report->kind = FINDING_MISCONFIGURATION;
	report->required = report->only_new = true;
	report->rendered = p->judge->from_inside ? NULL : p->rendered;
	if (chart->known) {
		report->directory = chart->directory;
		report->rendered = p->judge->from_inside ? chart->name
							 : arena_printf(job->arena, "%s/%s", p->rendered, chart->name);
		if (!report->rendered)
			return error_nomem(err);
	}
	return p->judge->summary ? add_summary(job, p, err) : PIPE_OK;
}

static int compile(struct stage_job *job, pipe_error *err)
{
	struct policy *p = ARENA_NEW(job->arena, struct policy);
	const char *name = NULL;
	struct helm_chart chart;
	struct stage_tool *tool;
	int rc = p ? parameter_text(job, "tool", &name, err) : error_nomem(err);

	if (rc)
		return rc;
	job->own = p;
	p->judge = name ? policy_judge_named(name) : NULL;
	if (!p->judge)
		return parameter_wrong(job, parameter_node(job, "tool"), err, "there is no tool \"%s\"", name ? name : "");
	tool = stage_tool(job, p->judge->tool.name, p->judge->tool.package);
	if (!tool)
		return error_nomem(err);
	*tool = p->judge->tool;
	rc = findings_bound_read(job, &p->bound, err);
	if (rc == PIPE_OK)
		rc = parameter_texts(job, "only", &p->only, err);
	if (rc == PIPE_OK)
		rc = parameter_texts(job, "skip", &p->skip, err);
	if (rc == PIPE_OK)
		rc = parameter_texts(job, "args", &p->args, err);
	if (rc == PIPE_OK)
		rc = prepare(job, p, &chart, err);
	p->judged = job->steps.count;
	if (rc == PIPE_OK)
		rc = p->judge->command(job, p, err);
	return rc ? rc : add_report(job, p, &chart, err);
}

/* ---- evaluate ---- */

static int fail(struct stage_job *job, const char *reason, pipe_error *err)
{
	job->verdict = VERDICT_FAIL;
	job->reason = reason;
	return reason ? PIPE_OK : error_nomem(err);
}

static int take_first(void *payload, const struct evidence_finding *f)
{
	struct policy *p = payload;

	p->first = finding_words(p->bound.job, f);
	return 1;
}

/* Resources that nobody could judge are no clean ones. */
static int look_for_not_judged(struct stage_job *job, struct policy *p, pipe_error *err)
{
	const struct finding_filter filter = { .rule = p->judge->not_judged };
	uint64_t count = 0;
	int rc;

	if (!filter.rule)
		return PIPE_OK;
	rc = job->view->findings(job->view->payload, SIDE_JOB, &filter, NULL, NULL, &count, err);
	if (rc == PIPE_OK && count)
		rc = job->view->findings(job->view->payload, SIDE_JOB, &filter, take_first, p, NULL, err);
	if (rc || !count)
		return rc;
	return fail(job,
		    arena_printf(job->arena, "%s could not judge %llu resource%s: %s", p->judge->name, (unsigned long long)count,
				 count == 1 ? "" : "s", p->first ? p->first : "see the log"),
		    err);
}

static int look_for_nothing(struct stage_job *job, const struct policy *p, pipe_error *err)
{
	double judged = 0;
	bool found = false;
	int rc;

	if (!p->judge->counted)
		return PIPE_OK;
	rc = job->view->metric(job->view->payload, SIDE_JOB, p->judge->counted, &judged, &found, err);
	if (rc || !found || judged > 0)
		return rc;
	return fail(job, arena_printf(job->arena, "there was nothing for %s to judge", p->judge->name), err);
}

/* Did the tool itself work? */
static int worked(struct stage_job *job, const struct policy *p, pipe_error *err)
{
	const struct step *s = &job->steps.items[p->judged];
	uint64_t found = evidence_findings(job->totals);

	if (s->state != STEP_DONE || s->end == STEP_OK)
		return PIPE_OK;
	if (s->end == STEP_FAILED && !s->reason && s->exit_code > 0 && s->exit_code < p->judge->broken && found)
		return PIPE_OK;
	if (s->end != STEP_FAILED || s->reason)
		return fail(job, s->reason ? s->reason : arena_printf(job->arena, "%s did not work", p->judge->name), err);
	return fail(job,
		    arena_printf(job->arena, "%s failed with exit code %d, and %s", p->judge->name, s->exit_code,
				 found ? "that is no sign of findings" : "no finding explains it"),
		    err);
}

static int evaluate(struct stage_job *job, pipe_error *err)
{
	struct policy *p = job->own;
	int rc = PIPE_OK;

	stage_judge_steps(job);
	if (job->verdict == VERDICT_PASS)
		rc = worked(job, p, err);
	if (rc == PIPE_OK && job->verdict == VERDICT_PASS)
		rc = look_for_not_judged(job, p, err);
	if (rc == PIPE_OK && job->verdict == VERDICT_PASS)
		rc = look_for_nothing(job, p, err);
	return rc || job->verdict != VERDICT_PASS ? rc : findings_judge(&p->bound, err);
}

const struct stage_type stage_policy = {
	.uses = { .name = "policy",
		  .help = "judges Kubernetes manifests, a chart or a kustomization by schemas and policies",
		  .parameters = parameters,
		  .example = "manifests:\n"
			     "  stage: test\n"
			     "  uses: policy\n"
			     "  with:\n"
			     "    tool: kubeconform\n"
			     "    chart: deploy/shop\n"
			     "    values: deploy/staging.yaml\n",
		  .since = "0.1",
		  .check = check },
	.compile = compile,
	.evaluate = evaluate,
};
