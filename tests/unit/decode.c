/* Decoding: what the model holds for what a file says, and what is said about a file that is wrong. */
#include "decode_fixture.h"

Suite *decode_suite(void);

/* ---- what is wrong: one thing is said of each, and it alone ---- */

#define S "script: [make]\n"
#define J "a:\n  script: make\n"

#define ENVIRONMENT_HINT                                                                                                         \
	"a name takes letters, digits, spaces, \"-\", \"_\", \".\", \"/\", \"$\", \"{\" and \"}\", and no \"/\" at its ends"
#define ANCHOR_HINT "an anchor is set with \"&x\"; text that begins with \"*\" stands in quotes"
#define TRIGGER_HINT "put it into the jobs of the pipeline that is started"

static const struct decoded_case wrong[] = {
	/* the top level */
	{ "[a, b]\n", "not-a-pipeline", 1, 1, "a pipeline file is a map of keywords and jobs, not a list", NULL },
	{ "stages: [a]\n", "no-jobs", 1, 1, "the pipeline has no jobs", "a job is a name and a map with a \"script\"" },
	{ ".a: {}\n", "no-jobs", 1, 1, "the pipeline has no jobs", "a job is a name and a map with a \"script\"" },
	{ J "b: text\n", "not-a-job", 3, 1, "\"b\" is neither a keyword nor a job, which is a map, not text",
	  "a job needs \"script\", \"uses\", \"run\" or \"trigger\"; a template's name begins with a dot" },
	{ J "stage: [x]\n", "not-a-job", 3, 1, "\"stage\" is neither a keyword nor a job, which is a map, not a list",
	  "did you mean \"stages\"?" },
	{ J "varaibles:\n  A: b\n", "unknown-keyword", 3, 1, "there is no keyword \"varaibles\"", "did you mean \"variables\"?" },
	{ J "types: [x]\n", "unknown-keyword", 3, 1, "there is no keyword \"types\" any more", "it is \"stages\" now" },
	{ J "spec:\n  inputs: {}\n", "spec-place", 3, 1, "\"spec\" stands in a document of its own in front of the pipeline",
	  "end it with a line \"---\"" },
	{ J "b:\n", "no-script", 3, 1, "the job \"b\" is empty",
	  "a job needs \"script\", \"uses\", \"run\" or \"trigger\"; a template's name begins with a dot" },
	{ "true:\n  script: make\n" J, "job-name", 1, 1, "\"true\" cannot be the name of a job", "in quotes it can" },
	{ "'':\n  script: make\n" J, "job-name", 1, 1, "the job has no name", NULL },
	{ J "default:\n  script: make\n", "unknown-keyword", 4, 3, "\"default\" has no keyword \"script\"",
	  "\"script\" stands in a job, not in \"default\"" },
	{ J "default: [x]\n", "wrong-type", 3, 10, "\"default\" takes a map, not a list", NULL },

	/* stages */
	{ "stages: build\na:\n  stage: x\n  " S, "wrong-type", 1, 9, "\"stages\" takes a list of text, not text",
	  "write it as a list: [build]" },
	{ "stages: [build]\na:\n  stage: biuld\n  " S, "unknown-stage", 3, 10, "there is no stage \"biuld\"",
	  "did you mean \"build\"?" },
	{ "stages: [build]\na:\n  stage: qqq\n  " S, "unknown-stage", 3, 10, "there is no stage \"qqq\"",
	  "add it to \"stages\"" },
	{ "stages: [build]\na:\n  " S, "unknown-stage", 2, 1, "the job \"a\" says no stage, and \"test\" is not among the stages",
	  "add \"stage:\" to the job" },
	{ "a:\n  stage: [x]\n  " S, "wrong-type", 2, 10, "\"stage\" takes text, not a list", "write it without a list: x" },

	/* scripts */
	{ "a:\n  stage: test\n", "no-script", 1, 1, "the job \"a\" has nothing to do",
	  "a job needs \"script\", \"uses\", \"run\" or \"trigger\"; a template's name begins with a dot" },
	{ "a:\n  script:\n", "no-script", 1, 1, "the job \"a\" has nothing to do",
	  "a job needs \"script\", \"uses\", \"run\" or \"trigger\"; a template's name begins with a dot" },
	{ "a:\n  scirpt: make\n", "unknown-keyword", 2, 3, "a job has no keyword \"scirpt\"", "did you mean \"script\"?" },
	{ "a:\n  type: build\n  " S, "unknown-keyword", 2, 3, "a job has no keyword \"type\"", "did you mean \"stage\"?" },
	{ "a:\n  workflow: {}\n  " S, "unknown-keyword", 2, 3, "a job has no keyword \"workflow\"",
	  "\"workflow\" stands at the top level of the file" },
	{ "a:\n  script: []\n", "script-blank", 2, 11, "the script of \"a\" is blank", NULL },
	{ "a:\n  script: ''\n", "script-blank", 2, 11, "the script of \"a\" is blank", NULL },
	{ "a:\n  script: '  '\n", "script-blank", 2, 11, "the script of \"a\" is blank", NULL },
	{ "a:\n  script: {make: all}\n", "wrong-type", 2, 11, "\"script\" takes text or a list of text, not a map", NULL },
	{ "a:\n  script:\n    - echo: foo\n", "script-colon", 3, 7, "a command of \"script\" must be text, not a map",
	  "a colon and a space make a map: put the line in quotes, 'echo: foo'" },
	{ "a:\n  script:\n    - 'x'\n    - echo \"a\": it's\n", "script-colon", 4, 7,
	  "a command of \"script\" must be text, not a map", "a colon and a space make a map: put the whole line in quotes" },
	{ "a:\n  script: [[[[[[[[[[[x]]]]]]]]]]]\n", "nested-too-deep", 2, 21,
	  "the lists of \"script\" are nested more than 10 deep", NULL },
	{ "a:\n  script: make\n  trigger: x/y\n", "conflicting-keywords", 3, 3,
	  "\"trigger\" and \"script\" cannot stand in one job", NULL },
	{ "a:\n  script: make\n  run: [{name: x, script: y}]\n", "conflicting-keywords", 3, 3,
	  "\"run\" and \"script\" cannot stand in one job", NULL },
	{ "a:\n  script: !other [x]\n", "unknown-tag", 2, 11, "the value of \"script\" has a YAML tag that means nothing here",
	  "the only tag is !reference" },

	/* simple values */
	{ "a:\n  when: allways\n  " S, "wrong-value", 2, 9,
	  "\"when\" takes on_success, on_failure, always, manual or delayed, not \"allways\"", "did you mean \"always\"?" },
	{ "a:\n  when: never\n  " S, "wrong-value", 2, 9,
	  "\"when\" takes on_success, on_failure, always, manual or delayed, not \"never\"", "\"when: never\" stands in a rule" },
	{ "a:\n  allow_failure: maybe\n  " S, "wrong-value", 2, 18,
	  "\"allow_failure\" takes true or false or a map, not \"maybe\"", NULL },
	{ "a:\n  allow_failure: {}\n  " S, "missing-keyword", 2, 18, "\"allow_failure\" needs \"exit_codes\"", NULL },
	{ "a:\n  allow_failure: {exit_codes: x}\n  " S, "wrong-value", 2, 31,
	  "\"allow_failure:exit_codes\" takes a number or a list of numbers, not \"x\"", NULL },
	{ "a:\n  interruptible: 'true'\n  " S, "wrong-value", 2, 18, "\"interruptible\" takes true or false, not \"true\"",
	  "write it without quotes: true" },
	{ "a:\n  timeout: soon\n  " S, "wrong-duration", 2, 12, "\"timeout\" takes a duration, not \"soon\"",
	  "durations look like \"90 seconds\", \"1h 30m\" or \"2 days\"" },
	{ "a:\n  timeout: 3600\n  " S, "wrong-type", 2, 12, "\"timeout\" takes a duration, not a number",
	  "put it in quotes: \"3600\"" },
	{ "a:\n  retry: 3\n  " S, "wrong-value", 2, 10, "\"retry\" takes a number from 0 to 2 or a map, not \"3\"", NULL },
	{ "a:\n  retry: -1\n  " S, "wrong-value", 2, 10, "\"retry\" takes a number from 0 to 2 or a map, not \"-1\"", NULL },
	{ "a:\n  retry: {max: '1'}\n  " S, "wrong-value", 2, 16, "\"retry:max\" takes a number from 0 to 2, not \"1\"",
	  "write it without quotes: 1" },
	{ "a:\n  retry: {when: [script_failures]}\n  " S, "wrong-value", 2, 18, NULL, "did you mean \"script_failure\"?" },
	{ "a:\n  parallel: 0\n  " S, "wrong-value", 2, 13, "\"parallel\" takes a number from 1 on or a map, not \"0\"", NULL },
	{ "a:\n  parallel: 10001\n  " S, "matrix-limit", 2, 13, "\"a\" would be more than 10000 jobs",
	  "the limit \"matrix\" can be raised" },
	{ "a:\n  parallel: {}\n  " S, "missing-keyword", 2, 13, "\"parallel\" needs \"matrix\"", NULL },
	{ "a:\n  parallel: {matrix: []}\n  " S, "wrong-count", 2, 22, "\"parallel:matrix\" must not be empty", NULL },
	{ "a:\n  parallel: {matrix: [{X: {a: b}}]}\n  " S, "wrong-type", 2, 27,
	  "the variable \"X\" of \"parallel:matrix\" takes text, a number or a list of them, not a map", NULL },
	{ "a:\n  parallel: {matrix: [x]}\n  " S, "wrong-type", 2, 23,
	  "an item of \"parallel:matrix\" takes a map of variables to lists of values, not text", NULL },
	{ "a:\n  tags: linux\n  " S, "wrong-type", 2, 9, "\"tags\" takes a list of text, not text",
	  "write it as a list: [linux]" },
	{ "a:\n  tags: [1]\n  " S, "wrong-type", 2, 10, "an item of \"tags\" takes text, not a number",
	  "put it in quotes: \"1\"" },
	{ "a:\n  coverage: TOTAL\n  " S, "wrong-regex", 2, 13,
	  "\"coverage\" takes a regular expression between slashes, not \"TOTAL\"", "write '/TOTAL/'" },
	{ "a:\n  start_in: 1h\n  " S, "start-in", 2, 3, "\"start_in\" stands in a job that is not delayed",
	  "add \"when: delayed\"" },
	{ "a:\n  when: delayed\n  " S, "start-in", 2, 9, "\"when: delayed\" does not say how long to wait",
	  "add \"start_in: 30 minutes\" or the like" },
	{ "a:\n  when: delayed\n  start_in: 8 days\n  " S, "start-in", 3, 13, "\"start_in\" is longer than a week", NULL },
	{ "a:\n  shell: zsh\n  " S, "wrong-value", 2, 10, "\"shell\" takes bash, sh or a list of text, not \"zsh\"",
	  "did you mean \"sh\"?" },
	{ "a:\n  shell: []\n  " S, "wrong-count", 2, 10, "\"shell\" must not be empty", NULL },
	{ "a:\n  inherit: {default: [imgae]}\n  " S, "wrong-value", 2, 23, NULL, "did you mean \"image\"?" },
	{ "a:\n  hooks: {pre_build: x}\n  " S, "unknown-keyword", 2, 11, "\"hooks\" has no keyword \"pre_build\"",
	  "it takes before_run, after_run, gate, before_job, on_failure, after_job, on_event, notify, pre_get_sources_script" },

	/* variables */
	{ "a:\n  variables: true\n  " S, "wrong-type", 2, 14, NULL, NULL },
	{ "a:\n  variables: {X: [a]}\n  " S, "wrong-type", 2, 18,
	  "the variable \"X\" takes text, a number, a boolean or a map, not a list", NULL },
	{ "a:\n  variables: {'A=B': x}\n  " S, "variable-name", 2, 15, "\"A=B\" cannot be the name of a variable",
	  "names are made of letters, digits and \"_\"" },
	{ "a:\n  variables: {X: {vlaue: x}}\n  " S, "unknown-keyword", 2, 19, "\"variables\" has no keyword \"vlaue\"",
	  "did you mean \"value\"?" },
	{ J "variables: {X: {value: c, options: [a, b]}}\n", "wrong-value", 3, 24, "the value of \"X\" is none of its options",
	  NULL },

	/* rules */
	{ "a:\n  rules: []\n  " S, "wrong-count", 2, 10, "\"rules\" must not be empty", NULL },
	{ "a:\n  rules: [{if: true}]\n  " S, "wrong-type", 2, 16, "\"rules:if\" takes text, not true or false",
	  "put it in quotes: \"true\"" },
	{ "a:\n  rules: [{iff: $A}]\n  " S, "unknown-keyword", 2, 12, "\"rules\" has no keyword \"iff\"",
	  "did you mean \"if\"?" },
	{ "a:\n  rules: [always]\n  " S, "wrong-type", 2, 11, "an item of \"rules\" takes a map, not text", NULL },
	{ "a:\n  rules: [{when: delayed}]\n  " S, "start-in", 2, 18, "\"when: delayed\" does not say how long to wait",
	  "add \"start_in: 30 minutes\" or the like" },
	{ "a:\n  rules: [{start_in: 1h}]\n  " S, "start-in", 2, 22, "\"start_in\" stands in a rule that is not delayed",
	  "add \"when: delayed\"" },
	{ "a:\n  when: delayed\n  start_in: 1h\n  rules: [{if: $A}]\n  " S, "start-in", 3, 3,
	  "\"start_in\" of a job with \"rules\" stands in a rule", NULL },
	{ "a:\n  rules: [{changes: x}]\n  " S, "wrong-type", 2, 21, "\"rules:changes\" takes a list of text or a map, not text",
	  "write it as a list: [x]" },
	{ "a:\n  rules: [{changes: {compare_to: x}}]\n  " S, "missing-keyword", 2, 21, "\"rules:changes\" needs \"paths\"",
	  NULL },
	{ "a:\n  rules: [{if: $A}]\n  only: [main]\n  " S, "conflicting-keywords", 3, 3,
	  "\"only\" and \"rules\" cannot stand in one job", NULL },
	{ "a:\n  except: [main]\n  rules: [{if: $A}]\n  " S, "conflicting-keywords", 2, 3,
	  "\"except\" and \"rules\" cannot stand in one job", NULL },
	{ "a:\n  only: main\n  " S, "wrong-type", 2, 9, "\"only\" takes a list of text or a map, not text",
	  "write it as a list: [main]" },
	{ J "workflow: {rules: [{when: manual}]}\n", "wrong-value", 3, 27,
	  "\"workflow:rules:when\" takes always or never, not \"manual\"", NULL },
	{ J "workflow: {rule: []}\n", "unknown-keyword", 3, 12, "\"workflow\" has no keyword \"rule\"",
	  "did you mean \"rules\"?" },

	/* needs */
	{ "a:\n  needs: b\n  " S, "wrong-type", 2, 10, "\"needs\" takes a list of text or maps or a map, not text",
	  "write it as a list: [b]" },
	{ "a:\n  needs: [{artifacts: false}]\n  " S, "missing-keyword", 2, 11, "this need does not name a \"job\"", NULL },
	{ "a:\n  needs: [{job: b, artefacts: true}]\n  " S, "unknown-keyword", 2, 20, "\"needs\" has no keyword \"artefacts\"",
	  "did you mean \"artifacts\"?" },
	{ "a:\n  needs: [{job: b, project: x/y}]\n  " S, "missing-keyword", 2, 11, "\"needs:project\" stands without \"ref\"",
	  NULL },
	{ "a:\n  needs: [{job: b, ref: x}]\n  " S, "missing-keyword", 2, 25, "\"needs:ref\" stands without \"project\"", NULL },
	{ "a:\n  dependencies: b\n  " S, "wrong-type", 2, 17, "\"dependencies\" takes a list of text, not text",
	  "write it as a list: [b]" },

	/* artifacts, cache, image, environment */
	{ "a:\n  artifacts: {paths: x}\n  " S, "wrong-type", 2, 22, "\"artifacts:paths\" takes a list of text, not text",
	  "write it as a list: [x]" },
	{ "a:\n  artifacts: [x]\n  " S, "wrong-type", 2, 14, "\"artifacts\" takes a map, not a list",
	  "files stand under \"paths\": {paths: [x]}" },
	{ "a:\n  image: {pull_policy: always}\n  " S, "missing-keyword", 2, 10, "\"image\" needs \"name\"", NULL },
	{ "a:\n  environment: {nmae: x}\n  " S, "unknown-keyword", 2, 17, "\"environment\" has no keyword \"nmae\"",
	  "did you mean \"name\"?" },
	{ "a:\n  needs: [{jobs: b}]\n  " S, "unknown-keyword", 2, 12, "\"needs\" has no keyword \"jobs\"",
	  "did you mean \"job\"?" },
	{ "a:\n  retry: {when: [network]}\n  " S, "wrong-value", 2, 18,
	  "an item of \"retry:when\" takes one of its values, not \"network\"",
	  "the values are always, unknown_failure, script_failure, api_failure, stuck_or_timeout_failure, stuck_pending_with_matching_runners, stuck_pending_no_matching_runners, no_updates_running, no_updates_canceling, runner_system_failure, runner_configuration_error, runner_external_dependency_failure, runner_interrupted, runner_unsupported, stale_schedule, job_execution_timeout, server_timeout_running, server_timeout_canceling, archived_failure, unmet_prerequisites, scheduler_failure, data_integrity_failure" },
	{ "a:\n  script: [{b: 1, c: 2}]\n", "script-colon", 2, 12, "a command of \"script\" must be text, not a map",
	  "a colon and a space make a map: put the whole line in quotes" },
	{ "a:\n  ? [x]\n  : y\n  " S, "key-not-scalar", 2, 5, "a list cannot be a key",
	  "put quotes around a key that begins with \"[\" or \"{\"" },
	{ "a:\n  script: *x\n", "unknown-anchor", 2, 11, "no anchor \"x\" is defined above this", ANCHOR_HINT },
	{ "a:\n  script: [*x]\n", "unknown-anchor", 2, 12, "no anchor \"x\" is defined above this", ANCHOR_HINT },
	{ "a:\n  <<: *x\n  " S, "unknown-anchor", 2, 7, "no anchor \"x\" is defined above this", ANCHOR_HINT },
	{ "a:\n  artifacts: {path: [x]}\n  " S, "unknown-keyword", 2, 15, "\"artifacts\" has no keyword \"path\"",
	  "did you mean \"paths\"?" },
	{ "a:\n  artifacts: {reports: {junitt: x}}\n  " S, "unknown-keyword", 2, 25,
	  "\"artifacts:reports\" has no keyword \"junitt\"", "did you mean \"junit\"?" },
	{ "a:\n  artifacts: {reports: {junit: 1}}\n  " S, "wrong-type", 2, 32,
	  "\"artifacts:reports:junit\" takes text or a list of text, not a number", "put it in quotes: \"1\"" },
	{ "a:\n  artifacts: {reports: {coverage_report: {path: x}}}\n  " S, "missing-keyword", 2, 42,
	  "\"artifacts:reports:coverage_report\" needs \"coverage_format\"", NULL },
	{ "a:\n  artifacts: {expire_in: whenever}\n  " S, "wrong-duration", 2, 26,
	  "\"artifacts:expire_in\" takes never or a duration, not \"whenever\"",
	  "durations look like \"90 seconds\", \"1h 30m\" or \"2 days\"" },
	{ "a:\n  cache: {paths: folder}\n  " S, "wrong-type", 2, 18, "\"cache:paths\" takes a list of text, not text",
	  "write it as a list: [folder]" },
	{ "a:\n  cache: [{}, {}, {}, {}, {}]\n  " S, "wrong-count", 2, 10, "\"cache\" takes at most 4 items, not 5", NULL },
	{ "a:\n  cache: {key: {files: [a, b, c]}}\n  " S, "wrong-count", 2, 24,
	  "\"cache:key:files\" takes at most 2 items, not 3", NULL },
	{ "a:\n  cache: {key: {files: []}}\n  " S, "wrong-count", 2, 24, "\"cache:key:files\" must not be empty", NULL },
	{ "a:\n  cache: {key: {prefix: x}}\n  " S, "missing-keyword", 2, 16, "\"cache:key\" needs \"files\"",
	  "a key without files is text: \"key: name\"" },
	{ "a:\n  cache: {policy: push-pull}\n  " S, "wrong-value", 2, 19, NULL, "did you mean \"push\"?" },
	{ "a:\n  image: 3.10\n  " S, "wrong-type", 2, 10, "\"image\" takes text or a map, not a number",
	  "put it in quotes: \"3.10\"" },
	{ "a:\n  image: {entrypoint: ['']}\n  " S, "missing-keyword", 2, 10, "\"image\" needs \"name\"", NULL },
	{ "a:\n  services: [{alias: db}]\n  " S, "missing-keyword", 2, 14, "\"services\" needs \"name\"", NULL },
	{ "a:\n  environment: {url: x}\n  " S, "missing-keyword", 2, 16, "\"environment\" needs \"name\"", NULL },
	{ "a:\n  environment: {name: x, action: stopp}\n  " S, "wrong-value", 2, 34, NULL, "did you mean \"stop\"?" },

	{ "a:\n  environment: {name: 'prod:eu'}\n  " S, "wrong-value", 2, 23, "\"prod:eu\" cannot name an environment",
	  ENVIRONMENT_HINT },
	{ "a:\n  environment: /prod\n  " S, "wrong-value", 2, 16, "\"/prod\" cannot name an environment", ENVIRONMENT_HINT },
	{ "a:\n  environment: review/\n  " S, "wrong-value", 2, 16, "\"review/\" cannot name an environment", ENVIRONMENT_HINT },
	{ "a:\n  coverage: ''\n  " S, "wrong-regex", 2, 13, NULL, NULL },
	{ "a:\n  coverage: //\n  " S, "wrong-regex", 2, 13, NULL, NULL },
	{ "a:\n  coverage: /x/i\n  " S, "wrong-regex", 2, 13, NULL,
	  "nothing stands behind the second slash; flags stand behind the first: '/(?i)x/'" },

	/* trigger, release, tokens */
	{ "a:\n  trigger: x/y\n  tags: [t]\n", "conflicting-keywords", 3, 3, "\"trigger\" and \"tags\" cannot stand in one job",
	  TRIGGER_HINT },
	{ "a:\n  image: i\n  trigger: {include: c.yml}\n", "conflicting-keywords", 2, 3,
	  "\"trigger\" and \"image\" cannot stand in one job", TRIGGER_HINT },
	{ "a:\n  trigger: x/y\n  id_tokens: {T: {aud: x}}\n", "conflicting-keywords", 3, 3,
	  "\"trigger\" and \"id_tokens\" cannot stand in one job", TRIGGER_HINT },
	{ "a:\n  trigger: ''\n", "missing-keyword", 2, 12, "\"trigger\" does not name the project", NULL },
	{ "a:\n  trigger: {project: ''}\n", "missing-keyword", 2, 22, "\"trigger\" does not name the project", NULL },
	{ "a:\n  trigger: {include: []}\n", "wrong-count", 2, 22, "\"trigger:include\" must not be empty", NULL },
	{ "a:\n  trigger: {include: ''}\n", "missing-keyword", 2, 22, "this does not say which file to take", NULL },
	{ "a:\n  trigger: {include: [{local: ''}]}\n", "missing-keyword", 2, 23, "this does not say which file to take", NULL },
	{ "a:\n  trigger: {include: c.yml, branch: x}\n", "conflicting-keywords", 2, 29,
	  "\"trigger:branch\" stands without \"project\"", "a child pipeline runs on the branch of its parent" },
	{ "a:\n  trigger: {strategy: depend}\n", "missing-keyword", 2, 12, "\"trigger\" needs \"include\" or \"project\"", NULL },
	{ "a:\n  trigger: {include: x.yml, project: x/y}\n", "conflicting-keywords", 2, 29,
	  "\"trigger\" takes either \"include\" or \"project\"", NULL },
	{ "a:\n  trigger: {include: [{artifact: x.yml}]}\n", "missing-keyword", 2, 24, "\"artifact\" stands without \"job\"",
	  NULL },
	{ "a:\n  trigger: {include: [{project: x/y, ref: z}]}\n", "missing-keyword", 2, 24, "\"project\" stands without \"file\"",
	  NULL },
	{ "a:\n  trigger: {include: [{local: x, remote: y}]}\n", "conflicting-keywords", 2, 34,
	  "\"local\" and \"remote\" are two different files", NULL },
	{ "a:\n  trigger: {include: [{job: x}]}\n", "missing-keyword", 2, 23, "this does not say which file to take",
	  "give \"local\", \"artifact\" and \"job\", \"project\" and \"file\", \"remote\" or \"component\"" },
	{ "a:\n  trigger: {include: [a, b, c, d]}\n", "wrong-count", 2, 22, "\"trigger:include\" takes at most 3 items, not 4",
	  NULL },
	{ "a:\n  release: {tag_name: v1}\n  " S, "missing-keyword", 2, 12, "\"release\" needs \"description\"", NULL },
	{ "a:\n  id_tokens: {T: {}}\n  " S, "missing-keyword", 2, 18, "\"id_tokens\" needs \"aud\"", NULL },
	{ "a:\n  secrets: {T: {vualt: x}}\n  " S, "unknown-keyword", 2, 17, "\"secrets\" has no keyword \"vualt\"",
	  "did you mean \"vault\"?" },
};

