/* uses: test, between its files: test.c has the parameters and the verdict, test_tool.c what is particular to a tool, test_shard.c
 * which tests an instance runs, test_again.c how failed ones run once more, test_service.c services and what waits for them. */
#ifndef STAGES_TEST_TEST_H
#define STAGES_TEST_TEST_H

#include "stages/project.h"
#include "stages/stage.h"
#include "stages/test/quarantine.h"

struct test_stage {
	const char *directory;		 /* of the project, relative to the workspace; "" */
	const struct project_kind *kind; /* NULL: a command */
	struct project_values values;
	struct quarantine quarantine;
	bool has_quarantine;
	int64_t reruns, least;
	uint32_t commands_from, commands_to; /* the steps of this round that run tests */
	const char *const *units;	     /* what this instance runs; NULL: everything */
	bool may_be_empty;		     /* there may be no test for this instance */
};

/* What tests are divided by. */
enum unit_form { UNIT_FILE, UNIT_DIRECTORY, UNIT_CLASS };

struct test_tool {
	const char *kind;	    /* of the project */
	const char *patterns[5];    /* files that hold tests */
	const char *passed_over[5]; /* directories in which the tool looks for none (project_hides) */
	const char *nested;	    /* a directory with such a file is a project of its own; NULL */
	enum unit_form form;
	const char *units;   /* how a unit is handed over: "./{unit}", or all of them: "-Dtest={units}" (joined by commas) */
	const char *rest;    /* what instances but the first are told besides: what cannot be divided runs once; NULL */
	const char *part[2]; /* the tool divides by itself, told so; NULL */
	struct project_command again[PROJECT_COMMANDS]; /* runs what failed, {names}; none: it cannot */
	const char *joint;				/* of {names} */
	const char *(*name)(struct stage_job *job, const char *suite, const char *name); /* NULL: it cannot be said */
	struct project_report report; /* of `again`; none: the same as before */
};
/* NULL: nothing is known of it. */
const struct test_tool *test_tool_of(const struct project_kind *kind);

/* The parameters of services, in their fields. */
extern const struct keyword test_service_fields[], test_wait_fields[];
/* What the tables cannot say of them; with may be NULL. */
void test_services_check(const struct node *with, struct diagnostics *d);
/* Steps for `services` and `wait_for`. */
int test_services(struct stage_job *job, const char *directory, pipe_error *err);

/* Adds the steps that run tests, and the reports that they write: with the tool that the files ask for, or with the command. */
int test_commands(struct stage_job *job, struct test_stage *t, pipe_error *err);
/* The same for tests that failed in the round before, without the reports that are parameters.  What cannot run them alone runs all of
 * them. */
int test_again(struct stage_job *job, struct test_stage *t, pipe_error *err);
/* What this instance of several runs, balanced by how long it took before: sets t->units. */
int test_shard(struct stage_job *job, struct test_stage *t, pipe_error *err);

/* ---- between test_tool.c and test_again.c ---- */

/* t->values with the units and what goes with them as arguments. */
int test_values(struct stage_job *job, const struct test_stage *t, struct project_values *out, pipe_error *err);
/* Makes the steps from t->commands_from on those that run tests. */
void test_take_steps(struct stage_job *job, struct test_stage *t);
/* The reports of the tool. */
int test_add_reports(struct stage_job *job, const struct test_stage *t, const struct project_report *reports, size_t count,
		     pipe_error *err);
/* The command of a parameter; names: what it is to run, in $PIPE_TESTS; NULL: everything. */
int test_own_command(struct stage_job *job, const struct test_stage *t, const char *parameter, const char *const *names,
		     pipe_error *err);

#endif
