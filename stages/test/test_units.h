/* Units: what the tests of a project are divided by, between test_units.c, which finds them, and test_shard.c, which hands them out. */
#ifndef STAGES_TEST_TEST_UNITS_H
#define STAGES_TEST_TEST_UNITS_H

#include "base/map.h"
#include "stages/test/test.h"

struct unit {
	const char *name; /* from the project's directory */
	int64_t us;	  /* -1: not known */
};
struct unit_list {
	VEC(struct unit) units;
	struct map index; /* name -> its place + 1 */
	bool timed;	  /* of some it is known how long they take */
};

/* Those of the parameter `tests`, else what the tool looks for; each once.  PIPE_EPIPELINE: there are none. */
int test_units_find(struct stage_job *job, const struct test_stage *t, struct unit_list *l, pipe_error *err);
/* What a file is as a unit: itself, its directory, the class in it; NULL: no memory. */
const char *unit_of(struct stage_job *job, enum unit_form form, const char *path);

#endif