START_TEST(a_fault_is_said_once_at_its_place)
{
	const struct decoded_case *c = &wrong[_i];
	struct decoded_text t;
	struct decoded_case any;

	decoded_init(&t);
	decoded_load(&t, c->text);
	any = *c;
	if (!c->message && t.d.list.count)
		any.message = t.d.list.items[0].message;
	if (t.rc != PIPE_EPIPELINE || !decoded_said(&t, &any, PIPE_ERROR))
		decoded_dump(&t, c->text);
	ck_assert_int_eq(t.rc, PIPE_EPIPELINE);
	ck_assert(decoded_said(&t, &any, PIPE_ERROR));
	decoded_clear(&t);
}
END_TEST

START_TEST(all_faults_of_a_file_are_said_at_once)
{
	struct decoded_text t;

	decoded_init(&t);
	decoded_load(&t,
		     "stages: [x]\na:\n  stage: y\n  when: z\n  script: []\nb:\n  stage: x\n  retry: 9\n  bla: 1\n  script: a\n");
	ck_assert_int_eq(t.rc, PIPE_EPIPELINE);
	ck_assert_uint_eq(t.d.errors, 5);
	ck_assert_uint_eq(t.p.jobs.count, 2);
	ck_assert_uint_eq(decoded_job(&t, "b")->main.count, 1);
	decoded_clear(&t);
}
END_TEST

