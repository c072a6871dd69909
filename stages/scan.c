/*
 * uses: scan - looks for known vulnerabilities, secrets and misconfigurations in an image, a directory, a repository or an SBOM, with the
 * real Trivy or the built-in scanner: either writes Trivy's JSON, which is read as evidence and judged alike.  That it could not scan is a
 * failure of its own, and never "nothing found".
 */
#include "base/error.h"
#include "pipeline/keyword/keyword_fields.h"
#include "stages/findings.h"
#include "stages/parameter.h"
#include "stages/scanner/trivy_command.h"
#include "stages/types.h"

#include <string.h>

enum { CHECK_VULNERABILITIES = 1, CHECK_SECRETS = 2, CHECK_MISCONFIGURATIONS = 4 };

#define TRIVY_LEAST "0.50"

struct scan {
	struct findings_bound bound;
	const char *target, *path, *image, *scanner, *db, *platform, *sarif, *ca_file, *docker_config;
	const char *const *ignore_files, *const *vex_files, *const *skip;
	bool ignore_unfixed, development, insecure, plain_http, trivy;
	int64_t max_age_ms;
	unsigned checks;
	struct stage_action action;
	struct action_scan arguments;
};

/* ---- parameters ---- */

#define FIELD(name_, shape_, help_, ...) KEYWORD_ROW(name_, IN_NESTED, shape_, help_, __VA_ARGS__)
#define TEXTS(name_, help_, ...) FIELD(name_, TAKES_TEXT | TAKES_LIST, help_, .items = TAKES_TEXT, __VA_ARGS__)

static const char *const targets[] = { "config", "filesystem", "image", "repository", "rootfs", "sbom", NULL };
static const char *const scanners[] = { "auto", "builtin", "trivy", NULL };

static const struct keyword parameters[] = {
	FIELD("ca_file", TAKES_TEXT, "a file with the certificates that a registry is trusted by", .fallback = "the system's"),
	TEXTS("checks", "what is looked for: vulnerabilities, secrets, misconfigurations (Trivy only)",
	      .fallback = "vulnerabilities and secrets; with `target: config` misconfigurations", .least = 1,
	      .example = "checks: [vulnerabilities]"),
	FIELD("db", TAKES_TEXT, "the advisories: a trivy.db, an osv.db, or a directory with them; nothing is fetched then",
	      .fallback = "those of `pipe advisories`, or Trivy's own", .example = "db: /srv/trivy/db"),
	FIELD("development", TAKES_BOOL, "also packages that are only needed to build or test", .fallback = "false"),
	FIELD("docker_config", TAKES_TEXT, "a directory whose config.json has the registries' credentials",
	      .fallback = "the user's"),
	FINDINGS_FAIL_ON,
	FIELD("ignore_unfixed", TAKES_BOOL, "what no version mends does not count", .fallback = "false"),
	TEXTS("ignorefile", "what is passed over: .trivyignore files", .fallback = "`.trivyignore` where it is"),
	FIELD("image", TAKES_TEXT, "with `target: image`: a reference, an OCI layout, or an archive", .fallback = "$IMAGE",
	      .example = "image: $IMAGE"),
	FIELD("insecure", TAKES_BOOL, "a registry's certificate is not checked", .fallback = "false"),
	FINDINGS_MAX,
	FIELD("max_age", TAKES_DURATION | TAKES_EXPANDED, "advisories older than that are refused by the built-in scanner",
	      .fallback = "7 days", .example = "max_age: 2 days"),
	FINDINGS_NEW,
	FIELD("path", TAKES_TEXT, "what is looked at: a directory, or a file", .fallback = "the workspace"),
	FIELD("plain_http", TAKES_BOOL, "a registry is spoken to without TLS (built-in scanner)", .fallback = "false"),
	FIELD("platform", TAKES_TEXT, "of an image for several", .fallback = "this machine's",
	      .example = "platform: linux/arm64"),
	FIELD("sarif", TAKES_TEXT, "the report is written to this file, too, as SARIF, and kept (built-in scanner)"),
	FIELD("scanner", TAKES_ENUM, "who scans: `auto` is Trivy where it is on the PATH", .values = scanners,
	      .fallback = "auto"),
	TEXTS("skip", "patterns of paths that are passed over", .example = "skip: [tests/**]"),
	FIELD("target", TAKES_ENUM, "what is scanned", .values = targets,
	      .fallback = "image where `image` is given, else filesystem"),
	FINDINGS_TOUCHED,
	TEXTS("vex", "VEX documents (OpenVEX, CycloneDX, CSAF) that say what does not apply"),
	KEYWORD_END,
};

/* The pair, where it is written and not null. */
static bool is_text(const struct pair *p, const char *text)
{
	return p && p->value->kind == NODE_SCALAR && !strcmp(p->value->text, text);
}

