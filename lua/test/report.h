/* What became of tests, written for people, as TAP 14 (https://testanything.org/tap-version-14-specification.html) or as JUnit's XML. */
#ifndef LUA_TEST_REPORT_H
#define LUA_TEST_REPORT_H

#include "base/str.h"
#include "lua/test/test.h"

struct test_report {
	enum pipe_lua_format format;
	bool verbose, colour;
	struct str out;	 /* what can be written already; its owner passes it on and resets it */
	struct str file; /* of the file at hand */
	uint32_t files, states[LUA_TEST_STATES];
	uint32_t of_file[LUA_TEST_STATES];
	int64_t file_us, total_us;
	uint32_t number; /* of TAP's test points */
};

void test_report_init(struct test_report *r, enum pipe_lua_format format, bool verbose, bool colour);
void test_report_clear(struct test_report *r);

void test_report_begin(struct test_report *r);
void test_report_case(struct test_report *r, const struct lua_test_case *one);
void test_report_file_end(struct test_report *r, const char *name);
void test_report_end(struct test_report *r);

#endif