/* ---- what is warned of ---- */

static const struct decoded_case warned[] = {
	{ "a:\n  script:\n    - 5\n", "script-not-text", 3, 7, "this command is a number to YAML", "put it in quotes: \"5\"" },
	{ "a:\n  script:\n    -make\n", "script-dash", 3, 5, "this command begins with \"-\"",
	  "a blank stands between the \"-\" of a list item and its text" },
	{ "a:\n  script:\n    - true\n", "script-not-text", 3, 7, "this command is true or false to YAML",
	  "put it in quotes: \"true\"" },
	{ "a:\n  script: x\n  publish: dir\n", "no-meaning", 3, 3, "\"publish\" has no meaning outside GitLab",
	  "it is read and then passed over" },
	{ "a:\n  script: x\n  environment: {name: x, auto_stop_in: 1 day}\n", "no-meaning", 3, 26,
	  "\"environment:auto_stop_in\" has no meaning outside GitLab", "it is read and then passed over" },
	{ "stages: [test, b, test]\na:\n  script: x\n", "stage-twice", 1, 19, "the stage \"test\" is there already", NULL },
	{ "a:\n  script: x\n  variables: {MY-VAR: x}\n", "variable-name", 3, 15, "\"MY-VAR\" is a name that no shell can use",
	  "names are made of letters, digits and \"_\", and do not begin with a digit" },
	{ "a:\n  script: x\n  allow_failure: {exit_codes: []}\n", "exit-code", 3, 31,
	  "\"exit_codes\" is empty: no failure is allowed", NULL },
	{ "a:\n  script: x\n  allow_failure: {exit_codes: [1, 300]}\n", "exit-code", 3, 35, "no process ends with exit code 300",
	  NULL },
};

