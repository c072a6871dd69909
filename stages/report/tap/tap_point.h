/* One line of TAP that says how a test ended: `not ok 3 - name # TODO why`.  https://testanything.org/tap-version-14-specification.html */
#ifndef STAGES_REPORT_TAP_TAP_POINT_H
#define STAGES_REPORT_TAP_TAP_POINT_H

#include <stdbool.h>
#include <stdint.h>

struct tap_point {
	bool ok, skip, todo;
	bool opens;	     /* ended in `{`: its subtests follow (node-tap) */
	uint32_t number;     /* 0: not said */
	int64_t duration_us; /* -1: not said */
	/* In the line; "" where there is none.  The file and the suite where the name bears them, as check's does. */
	char *name, *reason;
	const char *suite, *file;
};

/* The line without its indentation; it is written in.  False: not such a line. */
bool tap_point_parse(char *text, struct tap_point *out);
/* `1..5`, `1..0 # SKIP why`: *reason in the line, "".  False: not a plan, or of more than 2^32 tests. */
bool tap_plan_parse(char *text, uint32_t *planned, const char **reason);

#endif