static void check(const struct node *with, struct mark at, struct diagnostics *d)
{
	const struct pair *target = parameter_written(with, "target"), *scanner = parameter_written(with, "scanner"),
			  *image = parameter_written(with, "image"), *path = parameter_written(with, "path");

	(void)at;
	if (image && path) {
		diag_error(d, path->key->at, "conflicting-keywords", "\"path\" and \"image\" cannot stand together");
		diag_related(d, image->key->at, "the image is here");
	}
	if (image && target && !is_text(target, "image")) {
		diag_error(d, image->key->at, "conflicting-keywords", "\"image\" goes with \"target: image\"");
		diag_related(d, target->value->at, "the target is here");
	}
	if (is_text(target, "config") && is_text(scanner, "builtin")) {
		diag_error(d, scanner->value->at, "scan-config", "the built-in scanner reads no configuration");
		diag_hint(d, "\"scanner: trivy\" does");
	}
}

/* ---- compile ---- */

static const struct {
	const char *name;
	unsigned bit;
} checks[] = {
	{ "vulnerabilities", CHECK_VULNERABILITIES },
	{ "secrets", CHECK_SECRETS },
	{ "misconfigurations", CHECK_MISCONFIGURATIONS },
};

static int read_checks(struct stage_job *job, struct scan *s, pipe_error *err)
{
	const char *const *names = NULL;
	int rc = parameter_texts(job, "checks", &names, err);

	if (rc)
		return rc;
	if (!names) {
		s->checks = !strcmp(s->target, "config") ? CHECK_MISCONFIGURATIONS : CHECK_VULNERABILITIES | CHECK_SECRETS;
		return PIPE_OK;
	}
	for (; *names; names++) {
		size_t i = 0;
		while (i < sizeof(checks) / sizeof(*checks) && strcmp(checks[i].name, *names) != 0)
			i++;
		if (i == sizeof(checks) / sizeof(*checks))
			return parameter_wrong(job, parameter_node(job, "checks"), err,
					       "\"%s\" cannot be looked for: vulnerabilities, secrets and misconfigurations can",
					       *names);
		s->checks |= checks[i].bit;
	}
	return PIPE_OK;
}

static int read_texts(struct stage_job *job, struct scan *s, pipe_error *err)
{
	const struct {
		const char *name;
		const char **to;
	} texts[] = {
		{ "target", &s->target },
		{ "path", &s->path },
		{ "image", &s->image },
		{ "scanner", &s->scanner },
		{ "db", &s->db },
		{ "sarif", &s->sarif },
		{ "ca_file", &s->ca_file },
		{ "platform", &s->platform },
		{ "docker_config", &s->docker_config },
	};
	const struct {
		const char *name;
		const char *const **to;
	} lists[] = { { "ignorefile", &s->ignore_files }, { "vex", &s->vex_files }, { "skip", &s->skip } };
	const struct {
		const char *name;
		bool *to;
	} flags[] = { { "ignore_unfixed", &s->ignore_unfixed },
		      { "development", &s->development },
		      { "insecure", &s->insecure },
		      { "plain_http", &s->plain_http } };
	int rc = PIPE_OK;

	for (size_t i = 0; rc == PIPE_OK && i < sizeof(texts) / sizeof(*texts); i++)
		rc = parameter_text(job, texts[i].name, texts[i].to, err);
	for (size_t i = 0; rc == PIPE_OK && i < sizeof(lists) / sizeof(*lists); i++)
		rc = parameter_texts(job, lists[i].name, lists[i].to, err);
	for (size_t i = 0; rc == PIPE_OK && i < sizeof(flags) / sizeof(*flags); i++)
		rc = parameter_bool(job, flags[i].name, flags[i].to, err);
	return rc == PIPE_OK ? parameter_duration(job, "max_age", &s->max_age_ms, err) : rc;
}

/* What a variable of the job holds, or NULL. */
static const char *image_of(struct stage_job *job)
{
	bool failed = false;
	const char *value = scope_value(job->scope, "IMAGE", job->arena, &failed);

	return value && *value ? value : NULL;
}

static int settle_target(struct stage_job *job, struct scan *s, pipe_error *err)
{
	if (!s->target)
		s->target = s->image ? "image" : "filesystem";
	if (strcmp(s->target, "image") != 0) {
		s->path = s->path ? s->path : ".";
		return PIPE_OK;
	}
	if (s->path && !s->image)
		s->image = s->path;
	if (!s->image)
		s->image = image_of(job);
	if (s->image)
		return PIPE_OK;
	return parameter_wrong(
		job, parameter_node(job, "target"), err,
		"it is not said which image: add \"image: ...\", or need a job with `uses: image`, which hands on $IMAGE");
}

static bool wants_trivy(struct stage_job *job, const struct scan *s)
{
	if (!s->scanner || !strcmp(s->scanner, "auto"))
		return s->checks & CHECK_MISCONFIGURATIONS || job->world->tool(job->world->payload, job->arena, "trivy");
	return !strcmp(s->scanner, "trivy");
}