START_TEST(what_is_legal_and_odd_is_warned_of)
{
	const struct decoded_case *c = &warned[_i];
	struct decoded_text t;

	decoded_init(&t);
	decoded_load(&t, c->text);
	if (t.rc != PIPE_OK || !decoded_said(&t, c, PIPE_WARNING))
		decoded_dump(&t, c->text);
	ck_assert_int_eq(t.rc, PIPE_OK);
	ck_assert(decoded_said(&t, c, PIPE_WARNING));
	decoded_clear(&t);
}
END_TEST

/* ---- what is right ---- */

static const char *const right[] = {
	"a:\n  script: x\n  parallel:\n  dependencies:\n  rules:\n  variables:\n    X:\n",
	"a:\n  script: x\n  allow_failure: yes\n  interruptible: off\n",
	"default: {tags: [x]}\na: {script: x, tags: []}\n",
	"a: {script: x, cache: {paths: [a]}, artifacts: {reports: {junit: []}}}\n",
	"\"true\": {script: x}\n'123': {script: x}\n\"a/b:c [d]\": {script: x}\npages: {script: x}\n",
	".text: hello\n.list: [a]\n.job: {bla: 1, script: 5}\na: {script: x}\n",
	"a: {script: [[[[[[[[[[x]]]]]]]]]]}\n",
	"a: {script: x, cache: {key: k, paths: [a], policy: $POLICY}}\n",
	"a: {script: x, environment: {name: x, deployment_tier: $TIER, action: prepare}}\n",
	"a: {script: x, artifacts: {paths: [a], expire_in: never}}\n",
	"a: {needs: {pipeline: group/project}}\n",
	"a: {script: x, stage: .pre}\nb: {script: x, stage: .post}\n",
	"stages: [.pre, a, .post]\na: {script: x, stage: a}\n",
	"stages: [[a, b], c]\na: {script: x, stage: b}\n",
	"a: {run: [{name: x, script: y}]}\n",
	"a: {script: x, rules: [[{if: $A}], [[{when: never}]]]}\n",
	"a: {script: x, rules: [{changes: {paths: [a], compare_to: main}, exists: {paths: [a], project: g/p, ref: v1}}]}\n",
	"a: {script: x, image: {name: i, entrypoint: [], pull_policy: [always, never], docker: {user: u, platform: p}}}\n",
	"a: {script: x, retry: {max: 2, when: [runner_system_failure, stuck_pending_no_matching_runners], exit_codes: 137}}\n",
	"a: {script: x, timeout: 1h 30m, when: delayed, start_in: 1 week}\n",
	"a: {script: x, secrets: {T: {vault: a/b@c, file: false, token: $T}}}\n",
	"a: {script: x, shell: [python3, -u], hooks: {pre_get_sources_script: [x]}}\n",
	"a: {trigger: {include: [{project: g/p, file: [a.yml, b.yml], ref: x}, {artifact: a, job: b}], strategy: mirror}}\n",
	("workflow: {name: n, rules: [{if: $A, variables: {X: 1}}, {when: never}], auto_cancel: {on_job_failure: all}}\n"
	 "a: {script: x}\n"),
	"default: {image: i, retry: 1, tags: [x], timeout: 1h, shell: sh, interruptible: true}\na: {script: x}\n",
	"variables: {A: {value: 1, description: d, options: [1, 2], expand: false}, B: true, C: 1.5}\na: {script: x}\n",
};

