/*
 * The quality gate, between its files: gate.c has the parameters and judges, gate_condition.c makes conditions of parameters, gate_measure.c
 * finds out the value that each is about; gate_lua.c has those that a script judges.
 */
#ifndef STAGES_GATE_GATE_H
#define STAGES_GATE_GATE_H

#include "stages/stage.h"

/* What a value is written with, and what it is measured in. */
enum gate_unit { UNIT_COUNT, UNIT_PERCENT, UNIT_POINTS, UNIT_BYTES, UNIT_DURATION, UNIT_NUMBER };

enum gate_data {
	DATA_VALUE,
	DATA_NONE,	  /* nobody said anything about it: detail says what is missing */
	DATA_NO_BASELINE, /* there is nothing to compare with: detail says why */
};

struct gate_reading {
	enum gate_data data;
	double value;
	const char *detail; /* "12 of 15 lines"; "" */
};

struct gate_condition;
typedef int (*gate_measure)(struct stage_job *job, const struct gate_condition *c, struct gate_reading *out, pipe_error *err);

struct gate_condition {
	const char *subject; /* "coverage of changed lines" */
	gate_measure measure;
	enum gate_unit unit;
	bool at_least; /* the bound is a lower one */
	double bound;
	bool missing_ok;	      /* no data is no failure */
	bool warn;		      /* a failure is only a warning */
	struct finding_filter filter; /* findings */
	const char *metric;	      /* metrics */
	unsigned statuses;	      /* tests: bits by enum test_status */
};

/* A condition that a script judges: a step that calls it, and a row of what it answers. */
struct gate_script {
	const char *subject;
	const struct node *at, *with; /* with: its arguments; or NULL */
	const struct lua_text *code;  /* NULL: only the job's start has it */
	bool missing_ok, warn;
	uint32_t step; /* index in the job's steps */
};

struct gate_complaint;

/* The stage's own state. */
struct gate {
	VEC(struct gate_condition) conditions;
	VEC(struct gate_script) scripts;
	bool warn, missing_ok, baseline_needed;
	struct gate_complaint *complaint; /* while it judges */
};

/* Gives a row, which is complete otherwise, its verdict, and the gate what follows from it.  bad: it counts against the run; warn: only
 * as a warning. */
void gate_settle(struct stage_job *job, struct stage_condition *row, enum gate_data data, bool bad, bool warn);

/* Parameters -> scripts; react: the steps that call them; their answers -> rows (gate_lua.c). */
int gate_lua_compile(struct stage_job *job, pipe_error *err);
int gate_lua_react(struct stage_job *job, pipe_error *err);
int gate_lua_judge(struct stage_job *job, pipe_error *err);

/* Parameters -> conditions (gate_condition.c). */
int gate_compile(struct stage_job *job, pipe_error *err);
/* Says which bounds in `with`, a map, are none; those with variables in them are left to gate_compile. */
void gate_check_bounds(const struct node *with, struct diagnostics *d);

/* "vulnerabilities" */
const char *gate_plural(enum finding_kind kind);

/* Tests with one of `statuses`; of those that ran (least); their share that passed; newly failed ones. */
int gate_tests(struct stage_job *job, const struct gate_condition *c, struct gate_reading *out, pipe_error *err);
int gate_tests_run(struct stage_job *job, const struct gate_condition *c, struct gate_reading *out, pipe_error *err);
int gate_pass_rate(struct stage_job *job, const struct gate_condition *c, struct gate_reading *out, pipe_error *err);
int gate_new_failures(struct stage_job *job, const struct gate_condition *c, struct gate_reading *out, pipe_error *err);
int gate_coverage(struct stage_job *job, const struct gate_condition *c, struct gate_reading *out, pipe_error *err);
int gate_branches(struct stage_job *job, const struct gate_condition *c, struct gate_reading *out, pipe_error *err);
int gate_changed(struct stage_job *job, const struct gate_condition *c, struct gate_reading *out, pipe_error *err);
/* How many points the coverage is below that of the baseline. */
int gate_drop(struct stage_job *job, const struct gate_condition *c, struct gate_reading *out, pipe_error *err);
int gate_findings(struct stage_job *job, const struct gate_condition *c, struct gate_reading *out, pipe_error *err);
int gate_image_size(struct stage_job *job, const struct gate_condition *c, struct gate_reading *out, pipe_error *err);
int gate_image_growth(struct stage_job *job, const struct gate_condition *c, struct gate_reading *out, pipe_error *err);
int gate_duration(struct stage_job *job, const struct gate_condition *c, struct gate_reading *out, pipe_error *err);
int gate_duration_growth(struct stage_job *job, const struct gate_condition *c, struct gate_reading *out, pipe_error *err);
int gate_metric(struct stage_job *job, const struct gate_condition *c, struct gate_reading *out, pipe_error *err);
int gate_metric_growth(struct stage_job *job, const struct gate_condition *c, struct gate_reading *out, pipe_error *err);

#endif
