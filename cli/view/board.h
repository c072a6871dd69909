/*
 * What a person wants to know about a run that goes on: its stages and jobs, their states and times, and the last lines of output
 * of those that run or failed.  Fed with events; drawn by tty.c and plain.c.  All text in it is clean (cli/output/text.h).
 *
 * Runs of child pipelines may come in the same stream: their jobs are known by (run, index), and only the first run's end is the end.
 */
#ifndef CLI_VIEW_BOARD_H
#define CLI_VIEW_BOARD_H

#include "base/arena.h"
#include "base/map.h"
#include "base/vec.h"
#include "pipe.h"
#include <stdbool.h>
#include <stdint.h>

enum {
	TAIL_LINES = 10,
	TAIL_BYTES = 400,     /* of a line; the rest is cut */
	BOARD_KEPT_TAILS = 20 /* failed jobs whose last lines are kept for the summary */
};

struct tail {
	uint32_t count; /* lines ever added; the newest is line[(count - 1) % TAIL_LINES] */
	struct {
		uint32_t length;
		char text[TAIL_BYTES];
	} line[TAIL_LINES];
};

struct board_job {
	const char *name; /* clean */
	int64_t run;
	uint32_t stage; /* index into stages */
	uint32_t next;	/* of the same stage, index + 1; 0: the last */
	enum pipe_status status;
	uint32_t attempt;
	int64_t started_ms, expected_ms, duration_ms; /* 0, -1: not known */
	int exit_code;
	const char *reason;   /* clean; or NULL */
	const char *evidence; /* what its reports add up to, clean; or NULL */
	struct tail *tail;    /* or NULL */
};

struct board_stage {
	const char *name;
	uint32_t first, last; /* job index + 1 */
	uint32_t total, done, running, failed, passed;
};

/* Index of jobs by (run, index of the event). */
struct board_run {
	int64_t number;
	uint32_t *jobs; /* index + 1 */
	uint32_t capacity;
};

struct board {
	struct arena arena;
	VEC(struct board_job) jobs;
	VEC(struct board_stage) stages;
	VEC(struct board_run) runs; /* the first is the run itself */
	VEC(uint32_t) running;	    /* jobs that run, in the order in which they started */
	VEC(uint32_t) finished;	    /* in the order in which they finished */
	struct map by_name;	    /* jobs of the plan -> index + 1 */
	uint32_t counts[PIPE_STATUS_LOST + 1];
	uint32_t kept_tails;
	uint32_t kept; /* jobs that are done without having run here */
	unsigned text_flags;
	int64_t started_ms, expected_ms, duration_ms;
	enum pipe_status status;     /* RUNNING until the end */
	const char *reason;	     /* of the run's end; or NULL */
	bool want_tails, incomplete; /* incomplete: memory ran out, what is shown lacks something */
};

void board_init(struct board *b, unsigned text_flags, bool want_tails);
/* The jobs that a plan will run, so that those that wait are known. */
void board_plan(struct board *b, const pipe_plan *plan);
/* A job of the plan that succeeded before the run began, of which no event will tell. */
void board_keep(struct board *b, const char *name, enum pipe_status status);
/* Takes an event in.  The job that it is about, or NULL. */
struct board_job *board_event(struct board *b, const pipe_event *event);
/* The run's number; 0 before it started. */
int64_t board_run_number(const struct board *b);
bool board_is_over(enum pipe_status status);
bool board_is_running(enum pipe_status status);
uint32_t board_done(const struct board *b);
/* The line of a tail, i from 0 (oldest kept); NULL: none. */
const char *tail_line(const struct tail *t, uint32_t i, size_t *length);
uint32_t tail_count(const struct tail *t);
void board_clear(struct board *b);

#endif
