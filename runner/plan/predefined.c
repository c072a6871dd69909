/*
 * One table: a row is a variable, the field of `struct values` it is made from, and its line in the reference.  A field that is NULL
 * leaves its variable undefined, which rules tell apart from empty: `if: $CI_COMMIT_TAG`.  Rows without a field are set elsewhere, for each
 * job; they are here for the reference.
 */
#include "runner/plan/predefined.h"

#include "base/error.h"
#include "pipeline/plan/planner.h"
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static const char no_sha[] = "0000000000000000000000000000000000000000";

struct values {
	const char *truth; /* "true" */
	const char *one;   /* "1" */
	const char *untrue;
	/* project */
	const char *directory, *builds_directory, *config_path;
	const char *project_name, *project_path, *project_path_slug, *namespace, *namespace_slug, *root_namespace, *project_url;
	const char *repository_url, *default_branch, *default_branch_slug;
	/* server */
	const char *host, *port, *protocol, *server_url, *server_fqdn, *server, *server_name, *version, *major, *minor, *patch;
	const char *api_v4_url, *api_graphql_url;
	/* commit */
	const char *sha, *short_sha, *before_sha, *ref, *ref_slug, *branch, *tag, *title, *message, *description, *author,
		*timestamp;
	/* pipeline */
	const char *number, *source, *created_at;
	/* merge request */
	const char *mr_iid, *mr_source, *mr_target, *mr_title, *mr_description, *mr_event, *mr_ref_path, *mr_path, *mr_url;
	/* people and machine */
	const char *user_name, *user_email, *user_login;
	const char *runner_id, *runner_description, *runner_tags, *runner_arch;
};

struct row {
	const char *name;
	size_t field; /* 0 (truth) and up; OF_JOB: set for each job */
	bool twin;    /* as PIPE_... too */
	const char *help;
};

#define OF_JOB SIZE_MAX
#define FIELD(name) offsetof(struct values, name)
enum { GITLAB_ONLY = false, TWIN = true };

