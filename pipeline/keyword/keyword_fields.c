/* The keyword table, second half: what may stand below a keyword.  Rows of one table stand in the order of GitLab's reference. */
#include "pipeline/keyword/keyword_fields.h"

#include "pipe.h"

#define FIELD(name_, shape_, ...) KEYWORD_ROW(name_, IN_NESTED, shape_, __VA_ARGS__)
#define LIST_OF_TEXT .items = TAKES_TEXT

static const char *const always_never[] = { "always", "never", NULL };
static const char *const rule_when[] = { "on_success", "on_failure", "always", "manual", "delayed", "never", NULL };
static const char *const outcome_when[] = { "on_success", "on_failure", "always", NULL };
static const char *const cancel_commit[] = { "conservative", "interruptible", "none", NULL };
static const char *const cancel_failure[] = { "none", "all", NULL };
static const char *const access_levels[] = { "none", "developer", "maintainer", "all", NULL };
static const char *const never[] = { "never", NULL };
static const char *const coverage_formats[] = { "cobertura", "jacoco", NULL };
static const char *const cache_policies[] = { "pull-push", "pull", "push", NULL };
static const char *const environment_actions[] = { "start", "prepare", "stop", "verify", "access", NULL };
static const char *const tiers[] = { "production", "staging", "testing", "development", "other", NULL };
static const char *const pull_policies[] = { "always", "if-not-present", "never", NULL };
static const char *const strategies[] = { "depend", "mirror", NULL };
static const char *const link_types[] = { "runbook", "package", "image", "other", NULL };
static const char *const kubernetes_active[] = { "active", NULL };
static const char *const input_types[] = { "string", "number", "boolean", "array", NULL };
static const char *const default_keywords[] = { "after_script", "artifacts", "before_script", "cache",	       "hooks",
						"id_tokens",	"identity",  "image",	      "interruptible", "retry",
						"services",	"shell",     "tags",	      "timeout",       NULL };
#define EVENT_NAME(id, name) name,
static const char *const event_kinds[] = { PIPE_EVENT_MAP(EVENT_NAME) NULL };
#undef EVENT_NAME
static const char *const on_errors[] = { "fail", "warn", NULL };
static const char *const retry_causes[] = { "always",
					    "unknown_failure",
					    "script_failure",
					    "api_failure",
					    "stuck_or_timeout_failure",
					    "stuck_pending_with_matching_runners",
					    "stuck_pending_no_matching_runners",
					    "no_updates_running",
					    "no_updates_canceling",
					    "runner_system_failure",
					    "runner_configuration_error",
					    "runner_external_dependency_failure",
					    "runner_interrupted",
					    "runner_unsupported",
					    "stale_schedule",
					    "job_execution_timeout",
					    "server_timeout_running",
					    "server_timeout_canceling",
					    "archived_failure",
					    "unmet_prerequisites",
					    "scheduler_failure",
					    "data_integrity_failure",
					    NULL };

const struct keyword fields_allow_failure[] = {
	FIELD("exit_codes", TAKES_INT | TAKES_LIST, "the exit codes that are allowed; every other one fails the pipeline",
	      .items = TAKES_INT, .required = true, .example = "allow_failure:\n  exit_codes: [77, 137]"),
	KEYWORD_END,
};

/* ---- Lua ---- */

/* Of every row that TAKES_LUA. */
const struct keyword fields_lua_text[] = {
	FIELD("lua", TAKES_TEXT, "the Lua itself"),
	FIELD("file", TAKES_TEXT, "the file that it stands in, from the root of the project"),
	KEYWORD_END,
};

#define HOOK_FIELDS                                                                                                              \
	FIELD("with", TAKES_NAMED, "what the script finds in `ctx.with`", .items = TAKES_ANY),                                   \
		FIELD("on_error", TAKES_ENUM, "what a failure of the script is", .values = on_errors,                            \
		      .fallback = "`lua:on_error`")

static const struct keyword fields_hook[] = { HOOK_FIELDS, KEYWORD_END };
static const struct keyword fields_event_hook[] = {
	HOOK_FIELDS,
	FIELD("events", TAKES_LIST, "only these events", .items = TAKES_ENUM, .values = event_kinds, .fallback = "all but `log`",
	      .example = "hooks:\n  on_event:\n    file: ci/watch.lua\n    events: [job_finished]"),
	KEYWORD_END,
};