START_TEST(what_gitlab_takes_is_taken)
{
	struct decoded_text t;

	decoded_good(&t, right[_i]);
	decoded_clear(&t);
}
END_TEST

/* ---- the model ---- */

START_TEST(scripts_are_flattened_and_keep_their_places)
{
	struct decoded_text t;
	const struct job *job;

	decoded_good(&t, "a:\n  before_script: one\n  script:\n    - two\n    - [three, [four]]\n    - |\n      five\n      six\n"
			 "  after_script: []\n  hooks: {pre_get_sources_script: [zero]}\n");
	job = decoded_job(&t, "a");
	ck_assert(job->has_script);
	ck_assert_uint_eq(job->settings->before_script.count, 1);
	ck_assert_str_eq(job->settings->before_script.items[0].text, "one");
	ck_assert_uint_eq(job->main.count, 4);
	ck_assert_str_eq(job->main.items[2].text, "four");
	ck_assert_uint_eq(job->main.items[2].at.line, 5);
	ck_assert_uint_eq(job->main.items[2].at.column, 16);
	ck_assert_str_eq(job->main.items[3].text, "five\nsix\n");
	ck_assert_uint_eq(job->settings->after_script.count, 0);
	ck_assert_uint_eq(job->settings->pre_get_sources->count, 1);
	decoded_clear(&t);
}
END_TEST

START_TEST(stages_are_framed)
{
	struct decoded_text t;

	decoded_good(&t, "stages: [.post, x, y]\na: {script: x, stage: y}\nb: {script: x, stage: .pre}\n");
	ck_assert_uint_eq(t.p.stages.count, 4);
	ck_assert_str_eq(t.p.stages.items[0].name, ".pre");
	ck_assert_str_eq(t.p.stages.items[1].name, "x");
	ck_assert_str_eq(t.p.stages.items[3].name, ".post");
	ck_assert_uint_eq(decoded_job(&t, "a")->stage, 2);
	ck_assert_uint_eq(decoded_job(&t, "b")->stage, 0);
	decoded_clear(&t);
	decoded_good(&t, "a: {script: x}\n");
	ck_assert_uint_eq(t.p.stages.count, 5);
	ck_assert_str_eq(t.p.stages.items[decoded_job(&t, "a")->stage].name, "test");
	decoded_clear(&t);
}
END_TEST

START_TEST(jobs_stand_in_the_order_of_the_file)
{
	struct decoded_text t;

	decoded_good(&t, ".t: {}\nb: {script: x}\n.u: [x]\na: {script: x}\nvariables: {A: 1}\nc: {script: x}\n");
	ck_assert_uint_eq(t.p.jobs.count, 3);
	ck_assert_str_eq(t.p.jobs.items[0].name, "b");
	ck_assert_str_eq(t.p.jobs.items[2].name, "c");
	ck_assert_uint_eq(t.p.jobs.items[2].index, 2);
	ck_assert_uint_eq(t.p.jobs.items[1].at.line, 4);
	ck_assert_uint_eq(t.p.templates.count, 2);
	ck_assert_str_eq(t.p.templates.items[0], ".t");
	ck_assert_ptr_null(pipeline_job(&t.p, ".t"));
	decoded_clear(&t);
}
END_TEST

