/*
 * The verdict on one JUnit case.  In doubt it is red: a case that is called failed without need is looked at, a failure that is called
 * passed is not.
 */
#include "stages/report/junit_case.h"

#include <string.h>
#include <strings.h>

static const struct {
	const char *value;
	enum junit_said said;
} words[] = {
	{ "notrun", SAID_NOT_RUN },	{ "not_run", SAID_NOT_RUN },	{ "not run", SAID_NOT_RUN },
	{ "disabled", SAID_NOT_RUN },	{ "suppressed", SAID_NOT_RUN }, { "skipped", SAID_NOT_RUN },
	{ "skip", SAID_NOT_RUN },	{ "ignored", SAID_NOT_RUN },	{ "pending", SAID_NOT_RUN },
	{ "inactive", SAID_NOT_RUN },	{ "fail", SAID_FAILED },	{ "failed", SAID_FAILED },
	{ "failure", SAID_FAILED },	{ "error", SAID_FAILED },	{ "errored", SAID_FAILED },
	{ "broken", SAID_FAILED },	{ "timeout", SAID_FAILED },	{ "timedout", SAID_FAILED },
	{ "timed out", SAID_FAILED },	{ "crashed", SAID_FAILED },	{ "aborted", SAID_FAILED },
	{ "interrupted", SAID_FAILED },
};

enum junit_said junit_said(const char *value)
{
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strcasecmp(value, words[i].value))
			return words[i].said;
	return SAID_NOTHING;
}

/* CTest writes these as skipped, and counts them as failed. */
static bool could_not_run(const struct junit_case *c)
{
	static const char *const reasons[] = {
		"Unable to find executable",
		"Unable to find required file",
		"Required Files Missing",
		"Fixture dependency failed",
		"Missing Configuration",
		"Insufficient resources",
		"Failed to start",
		"BAD_COMMAND",
		"Not Run",
	};

	if (c->said != SAID_NOT_RUN || c->googletest)
		return false;
	for (size_t i = 0; i < sizeof(reasons) / sizeof(*reasons); i++)
		if (!strncmp(c->texts[CASE_REASON].data, reasons[i], strlen(reasons[i])))
			return true;
	return false;
}

static bool holds_any(const char *text, const char *const *parts)
{
	for (; *parts; parts++)
		if (strcasestr(text, *parts))
			return true;
	return false;
}

/*
 * Skipped and failed: that it was expected to fail says the skip (node:test: type="todo"; Catch2: "TEST_CASE tagged with !mayfail").
 * A test that skips itself after a failure, or one of whose subtests does, has failed (GoogleTest, pytest).
 */
static bool expected_failure(const struct junit_case *c)
{
	static const char *const hints[] = { "todo", "mayfail", "shouldfail", "xfail", "expected", "known", "allowed", NULL };

	if (c->ok)
		return true;
	if (!c->skips || c->googletest || !strncmp(c->texts[CASE_TYPE].data, "pytest.skip", 11))
		return false;
	return holds_any(c->texts[CASE_TYPE].data, hints) || holds_any(c->texts[CASE_REASON].data, hints);
}

static void set(struct evidence_test *t, enum test_status status, const char *message)
{
	t->status = (uint8_t)status;
	t->message = message;
}

void junit_judge(const struct junit_case *c, struct evidence_test *t)
{
	if (c->failures || c->errors) {
		if (expected_failure(c)) {
			set(t, TEST_PASSED, c->skips ? c->texts[CASE_REASON].data : c->texts[CASE_WHY].data);
			t->expected = true;
		} else {
			set(t, c->error_first ? TEST_ERROR : TEST_FAILED, c->texts[CASE_WHY].data);
		}
	} else if (could_not_run(c)) {
		set(t, TEST_ERROR, c->texts[CASE_REASON].data);
	} else if (c->skips) {
		/* pytest runs what is expected to fail, and has no element for that. */
		t->expected = !strcmp(c->texts[CASE_TYPE].data, "pytest.xfail");
		set(t, t->expected ? TEST_PASSED : TEST_SKIPPED, c->texts[CASE_REASON].data);
	} else if (c->reruns) {
		/* Tried again without an end that is told. */
		set(t, TEST_FAILED, c->texts[CASE_WHY].data);
	} else if (c->flaky) {
		set(t, TEST_FLAKY, c->texts[CASE_WHY].data);
		t->failures = c->flaky;
	} else if (c->said == SAID_FAILED) {
		set(t, TEST_FAILED, "");
	} else if (c->said == SAID_NOT_RUN) {
		set(t, TEST_SKIPPED, "");
	} else if (!c->named) {
		/* pytest, interrupted, writes the case that it was in without a name and without a result. */
		set(t, TEST_ERROR, "the case has neither a name nor a result: the tests were interrupted in it");
	} else {
		set(t, TEST_PASSED, "");
	}
}