static const struct row rows[] = {
	{ "CI", FIELD(truth), GITLAB_ONLY, "\"true\"" },
	{ "GITLAB_CI", FIELD(truth), GITLAB_ONLY,
	  "\"true\": scripts that ask whether they run in a GitLab pipeline behave as there" },
	{ "PIPE", FIELD(truth), GITLAB_ONLY, "\"true\": tells a run of pipe from one of GitLab" },
	{ "PIPE_VERSION", FIELD(version), GITLAB_ONLY, "version of pipe" },
	{ "CI_PROJECT_DIR", FIELD(directory), TWIN, "where the job runs: the working copy, or the job's own copy of it" },
	{ "CI_BUILDS_DIR", FIELD(builds_directory), GITLAB_ONLY, "the directory around CI_PROJECT_DIR" },
	{ "CI_CONFIG_PATH", FIELD(config_path), TWIN, "the pipeline file" },
	{ "CI_PROJECT_NAME", FIELD(project_name), TWIN, "last part of CI_PROJECT_PATH" },
	{ "CI_PROJECT_TITLE", FIELD(project_name), GITLAB_ONLY, "the same as CI_PROJECT_NAME" },
	{ "CI_PROJECT_PATH", FIELD(project_path), TWIN,
	  "group/project, from the remote \"origin\"; without one local/DIRECTORY" },
	{ "CI_PROJECT_PATH_SLUG", FIELD(project_path_slug), TWIN, "CI_PROJECT_PATH, fit for host names" },
	{ "CI_PROJECT_NAMESPACE", FIELD(namespace), TWIN, "CI_PROJECT_PATH without its last part" },
	{ "CI_PROJECT_NAMESPACE_SLUG", FIELD(namespace_slug), TWIN, "CI_PROJECT_NAMESPACE, fit for host names" },
	{ "CI_PROJECT_ROOT_NAMESPACE", FIELD(root_namespace), TWIN, "first part of CI_PROJECT_PATH" },
	{ "CI_PROJECT_URL", FIELD(project_url), TWIN, "the project on its server" },
	{ "CI_REPOSITORY_URL", FIELD(repository_url), TWIN, "URL of the remote \"origin\", without credentials" },
	{ "CI_DEFAULT_BRANCH", FIELD(default_branch), TWIN,
	  "of \"origin\", else init.defaultBranch, main or master, whichever is there" },
	{ "CI_DEFAULT_BRANCH_SLUG", FIELD(default_branch_slug), TWIN, "CI_DEFAULT_BRANCH, fit for host names" },
	{ "CI_SERVER", FIELD(server), GITLAB_ONLY, "\"yes\"" },
	{ "CI_SERVER_HOST", FIELD(host), GITLAB_ONLY, "host of the remote \"origin\"; without one localhost" },
	{ "CI_SERVER_PORT", FIELD(port), GITLAB_ONLY, "its port" },
	{ "CI_SERVER_PROTOCOL", FIELD(protocol), GITLAB_ONLY, "http or https" },
	{ "CI_SERVER_FQDN", FIELD(server_fqdn), GITLAB_ONLY, "host, and the port when it is not the usual one" },
	{ "CI_SERVER_URL", FIELD(server_url), GITLAB_ONLY, "protocol, host and port" },
	{ "CI_SERVER_NAME", FIELD(server_name), GITLAB_ONLY, "\"pipe\"" },
	{ "CI_SERVER_VERSION", FIELD(version), GITLAB_ONLY, "version of pipe" },
	{ "CI_SERVER_VERSION_MAJOR", FIELD(major), GITLAB_ONLY, "its first part" },
	{ "CI_SERVER_VERSION_MINOR", FIELD(minor), GITLAB_ONLY, "its second part" },
	{ "CI_SERVER_VERSION_PATCH", FIELD(patch), GITLAB_ONLY, "its third part" },
	{ "CI_API_V4_URL", FIELD(api_v4_url), GITLAB_ONLY, "REST API of the server of \"origin\"" },
	{ "CI_API_GRAPHQL_URL", FIELD(api_graphql_url), GITLAB_ONLY, "GraphQL API of the server of \"origin\"" },
	{ "CI_COMMIT_SHA", FIELD(sha), TWIN, "commit at HEAD; 40 zeros before the first one and outside Git" },
	{ "CI_COMMIT_SHORT_SHA", FIELD(short_sha), TWIN, "its first 8 characters" },
	{ "CI_COMMIT_BEFORE_SHA", FIELD(before_sha), TWIN, "the commit before in branch pipelines; 40 zeros in the others" },
	{ "CI_COMMIT_REF_NAME", FIELD(ref), TWIN, "branch or tag; the short SHA when HEAD is detached" },
	{ "CI_COMMIT_REF_SLUG", FIELD(ref_slug), TWIN, "CI_COMMIT_REF_NAME, fit for host names" },
	{ "CI_COMMIT_REF_PROTECTED", FIELD(untrue), GITLAB_ONLY, "\"false\"" },
	{ "CI_COMMIT_BRANCH", FIELD(branch), TWIN, "branch; only in branch pipelines" },
	{ "CI_COMMIT_TAG", FIELD(tag), TWIN, "tag; only in tag pipelines" },
	{ "CI_COMMIT_TITLE", FIELD(title), TWIN, "first line of the message" },
	{ "CI_COMMIT_MESSAGE", FIELD(message), TWIN, "the whole message" },
	{ "CI_COMMIT_DESCRIPTION", FIELD(description), TWIN, "the message without its title; all of it when the title is long" },
	{ "CI_COMMIT_AUTHOR", FIELD(author), TWIN, "Name <mail>" },
	{ "CI_COMMIT_TIMESTAMP", FIELD(timestamp), TWIN, "time of the commit, ISO 8601 in UTC" },
	{ "CI_PIPELINE_ID", FIELD(number), TWIN, "number of the run; 0 while nothing runs (plan, lint)" },
	{ "CI_PIPELINE_IID", FIELD(number), GITLAB_ONLY, "the same, counted from 0" },
	{ "CI_PIPELINE_SOURCE", FIELD(source), TWIN, "push, merge_request_event, schedule, web, parent_pipeline" },
	{ "CI_PIPELINE_CREATED_AT", FIELD(created_at), TWIN, "ISO 8601 in UTC" },
	{ "CI_PIPELINE_NAME", OF_JOB, GITLAB_ONLY, "workflow:name" },
	{ "CI_MERGE_REQUEST_ID", FIELD(mr_iid), GITLAB_ONLY,
	  "\"1\" in merge request pipelines: there is none on this machine, but rules ask for it" },
	{ "CI_MERGE_REQUEST_IID", FIELD(mr_iid), GITLAB_ONLY, "the same" },
	{ "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", FIELD(mr_source), GITLAB_ONLY, "the branch as it stands" },
	{ "CI_MERGE_REQUEST_TARGET_BRANCH_NAME", FIELD(mr_target), GITLAB_ONLY,
	  "from --as merge_request:TARGET; else CI_DEFAULT_BRANCH" },
	{ "CI_MERGE_REQUEST_TITLE", FIELD(mr_title), GITLAB_ONLY, "title of the commit" },
	{ "CI_MERGE_REQUEST_DESCRIPTION", FIELD(mr_description), GITLAB_ONLY, "description of the commit" },
	{ "CI_MERGE_REQUEST_EVENT_TYPE", FIELD(mr_event), GITLAB_ONLY, "\"detached\"" },
	{ "CI_MERGE_REQUEST_REF_PATH", FIELD(mr_ref_path), GITLAB_ONLY, "\"refs/merge-requests/1/head\"" },
	{ "CI_MERGE_REQUEST_PROJECT_PATH", FIELD(mr_path), GITLAB_ONLY, "CI_PROJECT_PATH" },
	{ "CI_MERGE_REQUEST_PROJECT_URL", FIELD(mr_url), GITLAB_ONLY, "CI_PROJECT_URL" },
	{ "CI_MERGE_REQUEST_SOURCE_PROJECT_PATH", FIELD(mr_path), GITLAB_ONLY, "CI_PROJECT_PATH" },
	{ "CI_MERGE_REQUEST_SOURCE_PROJECT_URL", FIELD(mr_url), GITLAB_ONLY, "CI_PROJECT_URL" },
	{ "GITLAB_USER_NAME", FIELD(user_name), GITLAB_ONLY, "user.name of Git" },
	{ "GITLAB_USER_EMAIL", FIELD(user_email), GITLAB_ONLY, "user.email of Git" },
	{ "GITLAB_USER_LOGIN", FIELD(user_login), GITLAB_ONLY, "user.email up to its @" },
	{ "GITLAB_USER_ID", FIELD(one), GITLAB_ONLY, "\"1\"" },
	{ "CI_PROJECT_ID", FIELD(one), GITLAB_ONLY, "\"1\"" },
	{ "CI_RUNNER_ID", FIELD(runner_id), GITLAB_ONLY, "\"1\"" },
	{ "CI_RUNNER_DESCRIPTION", FIELD(runner_description), GITLAB_ONLY, "\"pipe on this machine\"" },
	{ "CI_RUNNER_TAGS", FIELD(runner_tags), GITLAB_ONLY, "\"[]\"" },
	{ "CI_RUNNER_VERSION", FIELD(version), GITLAB_ONLY, "version of pipe" },
	{ "CI_RUNNER_EXECUTABLE_ARCH", FIELD(runner_arch), GITLAB_ONLY, "linux/amd64, linux/arm64" },
	{ "CI_SHARED_ENVIRONMENT", FIELD(truth), GITLAB_ONLY,
	  "\"true\": jobs run on this machine, not in something made for them" },
	{ "CI_JOB_ID", OF_JOB, GITLAB_ONLY, "unique in the project" },
	{ "CI_JOB_STARTED_AT", OF_JOB, GITLAB_ONLY, "when the attempt began, ISO 8601 in UTC" },
	{ "CI_JOB_NAME", OF_JOB, GITLAB_ONLY, "name of the job" },
	{ "CI_JOB_NAME_SLUG", OF_JOB, GITLAB_ONLY, "CI_JOB_NAME, fit for host names" },
	{ "CI_JOB_GROUP_NAME", OF_JOB, GITLAB_ONLY, "name of the job without what parallel adds" },
	{ "CI_JOB_STAGE", OF_JOB, GITLAB_ONLY, "its stage" },
	{ "CI_JOB_STATUS", OF_JOB, GITLAB_ONLY, "running in script; success, failed or canceled in after_script" },
	{ "CI_JOB_TIMEOUT", OF_JOB, GITLAB_ONLY, "in seconds" },
	{ "CI_JOB_IMAGE", OF_JOB, GITLAB_ONLY, "image:name of the job" },
	{ "CI_JOB_MANUAL", OF_JOB, GITLAB_ONLY, "\"true\" in manual jobs" },
	{ "CI_NODE_INDEX", OF_JOB, GITLAB_ONLY, "number of this instance of a parallel job, from 1" },
	{ "CI_NODE_TOTAL", OF_JOB, GITLAB_ONLY, "how many there are; 1 in plain jobs" },
	{ "CI_ENVIRONMENT_NAME", OF_JOB, GITLAB_ONLY, "environment:name" },
	{ "CI_ENVIRONMENT_SLUG", OF_JOB, GITLAB_ONLY, "the same, fit for host names" },
	{ "CI_ENVIRONMENT_URL", OF_JOB, GITLAB_ONLY, "environment:url" },
	{ "CI_ENVIRONMENT_ACTION", OF_JOB, GITLAB_ONLY, "environment:action" },
	{ "CI_ENVIRONMENT_TIER", OF_JOB, GITLAB_ONLY, "environment:deployment_tier, or what the name suggests" },
};
enum { ROWS = sizeof(rows) / sizeof(*rows) };

