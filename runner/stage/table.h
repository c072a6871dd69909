/* Judged conditions as a table of text, aligned, a line each. */
#ifndef RUNNER_STAGE_TABLE_H
#define RUNNER_STAGE_TABLE_H

#include "stages/stage.h"

void table_conditions(const struct stage_condition *items, uint32_t count, void (*line)(void *payload, const char *text),
		      void *payload);

#endif