START_TEST(variables_keep_their_values)
{
	struct decoded_text t;
	const struct variables *v;

	decoded_good(&t,
		     "variables:\n  A: a $B\n  N: 010\n  F: 1.50\n  T: yes\n  E: ''\n  NONE:\n  M: {value: $x, expand: false}\n"
		     "  D: {description: d}\na: {script: x, variables: {A: 1}}\n");
	v = &t.p.variables;
	ck_assert_str_eq(variables_get(v, "A")->value, "a $B");
	ck_assert(!variables_get(v, "A")->raw);
	ck_assert_uint_eq(variables_get(v, "A")->at.line, 2);
	ck_assert_str_eq(variables_get(v, "F")->value, "1.5");
	ck_assert_str_eq(variables_get(v, "T")->value, "yes");
	ck_assert_str_eq(variables_get(v, "E")->value, "");
	ck_assert_ptr_null(variables_get(v, "NONE"));
	ck_assert_str_eq(variables_get(v, "M")->value, "$x");
	ck_assert(variables_get(v, "M")->raw);
	ck_assert_str_eq(variables_get(v, "D")->value, "");
	ck_assert_str_eq(variables_get(&decoded_job(&t, "a")->settings->variables, "A")->value, "1");
	decoded_clear(&t);
}
END_TEST

START_TEST(long_lists_of_variables_are_all_there)
{
	struct decoded_text t;
	struct str text;
	char name[16];

	str_init(&text);
	str_adds(&text, "a:\n  script: x\n  variables:\n");
	for (int i = 0; i < 100; i++)
		str_printf(&text, "    V%d: v%d\n", i, i);
	decoded_good(&t, text.data);
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "V%d", i);
		ck_assert_ptr_nonnull(variables_get(&decoded_job(&t, "a")->settings->variables, name));
	}
	decoded_clear(&t);
	str_clear(&text);
}
END_TEST

START_TEST(simple_fields)
{
	struct decoded_text t;
	const struct job *job;

	decoded_good(&t, "a:\n  script: x\n  when: delayed\n  start_in: 30 minutes\n  allow_failure: {exit_codes: [3, 77]}\n"
			 "  interruptible: true\n  resource_group: prod\n  timeout: 1h 30m\n  tags: [x, y]\n"
			 "  coverage: '/(\\d+)%/'\n  manual_confirmation: sure?\n  shell: [python3, -u]\n"
			 "  retry: {max: 2, when: [script_failure, runner_interrupted], exit_codes: [1]}\n");
	job = decoded_job(&t, "a");
	ck_assert_int_eq(job->when, WHEN_DELAYED);
	ck_assert_str_eq(job->settings->start_in, "30 minutes");
	ck_assert_int_eq(job->settings->allow_failure.state, YES);
	ck_assert_uint_eq(job->settings->allow_failure.codes.list.count, 2);
	ck_assert_int_eq(job->settings->allow_failure.codes.list.items[1], 77);
	ck_assert_int_eq(job->settings->interruptible, YES);
	ck_assert_str_eq(job->settings->resource_group, "prod");
	ck_assert_int_eq(job->settings->timeout_ms, 5400000);
	ck_assert_uint_eq(job->settings->tags->count, 2);
	ck_assert_str_eq(job->settings->coverage, "(\\d+)%");
	ck_assert_str_eq(job->settings->manual_confirmation, "sure?");
	ck_assert_str_eq(job->settings->shell->argv.items[1], "-u");
	ck_assert_int_eq(job->settings->retry->max, 2);
	ck_assert_uint_eq(job->settings->retry->causes, RETRY_SCRIPT_FAILURE | RETRY_RUNNER_SYSTEM_FAILURE);
	ck_assert_int_eq(job->settings->retry->codes.list.items[0], 1);
	decoded_clear(&t);
}
END_TEST

START_TEST(what_is_not_written_is_not_there)
{
	struct decoded_text t;
	const struct job *job;

	decoded_good(&t, "a: {script: x}\n");
	job = decoded_job(&t, "a");
	ck_assert_int_eq(job->when, WHEN_UNSET);
	ck_assert_int_eq(job->settings->allow_failure.state, UNSET);
	ck_assert_int_eq(job->settings->interruptible, UNSET);
	ck_assert_ptr_null(job->needs);
	ck_assert_ptr_null(job->settings->dependencies);
	ck_assert_ptr_null(job->rules);
	ck_assert_ptr_null(job->settings->only);
	ck_assert_ptr_null(job->settings->inherit_variables);
	ck_assert_ptr_null(job->settings->retry);
	ck_assert_ptr_null(job->settings->image);
	ck_assert_ptr_null(job->settings->artifacts);
	ck_assert_ptr_null(job->settings->environment);
	ck_assert_ptr_null(job->settings->trigger);
	ck_assert_ptr_null(job->settings->shell);
	ck_assert_ptr_null(job->settings->matrix);
	ck_assert_uint_eq(job->settings->caches.count, 0);
	ck_assert_uint_eq(job->settings->unhonoured.count, 0);
	ck_assert_int_eq(job->settings->timeout_ms, 0);
	decoded_clear(&t);
}
END_TEST

START_TEST(needs_in_all_forms)
{
	struct decoded_text t;
	const struct needs *n;

	decoded_good(&t,
		     "a:\n  script: x\n  dependencies: []\n  needs:\n    - b\n    - {job: c, artifacts: false, optional: true}\n"
		     "    - [{job: d, artifacts: true, parallel: {matrix: [{X: [1, 2], Y: z}]}}]\n"
		     "    - {job: e, project: g/p, ref: main}\nb: {script: x, needs: []}\n");
	n = decoded_job(&t, "a")->needs;
	ck_assert_ptr_nonnull(n);
	ck_assert_uint_eq(n->list.count, 4);
	ck_assert_str_eq(n->list.items[0].job, "b");
	ck_assert(n->list.items[0].artifacts && !n->list.items[0].artifacts_given && !n->list.items[0].optional);
	ck_assert(!n->list.items[1].artifacts && n->list.items[1].optional);
	ck_assert_uint_eq(n->list.items[1].at.line, 6);
	ck_assert(n->list.items[2].artifacts_given);
	ck_assert_uint_eq(n->list.items[2].matrix->rows.items[0].axes.count, 2);
	ck_assert_str_eq(n->list.items[2].matrix->rows.items[0].axes.items[0].values.items[1], "2");
	ck_assert_str_eq(n->list.items[3].elsewhere->project, "g/p");
	ck_assert_ptr_nonnull(decoded_job(&t, "a")->settings->dependencies);
	ck_assert_uint_eq(decoded_job(&t, "a")->settings->dependencies->list.count, 0);
	ck_assert_uint_eq(decoded_job(&t, "a")->settings->unhonoured.count, 1);
	ck_assert_str_eq(decoded_job(&t, "a")->settings->unhonoured.items[0], "needs:project");
	ck_assert_ptr_nonnull(decoded_job(&t, "b")->needs);
	ck_assert_uint_eq(decoded_job(&t, "b")->needs->list.count, 0);
	decoded_clear(&t);
}
END_TEST

