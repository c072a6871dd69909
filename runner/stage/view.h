/*
 * The evidence as a stage sees it (stages/view.h), looked up only when it is asked for: a stage that asks for nothing opens no database
 * and compares no commits.  Worker threads, with the desk.
 */
#ifndef RUNNER_STAGE_VIEW_H
#define RUNNER_STAGE_VIEW_H

#include "runner/stage/desk.h"

struct stage_view {
	/* Given; borrowed. */
	struct stage_desk *desk;
	int64_t run;
	uint32_t job;
	const char *base; /* the job's base name */
	const char *project_directory;
	const struct evidence_baseline *baseline;
	struct arena *arena; /* of what changed */

	struct evidence_view view; /* what the stage gets */
	struct evidence_view real;
	struct evidence_view_source source;
	struct changed_lines changed;
	bool ready, compared;
};

void stage_view_init(struct stage_view *v);

#endif