#define HOOK(name_, help_, fields_, ...)                                                                                         \
	FIELD(name_, TAKES_LUA | TAKES_LIST, help_, .items = TAKES_LUA, .fields = (fields_), __VA_ARGS__)

const struct keyword fields_hooks[] = {
	HOOK("before_run", "before the first job; a failure ends the run; at the top level only", fields_hook,
	     .example = "hooks:\n  before_run: ci/freeze.lua"),
	HOOK("after_run", "when all jobs have ended; at the top level only", fields_hook, .example = NULL),
	HOOK("gate", "before `before_job`: where it returns false, or fails, the job does not run", fields_hook,
	     .example = "hooks:\n  gate: return ctx.run.branch == \"main\", \"only main is deployed\""),
	HOOK("before_job", "when the job has its place and nothing of it has been done", fields_hook,
	     .example = "hooks:\n  before_job: |\n    pipe.log(\"starts:\", ctx.job.name)"),
	HOOK("on_failure", "when the job has failed, before `after_job`", fields_hook, .example = NULL),
	HOOK("after_job", "when the job's outcome is known, and not told yet", fields_hook, .example = NULL),
	HOOK("on_event", "after each event of the run (of a job: its own) but output; only the run's end waits for it",
	     fields_event_hook, .example = "hooks:\n  on_event: {file: ci/watch.lua, events: [job_finished]}"),
	HOOK("notify", "after `after_run` (of a job: after `after_job`); a failure of it only warns", fields_hook,
	     .example = "hooks:\n  notify: {file: ci/chat.lua, with: {room: builds}}"),
	FIELD("pre_get_sources_script", TAKES_SCRIPT,
	      "commands to run before the job's sources are put in place; not at the top level",
	      .example = "hooks:\n  pre_get_sources_script:\n    - echo before"),
	KEYWORD_END,
};

static const struct keyword fields_lua_allow[] = {
	FIELD("http", TAKES_TEXT | TAKES_LIST,
	      "addresses that `pipe.http` and `pipe.notify` may reach: an origin, or one with a path that others begin with",
	      LIST_OF_TEXT, .example = "lua:\n  allow: {http: [https://hooks.example]}"),
	FIELD("exec", TAKES_TEXT | TAKES_LIST, "programs that `pipe.exec` may start: names, or absolute paths", LIST_OF_TEXT,
	      .example = "lua:\n  allow: {exec: [helm]}"),
	FIELD("read", TAKES_TEXT | TAKES_LIST, "absolute directories outside of the workspace that `pipe.read` may read",
	      LIST_OF_TEXT),
	FIELD("secrets", TAKES_TEXT | TAKES_LIST, "masked variables that `ctx.vars` shows", LIST_OF_TEXT),
	FIELD("mail", TAKES_TEXT | TAKES_LIST, "mail servers, `smtp://HOST:PORT` or `smtps://HOST`", LIST_OF_TEXT),
	KEYWORD_END,
};
static const struct keyword fields_lua_limits[] = {
	FIELD("cpu", TAKES_DURATION, "processor time of one call", .fallback = "2s"),
	FIELD("wall", TAKES_DURATION, "time of one call from its beginning to its end, with what it waits for",
	      .fallback = "30s"),
	FIELD("memory", TAKES_SIZE, "memory of one call", .fallback = "64 MiB", .example = "lua:\n  limits: {memory: 128 MiB}"),
	FIELD("output", TAKES_SIZE, "what one call may write to the log", .fallback = "1 MiB"),
	KEYWORD_END,
};
const struct keyword fields_lua[] = {
	FIELD("allow", TAKES_MAP | TAKES_LIST, "what scripts may reach; nothing that does not stand here", .items = TAKES_MAP,
	      .fields = fields_lua_allow, .example = "lua:\n  allow:\n    - http: [https://hooks.example]\n    - exec: [helm]"),
	FIELD("limits", TAKES_MAP, "what one call of a script may use up, within what the machine's operator allows",
	      .fields = fields_lua_limits, .example = "lua:\n  limits: {cpu: 5s, wall: 2m}"),
	FIELD("on_error", TAKES_ENUM, "what a failure of a script is to its job or its run", .values = on_errors,
	      .fallback = "fail"),
	KEYWORD_END,
};

/* ---- rules ---- */

static const struct keyword fields_changes[] = {
	FIELD("paths", TAKES_LIST, "path patterns, relative to the project", LIST_OF_TEXT, .required = true),
	FIELD("compare_to", TAKES_TEXT, "the branch, tag or commit to compare with",
	      .fallback = "the usual base of the pipeline"),
	KEYWORD_END,
};

