/* What the parts of a JUnit <testcase> say together: tools mean different things by the same elements. */
#ifndef STAGES_REPORT_JUNIT_CASE_H
#define STAGES_REPORT_JUNIT_CASE_H

#include "base/str.h"
#include "stages/evidence.h"

/* What `status` or `result` says. */
enum junit_said { SAID_NOTHING, SAID_NOT_RUN, SAID_FAILED };

/* As written; "" where it is not there. */
enum case_text {
	CASE_NAME,
	CASE_SUITE,
	CASE_FILE,
	CASE_LINE,
	CASE_TIME,
	CASE_WHY,    /* message of the first failure or error, or of the first flaky one */
	CASE_REASON, /* of the first skip */
	CASE_TYPE,   /* of the first skip */
	CASE_DETAILS,
	CASE_OUTPUT,
	CASE_TEXTS
};

struct junit_case {
	struct str texts[CASE_TEXTS];
	bool named;   /* it has a name, were it an empty one */
	uint8_t said; /* enum junit_said, the worse of status and result */
	bool googletest;
	/* How many of its elements there are. */
	uint32_t failures, errors, skips, flaky, reruns;
	bool error_first; /* the first of failures and errors is an error */
	bool ok;	  /* its suite passed, whatever it holds (node-tap) */
};

/* status, expected, failures, message; texts are borrowed from the case. */
void junit_judge(const struct junit_case *c, struct evidence_test *t);
/* What a value of `status` or `result` says. */
enum junit_said junit_said(const char *value);

#endif
