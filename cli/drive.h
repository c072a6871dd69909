/*
 * Runs a plan: on a loop of the command line's own, so that a view can draw between events and so that what was collected is
 * written once a turn.  Signals become a request to cancel.
 */
#ifndef CLI_DRIVE_H
#define CLI_DRIVE_H

#include "cli/view/view.h"

/* Returns the exit status.  options is filled but for on_event, payload and loop. */
int drive(struct cli *c, pipe_project *project, const pipe_plan *plan, const pipe_run_options *options, struct view *view);

#endif
