/* Calls that answer with a pipe_code and take a pipe_error `err`, which these declare. */
#ifndef TESTS_UNIT_EXPECT_H
#define TESTS_UNIT_EXPECT_H

#include "pipe.h"
#include <check.h>
#include <string.h>

/* It succeeds. */
#define ok(call)                                                                                                                 \
	do {                                                                                                                     \
		pipe_error err = { 0 };                                                                                          \
		int rc_ = (call);                                                                                                \
		ck_assert_msg(rc_ == PIPE_OK, "%s: %d, %s", #call, rc_, err.text);                                               \
	} while (0)
/* It fails with that code and a sentence that holds these words. */
#define fails(call, expected, words)                                                                                             \
	do {                                                                                                                     \
		pipe_error err = { 0 };                                                                                          \
		int rc_ = (call);                                                                                                \
		ck_assert_msg(rc_ == (expected) && err.code == (expected), "%s: %d, %s", #call, rc_, err.text);                  \
		ck_assert_msg(strstr(err.text, words) != NULL, "%s does not say \"%s\"", err.text, words);                       \
	} while (0)

#endif
