/* The tools that judge manifests, a row each: how it is called, what it writes, and how it says that it could not judge. */
#include "stages/policy/policy.h"

#include "base/error.h"
#include "stages/parameter.h"
#include <string.h>

const char *policy_report(struct stage_job *job, const struct policy *p)
{
	return arena_printf(job->arena, "%s/%s", job->scratch, p->judge->report);
}

static const char *joined(struct arena *a, const char *const *texts)
{
	const char *all = texts && *texts ? *texts++ : NULL;

	for (; all && *texts; texts++)
		all = arena_printf(a, "%s,%s", all, *texts);
	return all;
}

static int add_step(struct stage_job *job, const char *const *argv, const char *title, pipe_error *err)
{
	struct step *step = stage_step(job, STEP_COMMAND);

	if (!step || !argv)
		return error_nomem(err);
	step->argv = argv;
	step->title = title;
	step->may_fail = true; /* they exit with an error where they found something */
	return PIPE_OK;
}

static int kubeconform(struct stage_job *job, struct policy *p, pipe_error *err)
{
	struct argv v = { .a = job->arena };
	const char *const *locations = NULL;
	const char *version = NULL;
	bool strict = false, ignore = false;
	int rc = parameter_texts(job, "schema_location", &locations, err);

	if (rc == PIPE_OK)
		rc = parameter_text(job, "kubernetes_version", &version, err);
	if (rc == PIPE_OK)
		rc = parameter_bool(job, "strict", &strict, err);
	if (rc == PIPE_OK)
		rc = parameter_bool(job, "ignore_missing_schemas", &ignore, err);
	ARGV_ADD(&v, "kubeconform", "-output", "json", "-summary");
	argv_options(&v, "-schema-location", locations);
	argv_option(&v, "-kubernetes-version", version);
	argv_flag(&v, "-strict", strict);
	argv_flag(&v, "-ignore-missing-schemas", ignore);
	argv_option(&v, "-skip", joined(job->arena, p->skip));
	argv_all(&v, p->args);
	argv_all(&v, p->manifests);
	return rc ? rc : add_step(job, argv_into(&v, policy_report(job, p)), argv_words(&v), err);
}

static bool is_manifest(const char *path)
{
	static const char *const ends[] = { ".json", ".yaml", ".yml" };
	size_t n = strlen(path);

	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++)
		if (n > strlen(ends[i]) && !strcmp(path + n - strlen(ends[i]), ends[i]))
			return true;
	return false;
}

/* It names files that lie outside of its directory by half a path, and those of a relative one by its name twice: so it goes to where they
 * are, or is told the whole path. */
static int checkov(struct stage_job *job, struct policy *p, pipe_error *err)
{
	static const char script[] =
		"cd \"$1\" && out=$2 && shift 2 && CKV_IGNORE_HIDDEN_DIRECTORIES=false exec \"$@\" >\"$out\"";
	struct argv v = { .a = job->arena }, there = { .a = job->arena };
	const char *said;

	ARGV_ADD(&v, "checkov", "--quiet", "--compact");
	argv_add(&v, "--skip-download"); /* of what only its makers' service has */
	argv_option(&v, "--framework", "kubernetes");
	if (p->rendered)
		argv_option(&v, "--directory", ".");
	for (size_t i = 0; !p->rendered && p->manifests[i]; i++) {
		const char *path = p->manifests[i];
		bool file = is_manifest(path);
		argv_add(&v, file ? "--file" : "--directory");
		argv_addf(&v, "%s%s%s", file ? "" : job->workspace, file ? "" : "/", path);
	}
	argv_option(&v, "--output", "sarif");
	argv_option(&v, "--output", "json"); /* says how much it judged */
	argv_option(&v, "--output-file-path", arena_printf(job->arena, "%s/checkov", job->scratch));
	argv_option(&v, "--check", joined(job->arena, p->only));
	argv_option(&v, "--skip-check", joined(job->arena, p->skip));
	argv_all(&v, p->args);
	said = arena_printf(job->arena, "%s/checkov.txt", job->scratch);
	if (!p->rendered)
		return add_step(job, argv_into(&v, said), argv_words(&v), err);
	ARGV_ADD(&there, "sh", "-c", script, "sh", p->rendered, said);
	for (uint32_t i = 0; i < v.list.count; i++)
		argv_add(&there, v.list.items[i]);
	there.failed |= v.failed;
	return add_step(job, argv_end(&there), argv_words(&v), err);
}

/* Its reports are lines of JSON among others that are for people. */
static int kyverno(struct stage_job *job, struct policy *p, pipe_error *err)
{
	static const char script[] =
		"out=$1; shift; \"$@\" >\"$out.all\"; status=$?; sed '/^{/!d' \"$out.all\" >\"$out\" || exit 2\n"
		"[ $status = 0 ] || [ -s \"$out\" ] || cat \"$out.all\"; exit $status";
	struct argv v = { .a = job->arena };
	const char *const *policies = NULL;
	int rc = parameter_texts(job, "policies", &policies, err);

	ARGV_ADD(&v, "sh", "-c", script, "sh", policy_report(job, p), "kyverno", "apply");
	argv_all(&v, policies);
	argv_options(&v, "--resource", p->manifests);
	argv_add(&v, "--policy-report");
	argv_option(&v, "--output-format", "json");
	argv_all(&v, p->args);
	return rc ? rc : add_step(job, argv_end(&v), "kyverno apply", err);
}

static const char *const kubeconform_version[] = { "kubeconform", "-v", NULL };
static const char *const kyverno_version[] = { "kyverno", "version", NULL };

static const struct judge judges[] = {
	{ "checkov",
	  { .name = "checkov", .package = "the Python package checkov" },
	  "sarif",
	  "checkov/results_sarif.sarif",
	  2,
	  "checkov_resources",
	  "checkov/results_json.json",
	  true,
	  NULL,
	  checkov },
	{ "kubeconform",
	  { .name = "kubeconform", .version_argv = kubeconform_version, .package = "the Go module github.com/yannh/kubeconform" },
	  "kubeconform",
	  "kubeconform.json",
	  2,
	  "kubeconform_resources",
	  NULL,
	  false,
	  "no-schema",
	  kubeconform },
	{ "kyverno",
	  { .name = "kyverno", .version_argv = kyverno_version, .package = "a release of the Kyverno CLI on the PATH" },
	  "policyreport",
	  "kyverno.json",
	  2,
	  "policy_results",
	  NULL,
	  false,
	  "not-judged",
	  kyverno },
};

const struct judge *policy_judge_named(const char *name)
{
	for (size_t i = 0; i < sizeof(judges) / sizeof(*judges); i++)
		if (!strcmp(judges[i].name, name))
			return &judges[i];
	return NULL;
}