static const struct keyword fields_exists[] = {
	FIELD("paths", TAKES_LIST, "path patterns, relative to the project", LIST_OF_TEXT, .required = true),
	FIELD("project", TAKES_TEXT, "look in this project instead"),
	FIELD("ref", TAKES_TEXT, "at this branch, tag or commit of it", .fallback = "its default branch"),
	KEYWORD_END,
};

static const struct keyword fields_matrix_only[] = {
	FIELD("matrix", TAKES_LIST, "the instances of the matrix job to wait for, by their variables", .items = TAKES_AXES,
	      .required = true),
	KEYWORD_END,
};

const struct keyword fields_needs[] = {
	FIELD("job", TAKES_TEXT, "the job to wait for", .example = "needs:\n  - job: build\n    artifacts: false"),
	FIELD("artifacts", TAKES_BOOL, "take the artifacts and dotenv variables of that job", .fallback = "true"),
	FIELD("optional", TAKES_BOOL, "do not mind when that job is not in the pipeline", .fallback = "false"),
	FIELD("parallel", TAKES_MAP, "only these instances of a matrix job", .fields = fields_matrix_only,
	      .example = "needs:\n  - job: build\n    parallel:\n      matrix:\n        - ARCH: arm64"),
	FIELD("pipeline", TAKES_TEXT, "take artifacts of a job of another pipeline", .fate = LATER),
	FIELD("project", TAKES_TEXT, "take artifacts of a job of another project", .fate = LATER),
	FIELD("ref", TAKES_TEXT, "the branch or tag of that project"),
	KEYWORD_END,
};

const struct keyword fields_rule[] = {
	FIELD("if", TAKES_TEXT, "an expression over variables that must be true",
	      .example = "rules:\n  - if: $CI_COMMIT_BRANCH == \"main\""),
	FIELD("changes", TAKES_LIST | TAKES_MAP, "one of these files must have changed", LIST_OF_TEXT, .fields = fields_changes,
	      .example = "rules:\n  - changes: [\"src/**/*\"]"),
	FIELD("exists", TAKES_LIST | TAKES_MAP, "one of these files must be there", LIST_OF_TEXT, .fields = fields_exists,
	      .example = "rules:\n  - exists: [Dockerfile]"),
	FIELD("lua", TAKES_LUA, "Lua that must return something true: an expression, a text or the path of a file",
	      .example = "rules:\n  - lua: ctx.vars.MODE == \"nightly\" and ctx.run.branch == \"main\""),
	FIELD("when", TAKES_ENUM, "when the job runs if the rule matches", .values = rule_when,
	      .fallback = "the job's own `when`, else on_success"),
	FIELD("start_in", TAKES_DURATION, "with `when: delayed`: how long to wait"),
	FIELD("allow_failure", TAKES_BOOL | TAKES_MAP, "whether the job may fail if the rule matches",
	      .fields = fields_allow_failure, .fallback = "the job's own"),
	FIELD("variables", TAKES_VARIABLES, "variables that the job gets if the rule matches", .fields = fields_variable),
	FIELD("needs", TAKES_LIST, "replaces the job's `needs` if the rule matches", .items = TAKES_TEXT | TAKES_MAP,
	      .fields = fields_needs),
	FIELD("interruptible", TAKES_BOOL, "whether a newer pipeline may cancel the job", .fallback = "the job's own"),
	KEYWORD_END,
};

/* ---- global ---- */

const struct keyword fields_variable[] = {
	FIELD("value", TAKES_SCALAR, "the value; numbers and booleans count as text"),
	FIELD("description", TAKES_TEXT, "what the variable is for; global variables only"),
	FIELD("options", TAKES_LIST, "the values to choose from; global variables only", .items = TAKES_SCALAR),
	FIELD("expand", TAKES_BOOL, "false: `$` in the value is a plain character", .fallback = "true"),
	KEYWORD_END,
};

static const struct keyword fields_auto_cancel[] = {
	FIELD("on_new_commit", TAKES_ENUM, "what is cancelled of a run when one of a newer commit of the same branch starts",
	      .values = cancel_commit, .fallback = "conservative"),
	FIELD("on_job_failure", TAKES_ENUM, "`all`: the first job that fails cancels the others", .values = cancel_failure,
	      .fallback = "none"),
	KEYWORD_END,
};