static int use_trivy(struct stage_job *job, struct scan *s, const char *report, pipe_error *err)
{
	bool image = !strcmp(s->target, "image");
	struct trivy_command c = { .program = "trivy",
				   .command = s->target,
				   .vulnerabilities = s->checks & CHECK_VULNERABILITIES,
				   .secrets = s->checks & CHECK_SECRETS,
				   .misconfigurations = s->checks & CHECK_MISCONFIGURATIONS,
				   .target = image ? s->image : s->path,
				   .input = image && job->world->exists(job->world->payload, s->image),
				   .db = s->db,
				   .ignore_file = s->ignore_files ? *s->ignore_files : NULL,
				   .vex_files = s->vex_files,
				   .skip = s->skip,
				   .development = s->development,
				   .platform = s->platform,
				   .insecure = s->insecure,
				   .output = report };
	struct stage_tool *tool = stage_tool(job, "trivy", NULL);
	struct step *step = stage_step(job, STEP_COMMAND);

	if (!tool || !step)
		return error_nomem(err);
	tool->version = TRIVY_LEAST;
	tool->package = "a release of Trivy; or \"scanner: builtin\", which needs none";
	step->argv = trivy_arguments(job->arena, &c);
	step->may_fail = true;
	return step->argv ? PIPE_OK : error_nomem(err);
}

static int use_builtin(struct stage_job *job, struct scan *s, const char *report, pipe_error *err)
{
	bool image = !strcmp(s->target, "image");
	struct step *step = stage_step(job, STEP_ACTION);
	const char **output;

	if (!step)
		return error_nomem(err);
	s->arguments = (struct action_scan){ .target = image ? s->image : s->path,
					     .type = s->target,
					     .vulnerabilities = s->checks & CHECK_VULNERABILITIES,
					     .secrets = s->checks & CHECK_SECRETS,
					     .db = s->db,
					     .max_age_ms = s->max_age_ms,
					     .ignore_files = s->ignore_files,
					     .vex_files = s->vex_files,
					     .skip = s->skip,
					     .ignore_unfixed = s->ignore_unfixed,
					     .development = s->development,
					     .platform = s->platform,
					     .registry = { .docker_config = s->docker_config,
							   .ca_file = s->ca_file,
							   .insecure = s->insecure,
							   .plain_http = s->plain_http },
					     .report = report,
					     .sarif = s->sarif };
	s->action = (struct stage_action){ ACTION_SCAN, &s->arguments };
	step->action = &s->action;
	step->title = arena_printf(job->arena, "scan %s %s", s->target, s->arguments.target);
	step->may_fail = true;
	if (s->sarif) {
		output = vec_push(job->arena, &job->outputs);
		if (!output)
			return error_nomem(err);
		*output = s->sarif;
	}
	return step->title ? PIPE_OK : error_nomem(err);
}

static int compile(struct stage_job *job, pipe_error *err)
{
	struct scan *s = ARENA_NEW(job->arena, struct scan);
	const char *report = arena_printf(job->arena, "%s/scan.json", job->scratch);
	struct stage_report *read;
	int rc;

	if (!s || !report)
		return error_nomem(err);
	job->own = s;
	rc = findings_bound_read(job, &s->bound, err);
	if (rc == PIPE_OK)
		rc = read_texts(job, s, err);
	if (rc == PIPE_OK)
		rc = settle_target(job, s, err);
	if (rc == PIPE_OK)
		rc = read_checks(job, s, err);
	if (rc)
		return rc;
	s->bound.filter.fixable = s->ignore_unfixed;
	s->trivy = wants_trivy(job, s);
	rc = s->trivy ? use_trivy(job, s, report, err) : use_builtin(job, s, report, err);
	if (rc)
		return rc;
	read = stage_report(job, report_format_named("trivy"), report);
	if (!read)
		return error_nomem(err);
	read->required = true;
	return PIPE_OK;
}

/* ---- evaluate ---- */

static int evaluate(struct stage_job *job, pipe_error *err)
{
	struct scan *s = job->own;
	const struct step *step = &job->steps.items[0];

	if (step->end == STEP_OK)
		return findings_judge(&s->bound, err);
	job->verdict = VERDICT_FAIL;
	if (step->reason)
		job->reason = arena_printf(job->arena, "it could not be scanned: %s", step->reason);
	else
		job->reason = arena_printf(job->arena, "it could not be scanned: trivy ended with exit code %d", step->exit_code);
	return job->reason ? PIPE_OK : error_nomem(err);
}

const struct stage_type stage_scan = {
	.uses = { .name = "scan",
		  .help = "looks for known vulnerabilities, secrets and misconfigurations, and judges what it found",
		  .parameters = parameters,
		  .example = "scan:\n"
			     "  uses: scan\n"
			     "  with:\n"
			     "    target: repository\n"
			     "    fail_on: critical\n",
		  .since = "0.1",
		  .check = check },
	.compile = compile,
	.evaluate = evaluate,
};
