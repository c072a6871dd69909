/*
 * What `go test` has under way: packages, tests within them, builds.  A test is there from its first event to its last, a package and
 * a build to the end of the report.
 */
#ifndef STAGES_REPORT_GOTEST_UNITS_H
#define STAGES_REPORT_GOTEST_UNITS_H

#include "base/map.h"
#include "base/str.h"
#include "stages/report/report.h"

enum unit_sort { UNIT_PACKAGE, UNIT_TEST, UNIT_BUILD };

/* In the order in which they came. */
struct unit_list {
	struct unit *first, **end;
};

struct unit {
	struct unit *parent; /* a test's package, a subtest's outermost test; NULL */
	struct unit_list children;
	struct unit *next, **from;  /* from: what points to it */
	const char *package, *name; /* name: of a test */
	const char *key;
	struct str output; /* the last part of it */
	uint64_t failures; /* of a package: tests that failed */
	uint64_t runs;	   /* of a package: tests that began */
	int64_t us;	   /* how long it took, of a test that failed */
	uint8_t sort;
	bool started;	    /* it ran: not merely was something printed in its name */
	bool ended, failed; /* a test that failed stays until its package ends */
	bool doubted;	    /* it failed, and then passed without having begun again */
	bool told;	    /* of a failed build: a package named it */
};

struct units {
	struct arena arena;
	struct map map;
	struct str key;	       /* the one that is looked for */
	struct unit_list list; /* packages and builds */
	size_t live, dead;     /* dead: in the arena, until it is made anew */
	size_t held;	       /* bytes of all outputs */
	const struct report_limits *limits;
};

void units_init(struct units *u, const struct report_limits *limits);
void units_clear(struct units *u);
/* NULL: there is none, or, with key.failed, no memory. */
struct unit *units_find(struct units *u, enum unit_sort sort, const char *package, const char *name);
/* Finds or adds; PIPE_ELIMIT: a million are under way. */
int units_get(struct units *u, enum unit_sort sort, const char *package, const char *name, struct unit **out, pipe_error *err);
/* Keeps the last part of what a unit prints. */
int units_print(struct units *u, struct unit *unit, const char *text, pipe_error *err);
/* A test is over; it has no children any more.  Pointers to other units stay good until units_tidy. */
void units_remove(struct units *u, struct unit *unit);
/* Gives memory back, now and then.  No pointer to a unit is good behind it. */
int units_tidy(struct units *u, pipe_error *err);

#endif
