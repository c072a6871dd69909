/* Lines of Rust's test harness and of cargo around it. */
#ifndef STAGES_REPORT_LIBTEST_LINE_H
#define STAGES_REPORT_LIBTEST_LINE_H

#include "base/str.h"
#include "stages/evidence.h"

/* `test a::b - should panic ... ok <0.012s>` */
struct libtest_case {
	char *name; /* in the line, as the harness calls it again above its output; without what it says of how it is run */
	bool ended; /* its result is on the line: otherwise its output follows, and the result alone on a line */
	uint8_t status;
	int64_t duration_us; /* -1: not said */
	const char *reason;  /* of an ignored one; "" */
};
/* Writes in the line; false: it is another one. */
bool libtest_case_parse(char *text, struct libtest_case *out);
/* The result alone on a line. */
bool libtest_result_parse(const char *text, struct libtest_case *out);

/* `test result: FAILED. 1 passed; 2 failed; 3 ignored; 0 measured; 0 filtered out; finished in 0.00s` */
struct libtest_counts {
	uint32_t passed, failed, ignored, measured;
};
bool libtest_counts_parse(const char *text, struct libtest_counts *out);

/* `running 3 tests` */
bool libtest_begins(const char *text);
/* `     Running unittests src/lib.rs (target/debug/deps/shop-0123456789abcdef)`, `   Doc-tests shop`: what the program is called. */
bool libtest_program_parse(const char *text, struct str *name);
/* `---- a::b stdout ----`: its name, in the line; NULL: it is another one. */
char *libtest_heading(char *text);

/* What the output of a failed test says first, into message; and where it broke, if it says so: file is "" otherwise. */
void libtest_explain(const char *text, struct str *message, struct str *file, uint32_t *line);

#endif
