/* The parameter `reports` and its kin: which reports of a job are to be read, for every stage type that reads some. */
#ifndef STAGES_READING_H
#define STAGES_READING_H

#include "stages/stage.h"

/* The fields of an item that is a map: `format` (a name of stages/report/formats.c, or auto) and `path`. */
extern const struct keyword reading_fields[];
/* What the parameter takes. */
enum { READING_TAKES = TAKES_TEXT | TAKES_LIST | TAKES_MAP, READING_ITEMS = TAKES_TEXT | TAKES_MAP };

/* Adds what the parameter names to the job's reports, all required; *count (may be NULL): how many. */
int reading_parameter(struct stage_job *job, const char *name, const char *directory, enum finding_kind kind, uint32_t *count,
		      pipe_error *err);

#endif
