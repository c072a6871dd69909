/* What a script left behind beside its answer (struct action_lua), for the types of stages that call scripts. */
#ifndef STAGES_LUA_ANSWER_H
#define STAGES_LUA_ANSWER_H

#include "stages/stage.h"
#include <jansson.h>

/* Its metrics and findings, into the job's evidence (gate_lua.c). */
int lua_answer_keep(struct stage_job *job, const json_t *answer, pipe_error *err);

#endif
