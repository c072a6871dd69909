/* The options that several commands share. */
#include "cli/cli.h"

static const char *const color_choices[] = { "auto", "always", "never", NULL };
static const char *const run_formats[] = { "tty", "plain", "json", NULL };

#define FIELD(name) offsetof(struct settings, name)

const struct option global_options[] = {
	{ "directory", 'C', OPTION_TEXT, FIELD(directory), "DIR", "work as if started in DIR", NULL },
	{ "state-dir", 0, OPTION_TEXT, FIELD(state_directory), "DIR", "keep history in DIR (default: .pipe in the project)",
	  NULL },
	{ "color", 0, OPTION_CHOICE, FIELD(color), "WHEN", "colours: auto, always or never", color_choices },
	{ "quiet", 'q', OPTION_ON, FIELD(quiet), NULL, "only failures and results", NULL },
	{ "help", 'h', OPTION_ON, FIELD(help), NULL, "show this help", NULL },
	{ NULL, 0, OPTION_ON, 0, NULL, NULL, NULL },
};

const struct option plan_options[] = {
	{ "file", 'f', OPTION_TEXT, FIELD(file), "FILE",
	  "the pipeline file (default: pipe.yml, .pipe.yml, pipeline.yml, pipeline.lua or .gitlab-ci.yml)", NULL },
	{ "variable", 'v', OPTION_PAIRS, FIELD(variables), "KEY=VALUE", "set a variable; wins over the file's", NULL },
	{ "secret", 0, OPTION_LIST, FIELD(secrets), "KEY[=VALUE]",
	  "set a variable that no log or record shows; without VALUE it is taken from the environment", NULL },
	{ "unset-variable", 0, OPTION_LIST, FIELD(unset_variables), "KEY", "remove a variable wherever it was set", NULL },
	{ "variables-file", 0, OPTION_LIST, FIELD(variables_files), "FILE", "read variables: KEY: VALUE or KEY=VALUE lines",
	  NULL },
	{ "input", 'i', OPTION_PAIRS, FIELD(inputs), "KEY=VALUE", "set an input of spec:inputs", NULL },
	{ "as", 0, OPTION_TEXT, FIELD(as), "KIND", "push, merge_request[:TARGET], tag[:NAME], schedule or web (default: push)",
	  NULL },
	{ "assume-changed", 0, OPTION_ON, FIELD(assume_changed), NULL, "take every rules:changes for true", NULL },
	{ "offline", 0, OPTION_ON, FIELD(offline), NULL, "take included files from the cache only", NULL },
	{ "limit", 0, OPTION_PAIRS, FIELD(limits), "NAME=NUMBER",
	  "raise a limit: file_bytes, total_bytes, depth, nodes, includes, jobs, matrix, regex_steps or network_ms", NULL },
	{ "strict", 0, OPTION_ON, FIELD(strict), NULL, "refuse what this executor cannot honour", NULL },
	{ NULL, 0, OPTION_ON, 0, NULL, NULL, NULL },
};

const struct option selection_options[] = {
	{ "stage", 's', OPTION_TEXT, FIELD(stage), "STAGE", "only the jobs of one stage", NULL },
	{ "manual", 'm', OPTION_LIST, FIELD(manual), "JOB", "start a manual job too", NULL },
	{ "needs", 0, OPTION_OFF, FIELD(no_needs), NULL, "with what the named jobs need (the default)", NULL },
	{ "no-needs", 0, OPTION_ON, FIELD(no_needs), NULL, "the named jobs without what they need", NULL },
	{ "only-needs", 0, OPTION_ON, FIELD(only_needs), NULL, "what the named jobs need, without themselves", NULL },
	{ NULL, 0, OPTION_ON, 0, NULL, NULL, NULL },
};

const struct option execution_options[] = {
	{ "format", 0, OPTION_CHOICE, FIELD(format), "FORMAT", "tty, plain or json (default: tty on a terminal)", run_formats },
	{ "jobs", 'j', OPTION_NUMBER, FIELD(max_jobs), "N", "jobs at a time (default: one per processor)", NULL },
	{ "keep-going", 'k', OPTION_OFF, FIELD(fail_fast), NULL, "after a failure run what does not depend on it (the default)",
	  NULL },
	{ "fail-fast", 0, OPTION_ON, FIELD(fail_fast), NULL, "start nothing new after the first failure", NULL },
	{ "isolate", 0, OPTION_ON, FIELD(isolate), NULL, "run each job in its own copy of the files", NULL },
	{ "durable", 0, OPTION_ON, FIELD(durable), NULL, "history survives a power cut (slower)", NULL },
	{ NULL, 0, OPTION_ON, 0, NULL, NULL, NULL },
};