static const struct keyword fields_workflow_rule[] = {
	FIELD("if", TAKES_TEXT, "an expression over variables that must be true"),
	FIELD("changes", TAKES_LIST | TAKES_MAP, "one of these files must have changed", LIST_OF_TEXT, .fields = fields_changes),
	FIELD("exists", TAKES_LIST | TAKES_MAP, "one of these files must be there", LIST_OF_TEXT, .fields = fields_exists),
	FIELD("lua", TAKES_LUA, "Lua that must return something true"),
	FIELD("when", TAKES_ENUM, "whether there is a pipeline if the rule matches", .values = always_never,
	      .fallback = "always"),
	FIELD("variables", TAKES_VARIABLES, "variables that all jobs get if the rule matches", .fields = fields_variable),
	FIELD("auto_cancel", TAKES_MAP, "replaces `workflow:auto_cancel` if the rule matches", .fields = fields_auto_cancel),
	KEYWORD_END,
};

const struct keyword fields_workflow[] = {
	FIELD("name", TAKES_TEXT, "the pipeline's name; may hold variables",
	      .example = "workflow:\n  name: Build of $CI_COMMIT_BRANCH"),
	FIELD("rules", TAKES_LIST, "the first rule that matches says whether there is a pipeline at all", .items = TAKES_MAP,
	      .fields = fields_workflow_rule, .fallback = "there is one",
	      .example = "workflow:\n  rules:\n    - if: $CI_COMMIT_TAG\n      when: never\n    - when: always"),
	FIELD("auto_cancel", TAKES_MAP, "which events cancel running jobs", .fields = fields_auto_cancel),
	KEYWORD_END,
};

static const struct keyword fields_include_rule[] = {
	FIELD("if", TAKES_TEXT, "an expression over variables that must be true"),
	FIELD("changes", TAKES_LIST | TAKES_MAP, "one of these files must have changed", LIST_OF_TEXT, .fields = fields_changes),
	FIELD("exists", TAKES_LIST | TAKES_MAP, "one of these files must be there", LIST_OF_TEXT, .fields = fields_exists),
	FIELD("lua", TAKES_LUA, "Lua that must return something true"),
	FIELD("when", TAKES_ENUM, "whether the file is included if the rule matches", .values = always_never,
	      .fallback = "always"),
	KEYWORD_END,
};

const struct keyword fields_include[] = {
	FIELD("local", TAKES_TEXT, "a file of the project; `*` and `**` match several",
	      .example = "include:\n  - local: ci/*.yml"),
	FIELD("remote", TAKES_TEXT, "a file at an HTTP(S) address"),
	FIELD("integrity", TAKES_TEXT, "with `remote`: sha256-BASE64 that the file must have"),
	FIELD("project", TAKES_TEXT, "a project on the same Git host, `group/project`",
	      .example = "include:\n  - project: group/templates\n    ref: v2\n    file: build.yml"),
	FIELD("file", TAKES_TEXT | TAKES_LIST, "with `project`: the file or files of it", LIST_OF_TEXT),
	FIELD("ref", TAKES_TEXT, "with `project`: branch, tag or commit", .fallback = "its default branch"),
	FIELD("template", TAKES_TEXT, "one of GitLab's own templates"),
	FIELD("component", TAKES_TEXT, "a CI/CD component, `host/group/project/name@version`"),
	FIELD("lua", TAKES_TEXT, "a Lua file of the project that returns the pipeline as a table",
	      .example = "include:\n  - lua: ci/jobs.lua\n    with: {services: [api, shop]}"),
	FIELD("with", TAKES_NAMED, "with `lua`: what the script finds in `ctx.with`", .items = TAKES_ANY),
	FIELD("inputs", TAKES_NAMED, "values for the file's `spec:inputs`", .items = TAKES_ANY),
	FIELD("rules", TAKES_LIST, "the first rule that matches says whether the file is included", .items = TAKES_MAP,
	      .fields = fields_include_rule),
	KEYWORD_END,
};

const struct keyword fields_input[] = {
	FIELD("type", TAKES_ENUM, "what values it takes", .values = input_types, .fallback = "string"),
	FIELD("default", TAKES_ANY, "the value if none is given; without it the input must be given"),
	FIELD("description", TAKES_TEXT, "what the input is for"),
	FIELD("options", TAKES_LIST, "the values to choose from", .items = TAKES_ANY),
	FIELD("regex", TAKES_TEXT, "a regular expression that the value must match"),
	FIELD("rules", TAKES_LIST, "options and default that hang on other inputs", .items = TAKES_ANY),
	KEYWORD_END,
};

