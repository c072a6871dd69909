/* Logs compressed behind a run's back: now, later, by somebody else, or not yet. */
#include "runner/log/log_packer.h"
#include "runner/history/lock.h"
#include "runner/log/log.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

Suite *log_packer_suite(void);

enum { LINES = 40000, PATIENCE_MS = 10000 };

static char directory[64];

static const char *below(const char *name)
{
	static char names[4][160];
	static unsigned next;
	char *path = names[next++ % 4];

	snprintf(path, sizeof(names[0]), "%s/%s", directory, name);
	return path;
}

static bool is_there(const char *name)
{
	return access(below(name), F_OK) == 0;
}

/* A log that is worth it, of job 0 of run 1. */
static void write_log(void)
{
	struct log_writer *w;
	char line[64];

	ck_assert_int_eq(log_writer_create(&w, below("runs/1/0"), false, NULL), PIPE_OK);
	for (int i = 0; i < LINES; i++) {
		int n = snprintf(line, sizeof(line), "line %d of a log that is long enough\n", i);
		ck_assert_int_eq(log_write(w, 1000 + i, line, (size_t)n, NULL), PIPE_OK);
	}
	ck_assert_int_eq(log_writer_free(w, NULL), PIPE_OK);
}

static void check_log(void)
{
	struct log_reader *r;

	ck_assert_int_eq(log_reader_open(&r, below("runs/1/0"), NULL), PIPE_OK);
	ck_assert_uint_eq(log_reader_lines(r), LINES);
	log_reader_free(r);
}

static void touch(const char *name)
{
	int fd = open(below(name), O_WRONLY | O_CREAT, 0600);

	ck_assert_int_ge(fd, 0);
	close(fd);
}

static void setup(void)
{
	snprintf(directory, sizeof(directory), "/tmp/pipe-unit-packer-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	ck_assert_int_eq(mkdir(below("runs"), 0700), 0);
	ck_assert_int_eq(mkdir(below("runs/1"), 0700), 0);
	write_log();
}

static void teardown(void)
{
	static const char *const files[] = {
		"runs/1/0.log", "runs/1/0.log.zst", "runs/1/0.idx", "compress/1.0", "lock/compress", "lock/1",
	};
	static const char *const directories[] = { "runs/1", "runs", "compress", "lock" };

	for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
		unlink(below(files[i]));
	for (size_t i = 0; i < sizeof(directories) / sizeof(*directories); i++)
		if (is_there(directories[i]))
			ck_assert_int_eq(rmdir(below(directories[i])), 0);
	ck_assert_int_eq(rmdir(directory), 0);
}

static struct log_packer *packer(void)
{
	struct log_packer *p;

	ck_assert_int_eq(log_packer_create(&p, directory, NULL), PIPE_OK);
	return p;
}

static bool gone_in_time(const char *name)
{
	const struct timespec pause = { 0, 2000000 };

	for (int waited = 0; waited < PATIENCE_MS; waited += 2) {
		if (!is_there(name))
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

/* Left over by a process that had no time. */
static void leave_note(void)
{
	ck_assert_int_eq(mkdir(below("compress"), 0700), 0);
	touch("compress/1.0");
}

START_TEST(a_log_is_compressed_meanwhile)
{
	struct log_packer *p = packer();

	log_packer_add(p, 1, 0);
	ck_assert(gone_in_time("compress/1.0"));
	ck_assert(!is_there("runs/1/0.log"));
	ck_assert(is_there("runs/1/0.log.zst"));
	ck_assert_int_eq(log_packer_free(p, NULL), PIPE_OK);
	check_log();
}
END_TEST

START_TEST(what_there_is_no_time_for_stays_noted)
{
	struct log_packer *p = packer();

	log_packer_add(p, 1, 0);
	ck_assert_int_eq(log_packer_free(p, NULL), PIPE_OK);
	check_log();
	ck_assert_int_eq(is_there("compress/1.0"), is_there("runs/1/0.log"));
	ck_assert_int_eq(log_packer_finish(directory, NULL), PIPE_OK);
	ck_assert(!is_there("compress/1.0") && !is_there("runs/1/0.log"));
	check_log();
}
END_TEST

START_TEST(the_next_packer_goes_on)
{
	struct log_packer *p;

	leave_note();
	touch("runs/1/0.log.zst.aBcDeF"); /* of a process that was killed */
	p = packer();
	ck_assert(gone_in_time("compress/1.0"));
	ck_assert_int_eq(log_packer_free(p, NULL), PIPE_OK);
	ck_assert(!is_there("runs/1/0.log") && !is_there("runs/1/0.log.zst.aBcDeF"));
	check_log();
}
END_TEST

START_TEST(a_run_that_somebody_drives_is_left_to_him)
{
	struct run_lock *lock;

	leave_note();
	ck_assert_int_eq(run_lock_acquire(&lock, directory, 1, NULL), PIPE_OK);
	ck_assert_int_eq(log_packer_finish(directory, NULL), PIPE_OK);
	ck_assert(is_there("compress/1.0") && is_there("runs/1/0.log"));
	run_lock_free(lock);
	ck_assert_int_eq(log_packer_finish(directory, NULL), PIPE_OK);
	ck_assert(!is_there("compress/1.0") && !is_there("runs/1/0.log"));
}
END_TEST

START_TEST(a_log_that_was_removed_is_forgotten)
{
	leave_note();
	unlink(below("runs/1/0.log"));
	ck_assert_int_eq(log_packer_finish(directory, NULL), PIPE_OK);
	ck_assert(!is_there("compress/1.0") && !is_there("runs/1/0.log.zst"));
}
END_TEST

START_TEST(what_is_no_note_is_passed_over)
{
	static const char *const names[] = { "compress/1", "compress/01.0", "compress/1.0x", "compress/-1.0", "compress/1.-0" };

	ck_assert_int_eq(mkdir(below("compress"), 0700), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		touch(names[i]);
	ck_assert_int_eq(log_packer_finish(directory, NULL), PIPE_OK);
	ck_assert(is_there("runs/1/0.log"));
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		ck_assert_int_eq(unlink(below(names[i])), 0);
}
END_TEST

START_TEST(a_failure_is_told_once)
{
	pipe_error err = { 0 };

	leave_note();
	unlink(below("runs/1/0.log"));
	ck_assert_int_eq(symlink("0.log", below("runs/1/0.log")), 0); /* leads nowhere */
	ck_assert_int_eq(log_packer_finish(directory, &err), PIPE_EIO);
	ck_assert_ptr_nonnull(strstr(err.text, "cannot read"));
	ck_assert(!is_there("compress/1.0"));
	ck_assert_int_eq(log_packer_finish(directory, &err), PIPE_OK);
}
END_TEST

Suite *log_packer_suite(void)
{
	Suite *s = suite_create("log_packer");
	TCase *c = tcase_create("log_packer");

	tcase_add_checked_fixture(c, setup, teardown);
	tcase_set_timeout(c, 30);
	tcase_add_test(c, a_log_is_compressed_meanwhile);
	tcase_add_test(c, what_there_is_no_time_for_stays_noted);
	tcase_add_test(c, the_next_packer_goes_on);
	tcase_add_test(c, a_run_that_somebody_drives_is_left_to_him);
	tcase_add_test(c, a_log_that_was_removed_is_forgotten);
	tcase_add_test(c, what_is_no_note_is_passed_over);
	tcase_add_test(c, a_failure_is_told_once);
	suite_add_tcase(s, c);
	return s;
}
