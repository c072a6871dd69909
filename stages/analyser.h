/* Static analysers that `uses: analyze` knows by name: how they are run, what they write, and which exit status is no sign of findings. */
#ifndef STAGES_ANALYSER_H
#define STAGES_ANALYSER_H

#include "stages/project.h"

struct analyser {
	const char *name;
	struct stage_tool tool;
	struct project_command command; /* {args}: further arguments and then the paths */
	const char *format, *pattern;	/* as in struct project_report */
	const char *paths[5];		/* what is looked at unless `paths` says so: patterns; none: the arguments say it all */
	int broken;			/* this exit status and those above it: it did not work */
};

/* NULL: none is called so. */
const struct analyser *analyser_named(const char *name);
/* Adds the tool, its command and its report. */
int analyser_compile(struct stage_job *job, const char *name, const char *directory, pipe_error *err);

#endif