START_TEST(rules_in_all_forms)
{
	struct decoded_text t;
	const struct rules *r;

	decoded_good(
		&t,
		"a:\n  script: x\n  rules:\n    - if: $A == \"b\"\n      when: manual\n      allow_failure: true\n"
		"      variables: {X: 1}\n      needs: [b]\n    - - changes: [x, y]\n        exists: {paths: [z], project: g/p}\n"
		"      - {when: delayed, start_in: 5 min, interruptible: false}\n    - changes: {paths: [x], compare_to: main}\n"
		"    - {}\nb: {script: x}\n");
	r = decoded_job(&t, "a")->rules;
	ck_assert_uint_eq(r->list.count, 5);
	ck_assert_str_eq(r->list.items[0].condition, "$A == \"b\"");
	ck_assert_ptr_nonnull(r->list.items[0].expression);
	ck_assert_uint_eq(r->list.items[0].condition_at.line, 4);
	ck_assert_int_eq(r->list.items[0].when, WHEN_MANUAL);
	ck_assert_int_eq(r->list.items[0].allow_failure.state, YES);
	ck_assert_str_eq(r->list.items[0].needs->list.items[0].job, "b");
	ck_assert(r->list.items[1].has_changes && r->list.items[1].has_exists && !r->list.items[1].needs);
	ck_assert_uint_eq(r->list.items[1].changes.count, 2);
	ck_assert_str_eq(r->list.items[1].exists_project, "g/p");
	ck_assert_str_eq(r->list.items[2].start_in, "5 min");
	ck_assert_int_eq(r->list.items[2].interruptible, NO);
	ck_assert_str_eq(r->list.items[3].compare_to, "main");
	ck_assert_int_eq(r->list.items[4].when, WHEN_UNSET);
	decoded_clear(&t);
}
END_TEST

START_TEST(only_and_except)
{
	struct decoded_text t;
	const struct job *job;

	decoded_good(&t, "a:\n  script: x\n  only: [main, /^v/]\n  except: {refs: [tags], variables: [$A], changes: [b]}\n");
	job = decoded_job(&t, "a");
	ck_assert_str_eq(job->settings->only->refs.items[1], "/^v/");
	ck_assert_uint_eq(job->settings->except->variables.count, 1);
	ck_assert_uint_eq(job->settings->except->changes.count, 1);
	ck_assert(!job->settings->except->kubernetes);
	decoded_clear(&t);
}
END_TEST

START_TEST(artifacts_and_caches)
{
	struct decoded_text t;
	const struct job *job;

	decoded_good(
		&t,
		"a:\n  script: x\n  artifacts:\n    paths: [a, b]\n    exclude: [c]\n    untracked: true\n    name: n\n"
		"    when: always\n    expire_in: 1 day\n    reports:\n      junit: [j.xml, k.xml]\n      dotenv: d.env\n"
		"      coverage_report: {coverage_format: cobertura, path: c.xml}\n"
		"  cache:\n    - {key: {files: [l], prefix: p}, paths: [x]}\n    - {key: k, paths: [y], policy: pull, when: always,"
		" fallback_keys: [f]}\nb: {script: x, artifacts: {paths: [a], expire_in: never}, cache: {paths: [z]}}\n");
	job = decoded_job(&t, "a");
	ck_assert_uint_eq(job->settings->artifacts->paths.count, 2);
	ck_assert_int_eq(job->settings->artifacts->when, WHEN_ALWAYS);
	ck_assert_int_eq(job->settings->artifacts->expire_ms, 86400000);
	ck_assert_uint_eq(job->settings->artifacts->reports.count, 3);
	ck_assert_str_eq(job->settings->artifacts->reports.items[0].kind, "junit");
	ck_assert_uint_eq(job->settings->artifacts->reports.items[0].paths.count, 2);
	ck_assert_str_eq(job->settings->artifacts->reports.items[2].format, "cobertura");
	ck_assert_str_eq(job->settings->artifacts->reports.items[2].paths.items[0], "c.xml");
	ck_assert_uint_eq(job->settings->caches.count, 2);
	ck_assert_ptr_null(job->settings->caches.items[0].key);
	ck_assert_str_eq(job->settings->caches.items[0].key_prefix, "p");
	ck_assert_str_eq(job->settings->caches.items[0].policy, "pull-push");
	ck_assert_int_eq(job->settings->caches.items[0].when, WHEN_ON_SUCCESS);
	ck_assert_str_eq(job->settings->caches.items[1].policy, "pull");
	ck_assert_uint_eq(job->settings->caches.items[1].fallback_keys.count, 1);
	job = decoded_job(&t, "b");
	ck_assert_int_eq(job->settings->artifacts->expire_ms, -1);
	ck_assert_int_eq(job->settings->artifacts->when, WHEN_ON_SUCCESS);
	ck_assert_uint_eq(job->settings->caches.count, 1);
	decoded_clear(&t);
}
END_TEST

START_TEST(images_services_and_what_is_not_honoured)
{
	struct decoded_text t;
	const struct job *a, *b;

	decoded_good(
		&t,
		"default:\n  image: {name: i, entrypoint: [\"\"], docker: {user: u}}\na:\n  script: x\n"
		"  image: {name: i, entrypoint: [\"\"], docker: {user: u}}\n  services: [pg, {name: r, alias: c, command: [x]}]\n"
		"  environment: {name: e, kubernetes: {namespace: n}}\nb: {trigger: g/p}\nc: {script: x, image: i}\n"
		"d: {script: x, image: i}\n");
	a = decoded_job(&t, "a");
	ck_assert_str_eq(a->settings->image->name, "i");
	ck_assert(a->settings->image->has_entrypoint && a->settings->image->entrypoint.count == 1);
	ck_assert_str_eq(a->settings->image->user, "u");
	ck_assert_uint_eq(a->settings->services->list.count, 2);
	ck_assert_str_eq(a->settings->services->list.items[1].alias, "c");
	ck_assert_uint_eq(a->settings->unhonoured.count, 3);
	ck_assert_str_eq(a->settings->unhonoured.items[0], "image");
	ck_assert_str_eq(a->settings->unhonoured.items[1], "services");
	ck_assert_str_eq(a->settings->unhonoured.items[2], "environment:kubernetes");
	b = decoded_job(&t, "b");
	ck_assert_str_eq(b->settings->trigger->project, "g/p");
	ck_assert_str_eq(b->settings->unhonoured.items[0], "trigger:project");
	ck_assert_uint_eq(decoded_job(&t, "c")->settings->unhonoured.count, 1);
	ck_assert_ptr_eq(decoded_job(&t, "c")->settings->unhonoured.items, decoded_job(&t, "d")->settings->unhonoured.items);
	decoded_clear(&t);
}
END_TEST

START_TEST(triggers_and_matrices)
{
	struct decoded_text t;
	const struct trigger *trigger;
	const struct job *job;

	decoded_good(&t, "a:\n  trigger:\n    include: [c.yml, {project: g/p, file: [x, y], ref: v}, {artifact: z, job: b}]\n"
			 "    strategy: depend\n    forward: {yaml_variables: false, pipeline_variables: true}\n"
			 "b:\n  script: x\n  parallel: {matrix: [{P: [a, 1.50], Q: z}, {P: b}]}\nc: {script: x, parallel: 3}\n");
	trigger = decoded_job(&t, "a")->settings->trigger;
	ck_assert_uint_eq(trigger->files.count, 4);
	ck_assert_int_eq(trigger->files.items[0].kind, TRIGGER_LOCAL);
	ck_assert_str_eq(trigger->files.items[2].path, "y");
	ck_assert_str_eq(trigger->files.items[2].ref, "v");
	ck_assert_int_eq(trigger->files.items[3].kind, TRIGGER_ARTIFACT);
	ck_assert_str_eq(trigger->files.items[3].job, "b");
	ck_assert(trigger->depend && !trigger->mirror && !trigger->forward_yaml && trigger->forward_pipeline);
	job = decoded_job(&t, "b");
	ck_assert_int_eq(job->settings->parallel, 0);
	ck_assert_uint_eq(job->settings->matrix->rows.count, 2);
	ck_assert_str_eq(job->settings->matrix->rows.items[0].axes.items[0].values.items[1], "1.5");
	ck_assert_int_eq(decoded_job(&t, "c")->settings->parallel, 3);
	decoded_clear(&t);
}
END_TEST

