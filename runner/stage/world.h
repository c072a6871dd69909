/*
 * What a stage type may ask of the machine (stages/stage.h), answered for one job: its workspace, whose paths lead nowhere else, and
 * the tools on its PATH.  Holds nothing open and changes nothing, so that any thread may ask.
 */
#ifndef RUNNER_STAGE_WORLD_H
#define RUNNER_STAGE_WORLD_H

#include "stages/stage.h"

struct stage_place {
	const char *workspace; /* absolute; the other texts are borrowed as well */
	const char *path;      /* the job's PATH; entries that are not absolute are meant from the workspace */
	const char *scratch;   /* absolute: the job's own directory, whose files may be read as well; NULL: none */
	struct stage_world world;
};

/* Fills place->world, whose payload is place; without a scratch directory. */
void stage_place_init(struct stage_place *place, const char *workspace, const char *path);

/* The value of a variable in an environment ("NAME=VALUE", NULL-terminated), or NULL. */
const char *stage_environment_get(const char *const *envp, const char *name);
/* What PATH means where there is none. */
const char *stage_default_path(void);
/* Does an entry of PATH lie in the workspace?  Then a tool may come to be there while the run goes on. */
bool stage_path_enters(const char *path, const char *workspace);

#endif