static const struct keyword fields_spec_include[] = {
	FIELD("local", TAKES_TEXT, "a file of the project; `*` and `**` match several"),
	FIELD("remote", TAKES_TEXT, "a file at an HTTP(S) address"),
	FIELD("integrity", TAKES_TEXT, "with `remote`: sha256-BASE64 that the file must have"),
	FIELD("project", TAKES_TEXT, "a project on the same Git host, `group/project`"),
	FIELD("file", TAKES_TEXT | TAKES_LIST, "with `project`: the file or files of it", LIST_OF_TEXT),
	FIELD("ref", TAKES_TEXT, "with `project`: branch, tag or commit", .fallback = "its default branch"),
	KEYWORD_END,
};

const struct keyword fields_spec[] = {
	FIELD("inputs", TAKES_NAMED, "the inputs that the file takes", .items = TAKES_MAP, .fields = fields_input,
	      .example = "spec:\n  inputs:\n    stage:\n      default: test\n---"),
	FIELD("include", TAKES_TEXT | TAKES_LIST | TAKES_MAP, "files with more declarations, each a map with `inputs`",
	      .items = TAKES_TEXT | TAKES_MAP, .fields = fields_spec_include),
	FIELD("description", TAKES_TEXT, "what the file is for"),
	KEYWORD_END,
};

/* ---- jobs ---- */

static const struct keyword fields_coverage_report[] = {
	FIELD("coverage_format", TAKES_ENUM, "the report's format", .values = coverage_formats, .required = true),
	FIELD("path", TAKES_TEXT, "the report's file, or a pattern", .required = true),
	KEYWORD_END,
};

#define REPORT(name_, help_) FIELD(name_, TAKES_TEXT | TAKES_LIST, help_, LIST_OF_TEXT)
static const struct keyword fields_reports[] = {
	REPORT("accessibility", "accessibility findings (pa11y)"),
	REPORT("annotations", "links and notes to show with the job"),
	REPORT("api_fuzzing", "API fuzzing findings"),
	REPORT("browser_performance", "browser performance figures"),
	REPORT("cluster_image_scanning", "findings in the images of a cluster"),
	REPORT("codequality", "code quality findings"),
	REPORT("container_scanning", "findings in container images"),
	FIELD("coverage_report", TAKES_MAP, "test coverage by line", .fields = fields_coverage_report,
	      .example =
		      "artifacts:\n  reports:\n    coverage_report:\n      coverage_format: cobertura\n      path: coverage.xml"),
	REPORT("coverage_fuzzing", "coverage-guided fuzzing findings"),
	REPORT("cyclonedx", "software bills of materials in CycloneDX's format"),
	REPORT("dast", "findings of dynamic application security tests"),
	REPORT("dependency_scanning", "findings in dependencies"),
	REPORT("dotenv", "NAME=VALUE lines that later jobs get as variables"),
	REPORT("junit", "test results in JUnit's XML format"),
	REPORT("license_management", "licences of dependencies (old name)"),
	REPORT("license_scanning", "licences of dependencies"),
	REPORT("load_performance", "load test figures"),
	REPORT("lsif", "code intelligence index"),
	REPORT("metrics", "figures in OpenMetrics' text format"),
	REPORT("performance", "browser performance figures (old name)"),
	REPORT("repository_xray", "facts on the repository for code suggestions"),
	REPORT("requirements", "requirements and whether they are met"),
	REPORT("sarif", "findings in SARIF's format"),
	REPORT("sast", "findings of static application security tests"),
	REPORT("secret_detection", "secrets found in the source"),
	REPORT("terraform", "a Terraform plan"),
	KEYWORD_END,
};

const struct keyword fields_artifacts[] = {
	FIELD("paths", TAKES_LIST, "files and directories to keep, relative to the project; patterns are allowed", LIST_OF_TEXT,
	      .example = "artifacts:\n  paths:\n    - build/\n    - \"*.log\""),
	FIELD("exclude", TAKES_LIST, "patterns of files not to keep", LIST_OF_TEXT),
	FIELD("expire_in", TAKES_DURATION | TAKES_ENUM, "how long they are kept", .values = never,
	      .fallback = "as long as the run", .example = "artifacts:\n  expire_in: 1 week"),
	FIELD("expose_as", TAKES_TEXT, "the name under which a merge request shows them", .fate = MEANINGLESS),
	FIELD("name", TAKES_TEXT, "the archive's name", .fallback = "artifacts"),
	FIELD("untracked", TAKES_BOOL, "keep all files that Git does not track, too", .fallback = "false"),
	FIELD("when", TAKES_ENUM, "after which outcome they are kept", .values = outcome_when, .fallback = "on_success"),
	FIELD("access", TAKES_ENUM, "who may download them in GitLab", .values = access_levels, .fallback = "all",
	      .fate = MEANINGLESS),
	FIELD("public", TAKES_BOOL, "whether everybody may download them in GitLab", .fallback = "true", .fate = MEANINGLESS),
	FIELD("reports", TAKES_MAP, "files with results, by kind", .fields = fields_reports,
	      .example = "artifacts:\n  reports:\n    junit: report.xml"),
	KEYWORD_END,
};