START_TEST(inherit_and_environment_and_workflow)
{
	struct decoded_text t;

	decoded_good(&t, "workflow:\n  name: n\n  rules: [{if: $A}]\n  auto_cancel: {on_job_failure: all}\n"
			 "a: {script: x, inherit: {variables: false}, environment: review/$X}\n"
			 "b: {script: x, inherit: {variables: [A]}, environment: {name: e, url: u, on_stop: a, action: start}}\n"
			 "c: {script: x, inherit: {variables: true, default: false}}\n");
	ck_assert_str_eq(t.p.workflow.name, "n");
	ck_assert_uint_eq(t.p.workflow.rules->list.count, 1);
	ck_assert_str_eq(t.p.workflow.auto_cancel_on_job_failure, "all");
	ck_assert_uint_eq(decoded_job(&t, "a")->settings->inherit_variables->count, 0);
	ck_assert_str_eq(decoded_job(&t, "a")->settings->environment->name, "review/$X");
	ck_assert_str_eq(decoded_job(&t, "b")->settings->inherit_variables->items[0], "A");
	ck_assert_str_eq(decoded_job(&t, "b")->settings->environment->on_stop, "a");
	ck_assert_ptr_null(decoded_job(&t, "c")->settings->inherit_variables);
	decoded_clear(&t);
}
END_TEST

START_TEST(what_is_inherited_is_decoded_once)
{
	struct decoded_text t;

	decoded_good(&t, ".x: &x {rules: [{if: $A}], artifacts: {paths: [a]}, tags: [t], cache: {paths: [c]}}\n"
			 "a: {script: x, <<: *x}\nb: {script: x, <<: *x}\nc: {script: x, rules: [{if: $A}]}\n");
	ck_assert_ptr_eq(decoded_job(&t, "a")->rules, decoded_job(&t, "b")->rules);
	ck_assert_ptr_eq(decoded_job(&t, "a")->settings->artifacts, decoded_job(&t, "b")->settings->artifacts);
	ck_assert_ptr_eq(decoded_job(&t, "a")->settings->caches.items, decoded_job(&t, "b")->settings->caches.items);
	ck_assert_ptr_ne(decoded_job(&t, "a")->rules, decoded_job(&t, "c")->rules);
	decoded_clear(&t);
}
END_TEST

START_TEST(a_fault_that_is_inherited_is_said_once)
{
	struct decoded_text t;

	decoded_init(&t);
	decoded_load(&t, "default: {retry: 9}\n.x: &x {artifacts: {path: a}}\na: {script: x, <<: *x}\nb: {script: x}\n"
			 "c: {script: x, <<: *x}\n");
	ck_assert_int_eq(t.rc, PIPE_EPIPELINE);
	ck_assert_uint_eq(t.d.errors, 2);
	decoded_clear(&t);
}
END_TEST

START_TEST(a_name_of_255_characters_is_the_longest)
{
	struct decoded_text t;
	struct str text;

	str_init(&text);
	for (int i = 0; i < 255; i++)
		str_adds(&text, "\xc3\xa4");
	str_adds(&text, ": {script: x}\n");
	decoded_good(&t, text.data);
	decoded_clear(&t);
	str_reset(&text);
	for (int i = 0; i < 256; i++)
		str_addc(&text, 'a');
	str_adds(&text, ": {script: x}\nb: {script: x}\n");
	decoded_init(&t);
	decoded_load(&t, text.data);
	ck_assert_int_eq(t.rc, PIPE_EPIPELINE);
	ck_assert_str_eq(t.d.list.items[0].code, "job-name");
	decoded_clear(&t);
	str_clear(&text);
}
END_TEST

START_TEST(the_matrix_limit_is_that_of_the_caller)
{
	struct decoded_text t;

	decoded_init(&t);
	t.limits.matrix = 3;
	decoded_load(&t, "a: {script: x, parallel: {matrix: [{A: [1, 2], B: [1, 2]}]}}\nb: {script: x, parallel: 3}\n");
	ck_assert_int_eq(t.rc, PIPE_EPIPELINE);
	ck_assert_uint_eq(t.d.errors, 1);
	ck_assert_str_eq(t.d.list.items[0].code, "matrix-limit");
	ck_assert_uint_eq(t.d.list.items[0].at.line, 1);
	decoded_clear(&t);
}
END_TEST

START_TEST(names_of_the_model)
{
	enum cache_policy policy = CACHE_PULL_PUSH;

	ck_assert_str_eq(when_name(WHEN_UNSET), "");
	ck_assert_str_eq(when_name(WHEN_ON_FAILURE), "on_failure");
	ck_assert_str_eq(when_name(WHEN_NEVER), "never");
	ck_assert(cache_policy_of("push", &policy));
	ck_assert_int_eq(policy, CACHE_PUSH);
	ck_assert(!cache_policy_of("pusch", &policy));
	ck_assert_int_eq(policy, CACHE_PUSH);
}
END_TEST

Suite *decode_suite(void)
{
	Suite *s = suite_create("decode");
	TCase *c = tcase_create("decode");

	tcase_add_loop_test(c, a_fault_is_said_once_at_its_place, 0, (int)(sizeof(wrong) / sizeof(*wrong)));
	tcase_add_loop_test(c, what_is_legal_and_odd_is_warned_of, 0, (int)(sizeof(warned) / sizeof(*warned)));
	tcase_add_loop_test(c, what_gitlab_takes_is_taken, 0, (int)(sizeof(right) / sizeof(*right)));
	tcase_add_test(c, all_faults_of_a_file_are_said_at_once);
	tcase_add_test(c, scripts_are_flattened_and_keep_their_places);
	tcase_add_test(c, stages_are_framed);
	tcase_add_test(c, jobs_stand_in_the_order_of_the_file);
	tcase_add_test(c, variables_keep_their_values);
	tcase_add_test(c, long_lists_of_variables_are_all_there);
	tcase_add_test(c, simple_fields);
	tcase_add_test(c, what_is_not_written_is_not_there);
	tcase_add_test(c, needs_in_all_forms);
	tcase_add_test(c, rules_in_all_forms);
	tcase_add_test(c, only_and_except);
	tcase_add_test(c, artifacts_and_caches);
	tcase_add_test(c, images_services_and_what_is_not_honoured);
	tcase_add_test(c, triggers_and_matrices);
	tcase_add_test(c, inherit_and_environment_and_workflow);
	tcase_add_test(c, what_is_inherited_is_decoded_once);
	tcase_add_test(c, a_fault_that_is_inherited_is_said_once);
	tcase_add_test(c, a_name_of_255_characters_is_the_longest);
	tcase_add_test(c, the_matrix_limit_is_that_of_the_caller);
	tcase_add_test(c, names_of_the_model);
	suite_add_tcase(s, c);
	return s;
}
