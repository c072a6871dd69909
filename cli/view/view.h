/*
 * How a run is shown: a subscriber of its events.  The driver (drive.c) calls
 *   event     for each event
 *   turn      when the loop is about to wait: a good moment to write what has been collected
 *   frame     every frame_ms, where that is not 0
 *   cancel    when the user asked to stop; times counts how often
 *   end       once, after the last event (or when the run could not go on): the summary; the terminal is as it was before
 * Everything but event may be NULL.
 */
#ifndef CLI_VIEW_VIEW_H
#define CLI_VIEW_VIEW_H

#include "cli/cli.h"
#include "pipe.h"

struct view;

struct view_ops {
	unsigned frame_ms;
	void (*event)(struct view *v, const pipe_event *event);
	void (*turn)(struct view *v);
	void (*frame)(struct view *v);
	void (*cancel)(struct view *v, int times);
	void (*end)(struct view *v);
	void (*free)(struct view *v);
};

struct view {
	const struct view_ops *ops;
};

/* Each makes a view on c's standard output; plan may be NULL.  NULL: no memory. */
struct view *tty_view_create(struct cli *c, const pipe_plan *plan);
struct view *plain_view_create(struct cli *c, const pipe_plan *plan);
struct view *ndjson_view_create(struct cli *c, const pipe_plan *plan);

#define CANCEL_TEXT "cancelling: waiting for after_script; press Ctrl-C again to kill"
#define KILL_TEXT "killing what still runs"

struct board;
/* What the summary says at the end of a run. */
void summary_write(const struct board *b, const struct term *t, bool quiet, struct str *out);
/* " 4.2s  reason" of a finished job, without its name. */
void summary_job_line(const struct board *b, uint32_t job, const struct term *t, unsigned name_width, unsigned columns,
		      struct str *out);

#endif