static const struct keyword fields_cache_key[] = {
	FIELD("files", TAKES_LIST, "the key is made of the contents of these files", LIST_OF_TEXT, .least = 1, .most = 2,
	      .example = "cache:\n  key:\n    files: [package-lock.json]\n  paths: [node_modules/]"),
	FIELD("files_commits", TAKES_LIST, "the key is made of the last commits that changed these files", LIST_OF_TEXT,
	      .least = 1, .most = 2),
	FIELD("prefix", TAKES_TEXT, "text in front of the key"),
	KEYWORD_END,
};

const struct keyword fields_cache[] = {
	FIELD("paths", TAKES_LIST, "files and directories to keep for the next run", LIST_OF_TEXT),
	FIELD("key", TAKES_TEXT | TAKES_MAP, "jobs with the same key share the cache", .fields = fields_cache_key,
	      .fallback = "default", .example = "cache:\n  key: $CI_COMMIT_REF_SLUG\n  paths: [.cache/]"),
	FIELD("untracked", TAKES_BOOL, "keep all files that Git does not track, too", .fallback = "false"),
	FIELD("unprotect", TAKES_BOOL, "share the cache between protected and other branches", .fallback = "false",
	      .fate = MEANINGLESS),
	FIELD("when", TAKES_ENUM, "after which outcome it is saved", .values = outcome_when, .fallback = "on_success"),
	FIELD("policy", TAKES_ENUM | TAKES_EXPANDED, "whether it is brought, saved or both", .values = cache_policies,
	      .fallback = "pull-push"),
	FIELD("fallback_keys", TAKES_LIST, "keys to look for when there is no cache of `key`", LIST_OF_TEXT, .most = 5),
	KEYWORD_END,
};

static const struct keyword fields_docker[] = {
	FIELD("platform", TAKES_TEXT, "the image's platform, such as linux/arm64"),
	FIELD("user", TAKES_TEXT, "the user that the container runs as"),
	KEYWORD_END,
};
static const struct keyword fields_image_kubernetes[] = {
	FIELD("user", TAKES_TEXT | TAKES_INT, "the user that the container runs as"),
	KEYWORD_END,
};

#define IMAGE_ROWS                                                                                                               \
	FIELD("name", TAKES_TEXT, "the image, as in `docker pull`", .required = true),                                           \
		FIELD("entrypoint", TAKES_LIST, "the command that the container starts with", LIST_OF_TEXT),                     \
		FIELD("pull_policy", TAKES_ENUM | TAKES_LIST, "when the image is fetched", .values = pull_policies,              \
		      .items = TAKES_ENUM),                                                                                      \
		FIELD("docker", TAKES_MAP, "options of the Docker executor", .fields = fields_docker),                           \
		FIELD("kubernetes", TAKES_MAP, "options of the Kubernetes executor", .fields = fields_image_kubernetes)

const struct keyword fields_image[] = { IMAGE_ROWS, KEYWORD_END };

const struct keyword fields_service[] = {
	IMAGE_ROWS,
	FIELD("alias", TAKES_TEXT, "the host names under which the job reaches it"),
	FIELD("command", TAKES_TEXT | TAKES_LIST, "the command's arguments", LIST_OF_TEXT),
	FIELD("variables", TAKES_VARIABLES, "variables for the service alone", .fields = fields_variable),
	KEYWORD_END,
};

