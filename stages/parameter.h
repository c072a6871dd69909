/*
 * Reading `with`: what the keyword table has checked, with variables replaced.  A parameter that is not written, or null, is its
 * default.  Texts are in the job's arena.  A value that turns out wrong only when its variables are known is PIPE_EPIPELINE with its
 * place in err.
 */
#ifndef STAGES_PARAMETER_H
#define STAGES_PARAMETER_H

#include "stages/stage.h"

/* A key of `with`, or of a map in it, that is written and not null; NULL: it is not, or map is NULL. */
const struct pair *parameter_written(const struct node *map, const char *name);
/* The parameter's node, or NULL: it is not written. */
const struct node *parameter_node(const struct stage_job *job, const char *name);
/* *out keeps its value where the parameter is not written. */
int parameter_text(struct stage_job *job, const char *name, const char **out, pipe_error *err);
int parameter_bool(struct stage_job *job, const char *name, bool *out, pipe_error *err);
int parameter_int(struct stage_job *job, const char *name, int64_t *out, pipe_error *err);
int parameter_number(struct stage_job *job, const char *name, double *out, pipe_error *err);
int parameter_duration(struct stage_job *job, const char *name, int64_t *ms, pipe_error *err);
/* A list of texts, or one text as a list of one; NULL-terminated; *out NULL: not written. */
int parameter_texts(struct stage_job *job, const char *name, const char *const **out, pipe_error *err);

/* The same of a map below (an item of a list, say). */
int parameter_text_in(struct stage_job *job, const struct node *map, const char *name, const char **out, pipe_error *err);
int parameter_bool_in(struct stage_job *job, const struct node *map, const char *name, bool *out, pipe_error *err);
int parameter_int_in(struct stage_job *job, const struct node *map, const char *name, int64_t *out, pipe_error *err);
int parameter_number_in(struct stage_job *job, const struct node *map, const char *name, double *out, pipe_error *err);
int parameter_duration_in(struct stage_job *job, const struct node *map, const char *name, int64_t *ms, pipe_error *err);
int parameter_texts_in(struct stage_job *job, const struct node *map, const char *name, const char *const **out, pipe_error *err);

/* A command: a text is for the job's shell (STEP_SCRIPT), a list is an argv (STEP_COMMAND).  *out: a new step of the job, not written:
 * NULL. */
int parameter_command(struct stage_job *job, const struct node *map, const char *name, struct step **out, pipe_error *err);
/* A parameter is wrong: PIPE_EPIPELINE with the node's place. */
int parameter_wrong(const struct stage_job *job, const struct node *at, pipe_error *err, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
