/* What scripts are told of a run and of a job (lua/context.h), as they stand at this moment.  The texts are the run's, but for what says
 * otherwise. */
#ifndef RUNNER_RUN_FACTS_H
#define RUNNER_RUN_FACTS_H

#include "lua/context.h"
#include "runner/run/session.h"

void facts_of_run(const struct pipeline_run *p, struct lua_run_facts *out);
/* Of a job under way; the list of tags is in a.  false: no memory. */
bool facts_of_job(const struct job_run *j, struct arena *a, struct lua_job_facts *out);

#endif
