/* What Helm is told to do with a chart: a function for each thing that the parameters can ask for. */
#include "stages/helm/helm_steps.h"

#include "base/error.h"
#include "stages/parameter.h"
#include "stages/project.h"
#include <string.h>

static int add_command(struct stage_job *job, struct argv *v, struct step **out, pipe_error *err)
{
	struct step *step = stage_step(job, STEP_COMMAND);

	if (!step || !(step->argv = argv_end(v)))
		return error_nomem(err);
	if (out)
		*out = step;
	return PIPE_OK;
}

static int keep_output(struct stage_job *job, const char *path, pipe_error *err)
{
	const char **slot = vec_push(job->arena, &job->outputs);

	if (!slot || !path)
		return error_nomem(err);
	*slot = path;
	return PIPE_OK;
}

int helm_add_dependency(struct stage_job *job, const struct helm *h, pipe_error *err)
{
	struct argv v = { .a = job->arena };

	if (!h->dependency || !strcmp(h->dependency, "none"))
		return PIPE_OK;
	ARGV_ADD(&v, "helm", "dependency", h->dependency, h->chart.path);
	return add_command(job, &v, NULL, err);
}

/* Warnings end the command where they end the job: what comes behind must not be done then. */
int helm_add_lint(struct stage_job *job, const struct helm *h, pipe_error *err)
{
	struct argv v = { .a = job->arena };
	const char *version = NULL;
	struct step *step = NULL;
	int rc;

	if (!h->lint)
		return PIPE_OK;
	ARGV_ADD(&v, "helm", "lint", h->chart.path);
	argv_flag(&v, "--strict", h->bound.judged && h->bound.filter.severity <= SEVERITY_MEDIUM);
	rc = helm_values(job, &v, err);
	if (rc == PIPE_OK)
		rc = parameter_text(job, "kubernetes_version", &version, err);
	argv_option(&v, "--kube-version", version);
	if (rc == PIPE_OK)
		rc = add_command(job, &v, &step, err);
	if (rc == PIPE_OK)
		step->may_fail = !h->bound.judged || h->bound.filter.severity > SEVERITY_HIGH;
	return rc;
}

int helm_add_template(struct stage_job *job, const struct helm *h, pipe_error *err)
{
	const char *path = NULL, *inside = NULL;
	struct step *step = NULL;
	struct argv v = { .a = job->arena };
	int rc = parameter_text(job, "template", &path, err);
	bool directory;

	if (rc || !path)
		return rc;
	rc = project_inside(job, "template", path, &inside, err);
	if (rc)
		return rc;
	directory = path[strlen(path) - 1] == '/';
	step = helm_render(job, &h->chart, directory ? inside : NULL, err);
	if (!step)
		return err->code;
	if (!directory) {
		step->title = arena_printf(job->arena, "helm template %s > %s", h->chart.path, inside);
		argv_all(&v, step->argv);
		step->argv = argv_into(&v, arena_printf(job->arena, "%s/%s", job->workspace, inside));
		if (!step->argv || !step->title)
			return error_nomem(err);
	}
	return keep_output(job, directory ? arena_printf(job->arena, "%s/**/*", inside) : inside, err);
}

int helm_add_package(struct stage_job *job, struct helm *h, pipe_error *err)
{
	struct argv v = { .a = job->arena };
	const char *directory = h->destination ? h->destination : "";
	bool absolute = *directory == '/';

	if (!h->package)
		return PIPE_OK;
	if (!h->chart.known) { /* an archive: it is the package */
		h->file = h->chart.path;
		return PIPE_OK;
	}
	ARGV_ADD(&v, "helm", "package", h->chart.path);
	argv_option(&v, "--version", h->version);
	argv_option(&v, "--app-version", h->app_version);
	argv_option(&v, "--destination", *directory ? directory : ".");
	h->file = arena_printf(job->arena, "%s%s%s-%s.tgz", directory, *directory ? "/" : "", h->chart.name, h->version);
	if (!h->file)
		return error_nomem(err);
	if (!absolute && keep_output(job, h->file, err))
		return PIPE_ENOMEM;
	return add_command(job, &v, NULL, err);
}

/* Where Helm is to look for credentials; NULL: where it does by itself. */
static const char *registry_config(struct stage_job *job, const struct helm *h)
{
	if (h->username)
		return arena_printf(job->arena, "%s/helm-registry.json", job->scratch);
	return h->docker_config ? arena_printf(job->arena, "%s/config.json", h->docker_config) : NULL;
}

static void add_registry(struct stage_job *job, const struct helm *h, bool login, struct argv *v)
{
	argv_option(v, "--registry-config", registry_config(job, h));
	argv_option(v, "--ca-file", h->ca_file);
	argv_flag(v, login ? "--insecure" : "--insecure-skip-tls-verify", h->insecure);
	argv_flag(v, "--plain-http", h->plain_http);
}

