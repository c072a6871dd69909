/*
 * The command line: a table of commands, each with tables of options.  Parsing, --help, the manual page and the shell completions
 * are all made from these tables; a command or an option is added in one place.
 *
 * The command line is the first client of libpipe and uses nothing of it but pipe.h (and base/).
 */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "base/arena.h"
#include "cli/output/out.h"
#include "cli/output/term.h"
#include "pipe.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum exit_status { EXIT_OK = 0, EXIT_JOB_FAILED = 1, EXIT_USAGE = 2, EXIT_ENVIRONMENT = 3, EXIT_CANCELLED = 130 };

/* A repeatable option's values, or a command's arguments; NULL-terminated once one was added. */
struct words {
	const char **items;
	size_t count;
};

/* The values of all options of all commands; each row of a table names its field. */
struct settings {
	/* of every command */
	const char *directory, *color, *state_directory;
	bool quiet, help, version;
	/* the pipeline */
	const char *file, *as, *stage;
	struct words variables, secrets, unset_variables, variables_files, inputs, manual, limits;
	bool assume_changed, offline, strict, no_needs, only_needs;
	/* of some */
	const char *format, *extract, *job, *severity, *finding_kind;
	uint64_t max_jobs, limit, from_line, max_runs, max_size, below;
	int64_t max_age;
	bool isolate, dry_run, from_failed, fail_fast, durable;
	bool follow, times, definition, variables_view, events, job_view, all, predefined, stages_view;
	bool failed, slowest, only_new, suppressed;
	/* of scans */
	const char *scanner, *target_type, *db, *fail_on, *platform, *ca_file, *output;
	const char *update_from; /* advisories */
	struct words ignore_files, vex_files, skip;
	bool ignore_unfixed, development, only_vulnerabilities, only_secrets, insecure, plain_http, verify;
	/* of Lua */
	const char *filter, *coverage_file, *run;
	struct words allow_http, allow_exec, allow_read;
	bool verbose, coverage;
	struct words arguments;
};

enum option_kind {
	OPTION_ON,  /* a bool becomes true */
	OPTION_OFF, /* a bool becomes false */
	OPTION_TEXT,
	OPTION_CHOICE,	 /* text, one of `choices` */
	OPTION_LIST,	 /* may be repeated */
	OPTION_PAIRS,	 /* the same, KEY=VALUE */
	OPTION_NUMBER,	 /* uint64_t */
	OPTION_DURATION, /* int64_t, milliseconds */
	OPTION_SIZE	 /* uint64_t, bytes */
};

struct option {
	const char *name; /* without dashes; NULL ends a table */
	char letter;	  /* or 0 */
	enum option_kind kind;
	size_t offset;		    /* of the field in struct settings */
	const char *argument;	    /* its name in the help; NULL: it takes none */
	const char *help;	    /* one line */
	const char *const *choices; /* OPTION_CHOICE */
};

struct cli;

struct command {
	const char *name;
	const char *arguments; /* as shown in the usage line; "" */
	const char *summary;   /* one line */
	const char *details;   /* a paragraph; or NULL */
	const char *example;   /* lines, each "pipe ..." or "# comment" */
	const struct option *const *tables;
	size_t least, most; /* number of arguments; most SIZE_MAX: any */
	int (*run)(struct cli *c);
	bool hidden;
};

struct cli {
	const struct command *command;
	struct settings set;
	struct arena arena; /* of the whole invocation */
	struct out *out;
	struct term term;	/* standard output */
	struct term error_term; /* standard error */
	/* Where the library's own warnings go; NULL: standard error. */
	void (*note)(void *payload, const char *message);
	void *note_payload;
	/* Jobs that succeeded before, of a run that goes on, and those that were allowed to fail. */
	struct words kept, kept_warnings;
};

/* ---- the tables (commands.c, options.c) ---- */

extern const struct command command_run, command_lint, command_plan, command_graph, command_explain, command_schema,
	command_history, command_show, command_logs, command_tests, command_findings, command_coverage, command_compare,
	command_artifacts, command_scan, command_retry, command_cancel, command_gc, command_version, command_help,
	command_completion, command_manual, command_advisories, command_lua;
extern const struct command *const commands[]; /* all of them, ended by NULL */
const struct command *command_find(const char *name);
extern const struct option global_options[], plan_options[], selection_options[], execution_options[];

/* ---- parsing (parse.c) ---- */

/* Takes options and arguments from argv[*at] on.  Without a command only the global options are known and parsing stops at the first
 * argument, *at being its place.  False: wrong, and said. */
bool parse_arguments(struct cli *c, const struct command *command, int argc, char **argv, int *at);
bool parse_size(const char *text, uint64_t *bytes);
bool parse_number(const char *text, uint64_t *number);

/* ---- help (help.c, complete.c) ---- */

void help_overview(struct cli *c);
void help_command(struct cli *c, const struct command *command);

/* ---- saying things ---- */

/* "pipe: ..." on standard error. */
void say(struct cli *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Says an error and returns the exit status that it deserves. */
int say_error(struct cli *c, const pipe_error *err);
int exit_of(int code);
/* Says that something is wrong with the command line; returns EXIT_USAGE. */
int usage_error(struct cli *c, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- commands that have commands of their own (sub.c) ---- */

struct sub_command {
	const char *name;
	const char *arguments; /* behind the name, as the usage line shows them; "" */
	size_t least, most;    /* how many */
	int (*run)(struct cli *c, const char *const *arguments);
};
/* The first argument of the command names one of them; a table ended by one without a name. */
int sub_command_run(struct cli *c, const struct sub_command *subs);

/* ---- Lua (lua_limits.c) ---- */

/* The operator's bounds, $PIPE_LUA_LIMITS: "cpu=5s,memory=128MB"; wrong ones are told. */
int set_lua_limits(struct cli *c, pipe_project *project);

/* ---- what commands share (common.c) ---- */

bool is_json(const struct cli *c);
int open_project(struct cli *c, pipe_project **project);
/* The same for what looks at the history: what a killed `pipe` left behind is settled first (a run does that by itself). */
int open_history(struct cli *c, pipe_project **project);
/* The pipeline file that the user names, as the library takes it; else an exit status, and it was said (file.c). */
int file_in_project(struct cli *c, const pipe_project *project, const char *file, const char **out);
/* Fills plan options from the command line; what is not given stays as it is in *o. */
int fill_plan_options(struct cli *c, const pipe_project *project, pipe_plan_options *o);
/* Loads the plan that the command line asks for and shows its diagnostics on standard error.  *plan may be set on failure. */
int load_plan(struct cli *c, pipe_project *project, const pipe_plan_options *o, pipe_plan **plan);
/* Renders a view to standard output. */
int show_view(struct cli *c, const pipe_plan *plan, enum pipe_view view, const char *subject);
/* The run that an argument names: a number, "12" or "#12", or "last": then *run is 0. */
bool run_number(const char *text, int64_t *run);

#endif