/* ---- what kind of pipeline ---- */

struct kind {
	const char *name, *source;
	bool is_tag, is_merge_request, takes_argument;
};
static const struct kind kinds[] = {
	{ "push", "push", false, false, false }, { "merge_request", "merge_request_event", false, true, true },
	{ "tag", "push", true, false, true },	 { "schedule", "schedule", false, false, false },
	{ "web", "web", false, false, false },
};

static int find_kind(const char *as, const struct kind **out, const char **argument, pipe_error *err)
{
	size_t n = as ? strcspn(as, ":") : 0;

	*argument = as && as[n] == ':' ? as + n + 1 : NULL;
	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++) {
		const struct kind *k = &kinds[i];
		if (as && (strlen(k->name) != n || memcmp(k->name, as, n)))
			continue;
		*out = k;
		if (*argument && (!k->takes_argument || !**argument))
			break;
		return PIPE_OK;
	}
	return error_set(err, PIPE_EUSAGE,
			 "\"%s\" is no kind of pipeline; push, merge_request[:TARGET], tag[:NAME], schedule and web are", as);
}

/* ---- values ---- */

struct maker {
	const struct predefined_facts *facts;
	const struct git_facts *git;
	const struct kind *kind;
	const char *argument; /* of `as`; or NULL */
	struct arena *a;
	struct values v;
	bool nomem;
};

