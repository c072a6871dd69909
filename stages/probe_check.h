/* Parameters that become a probe's texts: judged by lint where they are written, and once more when their variables are known. */
#ifndef STAGES_PROBE_CHECK_H
#define STAGES_PROBE_CHECK_H

#include "stages/probe_text.h"
#include "stages/stage.h"

/* Rows of a table, ended by one without a name. */
struct probe_check {
	const char *name;
	bool (*check)(const char *text, pipe_error *why);
	bool keys; /* the value is a map, and its names are what is checked */
};

/* Does a variable stand in it, so that it is not known yet? */
bool probe_text_varies(const char *text);
void probe_check_lint(const struct node *map, const struct probe_check *rows, struct diagnostics *d);
/* A text that is known now.  PIPE_EPIPELINE with the place of map:name. */
int probe_check_text(const struct stage_job *job, const struct node *map, const char *name, const char *text,
		     const struct probe_check *rows, pipe_error *err);

/* What stands in a parameter that takes one item or a list of them (lists in lists are flattened), one after the other, until take
 * returns something else than PIPE_OK. */
typedef int (*probe_take)(void *payload, const struct node *item);
int probe_each(const struct node *value, probe_take take, void *payload);

#endif