const struct keyword fields_environment[] = {
	FIELD("name", TAKES_TEXT, "the environment's name; may hold variables", .required = true),
	FIELD("url", TAKES_TEXT, "its address; may hold variables, also those of a dotenv report"),
	FIELD("on_stop", TAKES_TEXT, "the job that takes the environment down"),
	FIELD("action", TAKES_ENUM, "what the job does with the environment", .values = environment_actions, .fallback = "start"),
	FIELD("auto_stop_in", TAKES_DURATION | TAKES_ENUM | TAKES_EXPANDED, "after which time GitLab takes it down",
	      .values = never, .fate = MEANINGLESS),
	FIELD("kubernetes", TAKES_MAP, "the cluster agent and namespace that GitLab shows", .fate = LATER),
	FIELD("deployment_tier", TAKES_ENUM | TAKES_EXPANDED, "what kind of environment it is", .values = tiers),
	KEYWORD_END,
};

const struct keyword fields_filter[] = {
	FIELD("refs", TAKES_LIST, "branch and tag names, /patterns/, and words such as `tags`", LIST_OF_TEXT),
	FIELD("variables", TAKES_LIST, "expressions of which one must be true", LIST_OF_TEXT),
	FIELD("changes", TAKES_LIST, "one of these files must have changed", LIST_OF_TEXT),
	FIELD("kubernetes", TAKES_ENUM, "a cluster is there", .values = kubernetes_active, .fate = MEANINGLESS),
	KEYWORD_END,
};

const struct keyword fields_id_token[] = {
	FIELD("aud", TAKES_TEXT | TAKES_LIST, "the token's audience", LIST_OF_TEXT, .required = true),
	KEYWORD_END,
};

const struct keyword fields_inherit[] = {
	FIELD("default", TAKES_BOOL | TAKES_LIST, "which keywords of `default` the job takes", .items = TAKES_ENUM,
	      .values = default_keywords, .fallback = "true", .example = "inherit:\n  default: [image, retry]"),
	FIELD("variables", TAKES_BOOL | TAKES_LIST, "which global variables the job takes", LIST_OF_TEXT, .fallback = "true",
	      .example = "inherit:\n  variables: false"),
	KEYWORD_END,
};

const struct keyword fields_pages[] = {
	FIELD("publish", TAKES_TEXT, "the directory to publish"),
	FIELD("path_prefix", TAKES_TEXT, "a prefix of the site's address"),
	FIELD("expire_in", TAKES_TEXT, "how long the site is up"),
	KEYWORD_END,
};

const struct keyword fields_parallel[] = {
	FIELD("matrix", TAKES_LIST, "a job for each combination of these variables' values", .items = TAKES_AXES, .least = 1,
	      .required = true, .example = "parallel:\n  matrix:\n    - CC: [gcc, clang]\n      MODE: [debug, release]"),
	KEYWORD_END,
};

static const struct keyword fields_release_link[] = {
	FIELD("name", TAKES_TEXT, "what is shown", .required = true),
	FIELD("url", TAKES_TEXT, "where it leads", .required = true),
	FIELD("filepath", TAKES_TEXT, "a permanent path below the release"),
	FIELD("link_type", TAKES_ENUM, "what it leads to", .values = link_types, .fallback = "other"),
	KEYWORD_END,
};
static const struct keyword fields_release_assets[] = {
	FIELD("links", TAKES_LIST, "links to files", .items = TAKES_MAP, .fields = fields_release_link),
	KEYWORD_END,
};
const struct keyword fields_release[] = {
	FIELD("tag_name", TAKES_TEXT, "the tag of the release", .required = true),
	FIELD("tag_message", TAKES_TEXT, "the message of the tag if it is made"),
	FIELD("name", TAKES_TEXT, "the release's name", .fallback = "the tag's name"),
	FIELD("description", TAKES_TEXT, "what is in it", .required = true),
	FIELD("ref", TAKES_TEXT, "the commit to tag if the tag is not there"),
	FIELD("milestones", TAKES_LIST, "milestones that it belongs to", LIST_OF_TEXT),
	FIELD("released_at", TAKES_TEXT, "date and time of the release"),
	FIELD("assets", TAKES_MAP, "what belongs to it", .fields = fields_release_assets),
	KEYWORD_END,
};

const struct keyword fields_retry[] = {
	FIELD("max", TAKES_INT, "how often at most", .least = 0, .most = 2, .fallback = "0"),
	FIELD("when", TAKES_ENUM | TAKES_LIST, "after which failures", .values = retry_causes, .items = TAKES_ENUM,
	      .fallback = "always", .example = "retry:\n  max: 2\n  when: runner_system_failure"),
	FIELD("exit_codes", TAKES_INT | TAKES_LIST, "after which exit codes of the script", .items = TAKES_INT),
	KEYWORD_END,
};