static const char *keep(struct maker *m, const char *text)
{
	if (!text)
		m->nomem = true;
	return text ? text : "";
}

static const char *part(struct maker *m, const char *text, size_t length)
{
	return keep(m, arena_strndup(m->a, text, length));
}

static const char *slug(struct maker *m, const char *text)
{
	return keep(m, slug_name(m->a, text));
}

static const char *iso_time(struct maker *m, int64_t ms)
{
	time_t t = (time_t)(ms / 1000);
	char text[40] = "";
	struct tm tm;

	if (gmtime_r(&t, &tm))
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &tm);
	return keep(m, arena_strdup(m->a, text));
}

/* "a/b/c" up to its last slash; all of it when there is none. */
static const char *above(struct maker *m, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash == path ? "/" : part(m, path, (size_t)(slash - path)) : path;
}

static const char *last(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static void make_project(struct maker *m)
{
	struct values *v = &m->v;

	v->directory = m->facts->project_directory;
	v->builds_directory = above(m, v->directory);
	v->config_path = m->facts->config_path;
	v->project_path = *m->git->project_path ? m->git->project_path
						: keep(m, arena_printf(m->a, "local/%s", last(v->directory)));
	v->project_name = last(v->project_path);
	v->project_path_slug = slug(m, v->project_path);
	v->namespace = above(m, v->project_path);
	v->namespace_slug = slug(m, v->namespace);
	v->root_namespace = part(m, v->project_path, strcspn(v->project_path, "/"));
	v->repository_url = *m->git->remote ? m->git->remote : NULL;
	v->default_branch = *m->git->default_branch ? m->git->default_branch : "main";
	v->default_branch_slug = slug(m, v->default_branch);
}

static void make_version(struct maker *m)
{
	struct values *v = &m->v;
	const char *all = PIPE_VERSION, *minor = all + strcspn(all, ".") + 1, *patch = minor + strcspn(minor, ".") + 1;

	v->version = all;
	v->major = part(m, all, strcspn(all, "."));
	v->minor = part(m, minor, strcspn(minor, "."));
	v->patch = patch;
}

static void make_server(struct maker *m)
{
	const char *remote = m->git->remote, *port, *start;
	struct values *v = &m->v;
	bool http = !strncmp(remote, "http://", 7), usual = true;

	make_version(m);
	v->server = "yes";
	v->server_name = "pipe";
	v->host = *m->git->host ? m->git->host : "localhost";
	v->protocol = http ? "http" : "https";
	v->port = http ? "80" : "443";
	/* A port of ssh says nothing about the one of the web server. */
	start = !strncmp(remote, "http", 4) ? strstr(remote, "://") : NULL;
	port = start ? strchr(start + 3, ':') : NULL;
	if (port && port - start - 3 == (ptrdiff_t)strlen(v->host)) {
		v->port = part(m, port + 1, strspn(port + 1, "0123456789"));
		usual = !strcmp(v->port, http ? "80" : "443");
	}
	v->server_fqdn = usual ? v->host : keep(m, arena_printf(m->a, "%s:%s", v->host, v->port));
	v->server_url = keep(m, arena_printf(m->a, "%s://%s", v->protocol, v->server_fqdn));
	v->project_url = keep(m, arena_printf(m->a, "%s/%s", v->server_url, v->project_path));
	if (*m->git->host) {
		v->api_v4_url = keep(m, arena_printf(m->a, "%s/api/v4", v->server_url));
		v->api_graphql_url = keep(m, arena_printf(m->a, "%s/api/graphql", v->server_url));
	}
}

static int make_ref(struct maker *m, pipe_error *err)
{
	struct values *v = &m->v;
	const char *branch = m->git->branch;

	/* Outside Git a pipeline is one of the default branch: rules that ask for it mean it. */
	if (!m->git->is_repository)
		branch = v->default_branch;
	if (m->kind->is_tag) {
		v->tag = m->argument ? m->argument : m->git->tag;
		if (!*v->tag)
			return error_set(err, PIPE_EUSAGE, "no tag points at HEAD; name one: --as tag:v1.0");
	} else if (!m->kind->is_merge_request && *branch) {
		v->branch = branch;
	}
	v->ref = v->tag ? v->tag : *branch ? branch : v->short_sha;
	v->ref_slug = slug(m, v->ref);
	return PIPE_OK;
}

static int make_commit(struct maker *m, pipe_error *err)
{
	struct values *v = &m->v;
	bool of_branch = !m->kind->is_tag && !m->kind->is_merge_request && strcmp(m->kind->name, "schedule") &&
			 strcmp(m->kind->name, "web");

	v->sha = *m->git->sha ? m->git->sha : no_sha;
	v->short_sha = part(m, v->sha, 8);
	v->before_sha = of_branch && *m->git->before_sha ? m->git->before_sha : no_sha;
	v->title = m->git->title;
	v->message = m->git->message;
	v->description = m->git->description;
	v->author = *m->git->author ? m->git->author : NULL;
	v->timestamp = *m->git->timestamp ? m->git->timestamp : NULL;
	return make_ref(m, err);
}

static void make_pipeline(struct maker *m)
{
	struct values *v = &m->v;

	v->number = keep(m, arena_printf(m->a, "%lld", (long long)m->facts->run));
	v->source = m->facts->source ? m->facts->source : m->kind->source;
	v->created_at = iso_time(m, m->facts->now_ms);
	if (!m->kind->is_merge_request)
		return;
	v->mr_iid = "1";
	v->mr_source = v->ref;
	v->mr_target = m->argument ? m->argument : v->default_branch;
	v->mr_title = v->title;
	v->mr_description = v->description;
	v->mr_event = "detached";
	v->mr_ref_path = "refs/merge-requests/1/head";
	v->mr_path = v->project_path;
	v->mr_url = v->project_url;
}

static void make_machine(struct maker *m)
{
	struct values *v = &m->v;
	const char *email = m->git->author_email;

	v->truth = "true";
	v->untrue = "false";
	v->one = v->runner_id = "1";
	v->user_name = *m->git->author_name ? m->git->author_name : NULL;
	v->user_email = *email ? email : NULL;
	v->user_login = *email ? part(m, email, strcspn(email, "@")) : NULL;
	v->runner_description = "pipe on this machine";
	v->runner_tags = "[]";
#if defined(__aarch64__)
	v->runner_arch = "linux/arm64";
#else
	v->runner_arch = "linux/amd64";
#endif
}

/* ---- from values to variables ---- */

static bool add(struct maker *m, struct variables *out, const char *name, const char *value)
{
	return variables_set(out, m->a, (struct variable){ .name = name, .value = value, .raw = true });
}

static int fill(struct maker *m, struct variables *out, pipe_error *err)
{
	for (size_t i = 0; i < ROWS; i++) {
		const struct row *r = &rows[i];
		const char *value, *twin;

		if (r->field == OF_JOB)
			continue;
		memcpy(&value, (const char *)&m->v + r->field, sizeof(value));
		if (!value)
			continue;
		twin = r->twin ? arena_printf(m->a, "PIPE_%s", r->name + 3) : NULL;
		if ((r->twin && !twin) || !add(m, out, r->name, value) || (twin && !add(m, out, twin, value)))
			return error_nomem(err);
	}
	return m->nomem ? error_nomem(err) : PIPE_OK;
}

int predefined_make(const struct predefined_facts *facts, struct arena *a, struct variables *out, const char **source,
		    const char **ref, bool *is_tag, bool *is_merge_request, pipe_error *err)
{
	struct maker m = { .facts = facts, .git = facts->git, .a = a };
	int rc = find_kind(facts->as, &m.kind, &m.argument, err);

	if (rc)
		return rc;
	make_machine(&m);
	make_project(&m);
	make_server(&m);
	rc = make_commit(&m, err);
	if (rc)
		return rc;
	make_pipeline(&m);
	*source = m.v.source;
	*ref = m.v.ref;
	*is_tag = m.kind->is_tag;
	*is_merge_request = m.kind->is_merge_request;
	return fill(&m, out, err);
}

void predefined_reference(struct str *out)
{
	str_adds(
		out,
		"# Predefined variables\n\n"
		"What GitLab's predefined variables are on one machine. Those that are not GitLab's alone have a twin that begins "
		"with `PIPE_` instead of `CI_`.\n\n"
		"| variable | twin | meaning |\n|---|---|---|\n");
	for (size_t i = 0; i < ROWS; i++) {
		const struct row *r = &rows[i];
		str_printf(out, "| `%s` |", r->name);
		if (r->twin)
			str_printf(out, " `PIPE_%s` ", r->name + 3);
		str_printf(out, "| %s |\n", r->help);
	}
}