/* The password comes in through the environment, and goes on through a pipe: no argument ever holds it. */
static int add_login(struct stage_job *job, const struct helm *h, const char *reference, pipe_error *err)
{
	static const char script[] = "printf %s \"$PIPE_HELM_PASSWORD\" | exec \"$@\" --password-stdin";
	const char *host = reference + strlen("oci://");
	struct argv v = { .a = job->arena };
	const char **env;
	struct step *step = NULL;
	int rc;

	if (!h->username || strncmp(reference, "oci://", 6) != 0)
		return PIPE_OK;
	host = arena_strndup(job->arena, host, strcspn(host, "/"));
	ARGV_ADD(&v, "sh", "-c", script, "sh", "helm", "registry", "login", host);
	argv_option(&v, "--username", h->username);
	add_registry(job, h, true, &v);
	rc = add_command(job, &v, &step, err);
	env = ARENA_ARRAY(job->arena, const char *, 2);
	if (rc || !env || !(env[0] = arena_printf(job->arena, "PIPE_HELM_PASSWORD=%s", h->password ? h->password : "")))
		return error_nomem(err);
	step->env = env;
	step->title = arena_printf(job->arena, "helm registry login %s --username %s", host, h->username);
	return step->title ? PIPE_OK : error_nomem(err);
}

/* https://chartmuseum.com/docs: POST of the package to /api/charts of the server, or of a tenant's part of it (/api/ORG/REPO/charts). */
static int add_museum(struct stage_job *job, const struct helm *h, pipe_error *err)
{
	struct action_upload *upload = ARENA_NEW(job->arena, struct action_upload);
	struct stage_action *action = ARENA_NEW(job->arena, struct stage_action);
	struct step *step = stage_step(job, STEP_ACTION);
	size_t n = strlen(h->push);

	if (!upload || !action || !step)
		return error_nomem(err);
	while (n && h->push[n - 1] == '/')
		n--;
	*upload = (struct action_upload){ .method = "POST",
					  .file = h->file,
					  .content_type = "application/gzip",
					  .user = h->username,
					  .password = h->password,
					  .ca_file = h->ca_file,
					  .insecure = h->insecure };
	if (strstr(h->push, "/api/"))
		upload->url = arena_strndup(job->arena, h->push, n);
	else
		upload->url = arena_printf(job->arena, "%.*s/api/charts", (int)n, h->push);
	*action = (struct stage_action){ ACTION_UPLOAD, upload };
	step->action = action;
	step->title = arena_printf(job->arena, "push %s to %s", h->file, h->push);
	return upload->url && step->title ? PIPE_OK : error_nomem(err);
}

int helm_add_push(struct stage_job *job, const struct helm *h, pipe_error *err)
{
	struct argv v = { .a = job->arena };
	int rc;

	if (!h->push)
		return PIPE_OK;
	if (strncmp(h->push, "oci://", 6) != 0)
		return add_museum(job, h, err);
	rc = add_login(job, h, h->push, err);
	ARGV_ADD(&v, "helm", "push", h->file, h->push);
	add_registry(job, h, false, &v);
	return rc ? rc : add_command(job, &v, NULL, err);
}

/* Helm fetches only into a directory that is there. */
static int add_destination(struct stage_job *job, const struct helm *h, pipe_error *err)
{
	struct argv v = { .a = job->arena };
	struct step *step = NULL;
	int rc;

	if (!h->destination || !*h->destination)
		return PIPE_OK;
	ARGV_ADD(&v, "mkdir", "-p", "--", h->destination);
	rc = add_command(job, &v, &step, err);
	if (rc == PIPE_OK)
		step->quiet = true;
	return rc;
}

int helm_add_pull(struct stage_job *job, const struct helm *h, pipe_error *err)
{
	struct argv v = { .a = job->arena };
	int rc;

	if (!h->pull)
		return PIPE_OK;
	rc = add_destination(job, h, err);
	if (rc == PIPE_OK)
		rc = add_login(job, h, h->pull, err);
	ARGV_ADD(&v, "helm", "pull", h->pull);
	argv_option(&v, "--version", h->version);
	argv_option(&v, "--repo", h->repository);
	argv_option(&v, "--destination", h->destination && *h->destination ? h->destination : ".");
	add_registry(job, h, false, &v);
	if (rc == PIPE_OK)
		rc = add_command(job, &v, NULL, err);
	return rc ? rc
		  : keep_output(job,
				arena_printf(job->arena, "%s%s*.tgz", h->destination ? h->destination : "",
					     h->destination && *h->destination ? "/" : ""),
				err);
}