static const struct keyword fields_vault_engine[] = {
	FIELD("name", TAKES_TEXT, "the engine", .required = true),
	FIELD("path", TAKES_TEXT, "where it is mounted", .required = true),
	KEYWORD_END,
};
static const struct keyword fields_vault[] = {
	FIELD("engine", TAKES_MAP, "the secrets engine", .fields = fields_vault_engine, .required = true),
	FIELD("path", TAKES_TEXT, "the secret", .required = true),
	FIELD("field", TAKES_TEXT, "the field of it", .required = true),
	KEYWORD_END,
};
const struct keyword fields_secret[] = {
	FIELD("vault", TAKES_TEXT | TAKES_MAP, "a secret of HashiCorp Vault", .fields = fields_vault),
	FIELD("azure_key_vault", TAKES_MAP, "a secret of Azure Key Vault"),
	FIELD("gcp_secret_manager", TAKES_MAP, "a secret of Google Cloud's Secret Manager"),
	FIELD("aws_secrets_manager", TAKES_TEXT | TAKES_MAP, "a secret of AWS Secrets Manager"),
	FIELD("gitlab_secrets_manager", TAKES_MAP, "a secret of GitLab's own manager"),
	FIELD("akeyless", TAKES_MAP, "a secret of Akeyless"),
	FIELD("file", TAKES_BOOL, "hand it over in a file", .fallback = "true"),
	FIELD("token", TAKES_TEXT, "the ID token to authenticate with"),
	KEYWORD_END,
};

const struct keyword fields_step[] = {
	FIELD("name", TAKES_TEXT, "the step's name", .required = true),
	FIELD("script", TAKES_SCRIPT, "commands"),
	FIELD("step", TAKES_TEXT | TAKES_MAP, "where the step's function is; only GitLab's step runner can run it"),
	FIELD("func", TAKES_TEXT | TAKES_MAP, "the same, in its newer spelling"),
	FIELD("env", TAKES_VARIABLES, "variables for the step", .fields = fields_variable),
	FIELD("inputs", TAKES_NAMED, "values for the function's inputs", .items = TAKES_ANY),
	KEYWORD_END,
};

static const struct keyword fields_trigger_include[] = {
	FIELD("local", TAKES_TEXT, "a file of the project"),
	FIELD("artifact", TAKES_TEXT, "a file among the artifacts of an earlier job",
	      .example = "trigger:\n  include:\n    - artifact: generated.yml\n      job: generate"),
	FIELD("job", TAKES_TEXT, "with `artifact`: that job"),
	FIELD("project", TAKES_TEXT, "a project on the same Git host"),
	FIELD("file", TAKES_TEXT | TAKES_LIST, "with `project`: the file of it", LIST_OF_TEXT),
	FIELD("ref", TAKES_TEXT, "with `project`: branch, tag or commit"),
	FIELD("remote", TAKES_TEXT, "a file at an HTTP(S) address"),
	FIELD("template", TAKES_TEXT, "one of GitLab's own templates"),
	FIELD("component", TAKES_TEXT, "a CI/CD component"),
	FIELD("inputs", TAKES_NAMED, "values for the file's `spec:inputs`", .items = TAKES_ANY),
	KEYWORD_END,
};
static const struct keyword fields_forward[] = {
	FIELD("yaml_variables", TAKES_BOOL, "hand down the global and the job's variables", .fallback = "true"),
	FIELD("pipeline_variables", TAKES_BOOL, "hand down the variables given when the run was started", .fallback = "false"),
	KEYWORD_END,
};
const struct keyword fields_trigger[] = {
	FIELD("include", TAKES_TEXT | TAKES_LIST | TAKES_MAP, "the files of a child pipeline", .items = TAKES_TEXT | TAKES_MAP,
	      .fields = fields_trigger_include, .least = 1, .most = 3,
	      .example = "trigger:\n  include: child.yml\n  strategy: depend"),
	FIELD("project", TAKES_TEXT, "start a pipeline of another project", .fate = LATER),
	FIELD("branch", TAKES_TEXT, "with `project`: the branch"),
	FIELD("strategy", TAKES_ENUM, "wait for the pipeline and take its outcome", .values = strategies,
	      .fallback = "the job succeeds as soon as the pipeline is started"),
	FIELD("forward", TAKES_MAP, "which variables the pipeline gets", .fields = fields_forward),
	FIELD("inputs", TAKES_NAMED, "values for the pipeline's `spec:inputs`", .items = TAKES_ANY),
	KEYWORD_END,
};
