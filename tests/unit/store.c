/*
 * The store through its header: what is written is read again, what is damaged is said, what is killed loses nothing that was
 * committed, and what is old goes.  Damage is done with SQLite itself or to the bytes of the file.
 */
#include "runner/store/store.h"
#include "base/str.h"
#include "runner/history/lock.h"
#include "runner/history/state.h"
#include "tests/unit/child.h"
#include "tests/unit/expect.h"
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

Suite *store_suite(void);

static const int64_t T = 1700000000000; /* the time at which the tests play */
static char root[64], state[80];

static void setup(void)
{
	snprintf(root, sizeof(root), "/tmp/pipe-store-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	ck_assert_int_eq(chmod(root, 0777), 0);
	snprintf(state, sizeof(state), "%s/.pipe", root);
}

static void teardown(void)
{
	uint64_t bytes = 0;

	ck_assert_int_eq(tree_remove(AT_FDCWD, root, &bytes, NULL), PIPE_OK);
}

static struct store *writer(void)
{
	struct store *s = NULL;

	ok(store_open(&s, state, STORE_WRITE, false, &err));
	return s;
}

static struct store *reader(void)
{
	struct store *s = NULL;

	ok(store_open(&s, state, STORE_READ, false, &err));
	return s;
}

static struct store_run a_run(const char *file)
{
	return (struct store_run){ .nonce = "00112233445566778899aabbccddeeff",
				   .created_ms = T,
				   .file = file,
				   .name = "nightly",
				   .source = "push",
				   .commit_sha = "da39a3ee5e6b4b0d3255bfef95601890afd80709",
				   .branch = "main",
				   .title = "a title",
				   .dirty = true,
				   .parent_job = -1,
				   .definition = "build:\n  script: make\n",
				   .variables = "{\"A\":\"1\"}",
				   .options = "{\"as\":\"push\"}",
				   .jobs = 2 };
}

static int64_t add_run(struct store *s, const struct store_run *run, unsigned jobs)
{
	int64_t number = 0;
	char name[32];

	ok(store_run_create(s, run, &number, &err));
	for (unsigned i = 0; i < jobs; i++) {
		struct store_job job = { i, name, "test", PIPE_STATUS_WAITING, i == 1, NULL };

		snprintf(name, sizeof(name), "job %u", i);
		ok(store_job_create(s, number, &job, &err));
	}
	return number;
}

static struct store_change a_change(uint32_t job, enum pipe_status status, int64_t time_ms)
{
	return (struct store_change){
		.job = job, .attempt = 1, .status = status, .time_ms = time_ms, .exit_code = -1, .coverage = -1
	};
}

static void change(struct store *s, int64_t run, uint32_t job, enum pipe_status status, int64_t time_ms)
{
	struct store_change c = a_change(job, status, time_ms);

	ok(store_job_change(s, run, &c, &err));
}

static void finish(struct store *s, int64_t run, enum pipe_status status, int64_t time_ms)
{
	ok(store_run_finish(s, run, status, time_ms, &err));
	ok(store_commit(s, &err));
}

/* A finished run of one job that took some time. */
static int64_t a_finished_run(struct store *s, const char *file, int64_t created_ms, int64_t took_ms)
{
	struct store_run run = a_run(file);
	int64_t number;

	run.created_ms = created_ms;
	run.jobs = 1;
	number = add_run(s, &run, 1);
	change(s, number, 0, PIPE_STATUS_RUNNING, created_ms);
	change(s, number, 0, PIPE_STATUS_SUCCESS, created_ms + took_ms);
	finish(s, number, PIPE_STATUS_SUCCESS, created_ms + took_ms);
	return number;
}

/* Does something to the database behind the store's back. */
static void sql(const char *text)
{
	char path[128];
	sqlite3 *db;
	char *why = NULL;

	snprintf(path, sizeof(path), "%s/pipe.db", state);
	ck_assert_int_eq(sqlite3_open(path, &db), SQLITE_OK);
	ck_assert_msg(sqlite3_exec(db, text, NULL, NULL, &why) == SQLITE_OK, "%s", why);
	sqlite3_close(db);
}

/* ---- what callbacks collect ---- */

struct seen {
	unsigned count, stop_after;
	pipe_run_record run;
	pipe_job_record job[8];
	pipe_transition_record transition[32];
	pipe_artifact_record artifact[8];
	int64_t numbers[64];
	char text[1024]; /* the last ones' */
};

static int see_run(void *payload, const pipe_run_record *r)
{
	struct seen *seen = payload;

	seen->run = *r;
	snprintf(seen->text, sizeof(seen->text), "%s|%s|%s|%s|%s|%s", r->file, r->name, r->source, r->commit_sha, r->branch,
		 r->title);
	if (seen->count < 64)
		seen->numbers[seen->count] = r->number;
	return ++seen->count == seen->stop_after;
}

static int see_job(void *payload, const pipe_job_record *j)
{
	struct seen *seen = payload;

	if (seen->count < 8)
		seen->job[seen->count] = *j;
	snprintf(seen->text, sizeof(seen->text), "%s|%s|%s|%s", j->name, j->stage, j->reason, j->failure);
	return ++seen->count == seen->stop_after;
}

static int see_transition(void *payload, const pipe_transition_record *t)
{
	struct seen *seen = payload;

	if (seen->count < 32)
		seen->transition[seen->count] = *t;
	snprintf(seen->text + strlen(seen->text), sizeof(seen->text) - strlen(seen->text), "%u:%s:%s;", t->job_index,
		 pipe_status_name(t->status), t->reason);
	return ++seen->count == seen->stop_after;
}

static int see_artifact(void *payload, const pipe_artifact_record *a)
{
	struct seen *seen = payload;

	if (seen->count < 8)
		seen->artifact[seen->count] = *a;
	snprintf(seen->text + strlen(seen->text), sizeof(seen->text) - strlen(seen->text), "%s|%s|%s|%s;", a->job, a->name,
		 a->kind, a->path);
	return ++seen->count == seen->stop_after;
}

static int see_duration(void *payload, const char *name, int64_t ms)
{
	struct seen *seen = payload;

	snprintf(seen->text + strlen(seen->text), sizeof(seen->text) - strlen(seen->text), "%s=%" PRId64 ";", name, ms);
	return ++seen->count == seen->stop_after;
}

static int see_lost(void *payload, const struct store_lost *lost)
{
	struct seen *seen = payload;

	seen->numbers[seen->count] = lost->run;
	snprintf(seen->text, sizeof(seen->text), "%s", lost->nonce);
	return ++seen->count == seen->stop_after;
}

static unsigned count_runs(struct store *s)
{
	struct seen seen = { 0 };

	ok(store_runs(s, 0, 0, see_run, &seen, &err));
	return seen.count;
}

/* ---- opening ---- */

START_TEST(nothing_to_read_is_no_history)
{
	struct store *s = NULL;
	struct stat st;

	fails(store_open(&s, state, STORE_READ, false, &err), PIPE_ENOTFOUND, state);
	ck_assert_ptr_null(s);
	ck_assert_msg(stat(state, &st) != 0, "reading made the directory");
}
END_TEST

START_TEST(writing_makes_directory_database_and_gitignore)
{
	struct store *s = NULL;
	static const char ignored[] = "*\n!lua/\n!lua/**\n"; /* all but the project's modules */
	char path[160], text[32] = "";
	int fd;

	snprintf(state, sizeof(state), "%s/a/b/c", root);
	s = writer();
	ck_assert_str_eq(store_directory(s), state);
	store_free(s);
	snprintf(path, sizeof(path), "%s/.gitignore", state);
	fd = open(path, O_RDONLY);
	ck_assert_int_eq(read(fd, text, sizeof(text) - 1), sizeof(ignored) - 1);
	ck_assert_str_eq(text, ignored);
	close(fd);
	s = reader(); /* made, but empty of runs */
	ck_assert_uint_eq(count_runs(s), 0);
	store_free(s);
	store_free(NULL);
}
END_TEST

START_TEST(readers_see_what_is_committed_and_change_nothing)
{
	struct store *w = writer(), *r = reader();
	struct store_run run = a_run("f.yml");
	int64_t number;

	ck_assert(!store_has_changes(w));
	number = add_run(w, &run, 2);
	ck_assert_int_eq(number, 1);
	ck_assert(store_has_changes(w));
	ck_assert_uint_eq(count_runs(r), 0);
	ok(store_commit(w, &err));
	ck_assert(!store_has_changes(w));
	ck_assert_uint_eq(count_runs(r), 1);
	ok(store_commit(w, &err)); /* nothing open: nothing done */
	fails(store_run_create(r, &run, &number, &err), PIPE_EUSAGE, "reading only");
	number = add_run(w, &run, 0);
	store_free(w); /* without a commit: as if it had not been */
	ck_assert_uint_eq(count_runs(r), 1);
	store_free(r);
}
END_TEST

START_TEST(empty_file_is_no_history_and_is_filled)
{
	struct store *s = NULL;
	char path[128];

	ck_assert_int_eq(mkdir(state, 0777), 0);
	snprintf(path, sizeof(path), "%s/pipe.db", state);
	close(open(path, O_WRONLY | O_CREAT, 0666));
	fails(store_open(&s, state, STORE_READ, false, &err), PIPE_ENOTFOUND, "pipe.db");
	s = writer();
	ck_assert_int_gt(a_finished_run(s, "f.yml", T, 1), 0);
	store_free(s);
}
END_TEST

static void write_database(const char *bytes, size_t length)
{
	char path[128];
	int fd;

	ck_assert(mkdir(state, 0777) == 0 || errno == EEXIST);
	snprintf(path, sizeof(path), "%s/pipe.db", state);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	ck_assert_int_eq(write(fd, bytes, length), (ssize_t)length);
	close(fd);
}

START_TEST(what_is_no_database_is_refused)
{
	static char text[8192];
	struct store *s = NULL;

	memset(text, 'x', sizeof(text));
	write_database(text, sizeof(text));
	fails(store_open(&s, state, STORE_READ, false, &err), PIPE_ESTORE, "not a database");
	fails(store_open(&s, state, STORE_WRITE, false, &err), PIPE_ESTORE, "/pipe.db");
	ck_assert_ptr_null(s);
}
END_TEST

START_TEST(database_of_another_program_is_refused)
{
	struct store *s = NULL;

	ck_assert_int_eq(mkdir(state, 0777), 0);
	sql("CREATE TABLE theirs(x)");
	fails(store_open(&s, state, STORE_WRITE, false, &err), PIPE_ESTORE, "another program");
	fails(store_open(&s, state, STORE_READ, false, &err), PIPE_ESTORE, "another program");
	sql("PRAGMA application_id = 77; PRAGMA user_version = 1");
	fails(store_open(&s, state, STORE_WRITE, false, &err), PIPE_ESTORE, "another program");
}
END_TEST

START_TEST(newer_database_is_refused_with_words)
{
	struct store *s = writer();

	store_free(s);
	sql("PRAGMA user_version = 99");
	fails(store_open(&s, state, STORE_READ, false, &err), PIPE_ESTORE, "newer pipe");
	fails(store_open(&s, state, STORE_WRITE, false, &err), PIPE_ESTORE, "newer pipe");
}
END_TEST

static int take_note(void *payload, const pipe_note_record *n)
{
	str_printf(payload, "%s %s %s %s %s\n", n->job ? n->job : "-", n->kind, n->label, n->text, n->url);
	return 0;
}

/* Of the version before: its table comes with the first to open it. */
START_TEST(notes_come_into_an_old_database)
{
	struct store *s = writer();
	const struct store_run made = a_run("ci.yml");
	int64_t run = add_run(s, &made, 1);
	struct str text;

	ok(store_commit(s, &err));
	store_free(s);
	sql("DROP TABLE note; PRAGMA user_version = 2");
	s = reader();
	str_init(&text);
	ok(store_notes(s, run, take_note, &text, &err));
	ck_assert_str_eq(text.data, "");
	store_free(s);
	s = writer();
	ok(store_note_add(s, run, &(struct store_note){ 0, 5, "annotation", "page", NULL, "https://x/" }, &err));
	ok(store_note_add(s, run, &(struct store_note){ UINT32_MAX, 6, "line", "before_run", "text", NULL }, &err));
	ok(store_commit(s, &err));
	ok(store_notes(s, 0, take_note, &text, &err));
	ck_assert_str_eq(text.data, "job 0 annotation page  https://x/\n- line before_run text \n");
	fails(store_notes(s, run + 1, take_note, &text, &err), PIPE_ENOTFOUND, "no run");
	str_clear(&text);
	store_free(s);
}
END_TEST

START_TEST(directory_that_is_a_file_is_an_error)
{
	struct store *s = NULL;

	close(open(state, O_WRONLY | O_CREAT, 0666));
	fails(store_open(&s, state, STORE_WRITE, false, &err), PIPE_EIO, state);
	fails(store_open(&s, state, STORE_READ, false, &err), PIPE_ENOTFOUND, state);
}
END_TEST

/* Runs a function in a child, as nobody when this is root, and returns its exit status. */
static int in_child(int (*what)(void), bool as_nobody)
{
	int status;
	pid_t pid = child_fork();

	if (pid == 0) {
		if (as_nobody && geteuid() == 0 && (setgid(65534) || setuid(65534)))
			_exit(99);
		_exit(what());
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int use_read_only(void)
{
	struct seen seen = { 0 };
	struct store *s = NULL;
	pipe_error err = { 0 };

	if (store_open(&s, state, STORE_WRITE, false, &err) != PIPE_EIO)
		return 1;
	if (!strstr(err.text, "PIPE_STATE_DIR"))
		return 2;
	if (store_open(&s, state, STORE_READ, false, &err))
		return 3;
	if (store_runs(s, 0, 0, see_run, &seen, &err) || seen.count != 1)
		return 4;
	store_free(s);
	return 0;
}

START_TEST(read_only_directory_is_read_and_not_written)
{
	struct store *s = writer();
	char path[128];

	a_finished_run(s, "f.yml", T, 1);
	store_free(s);
	sql("PRAGMA wal_checkpoint(TRUNCATE)");
	snprintf(path, sizeof(path), "%s/pipe.db", state);
	ck_assert_int_eq(chmod(path, 0444), 0);
	ck_assert_int_eq(chmod(state, 0555), 0);
	ck_assert_int_eq(in_child(use_read_only, true), 0);
	ck_assert_int_eq(chmod(state, 0777), 0);
}
END_TEST

static int fill_up(void)
{
	struct rlimit limit = { 256 * 1024, 256 * 1024 };
	struct store_run run = a_run("f.yml");
	struct store_job job = { 0, "again", "test", PIPE_STATUS_WAITING, false, NULL };
	struct store *s = NULL;
	pipe_error err = { 0 }, said = { 0 };
	int64_t number;
	int rc = PIPE_OK;

	signal(SIGXFSZ, SIG_IGN);
	if (setrlimit(RLIMIT_FSIZE, &limit) || store_open(&s, state, STORE_WRITE, false, &err))
		return 1;
	if (store_run_create(s, &run, &number, &err) || store_commit(s, &err))
		return 2;
	for (unsigned i = 0; !rc && i < 100000; i++) {
		job.index = i;
		rc = store_job_create(s, number, &job, &err);
		if (!rc && i % 10 == 9)
			rc = store_commit(s, &err);
	}
	if (rc != PIPE_EIO || !strstr(err.text, "pipe.db"))
		return 3;
	/* the next turn works, or says the same again; it never pretends */
	if (store_has_changes(s))
		return 4;
	rc = store_commit(s, &said);
	store_free(s);
	return rc == PIPE_OK || rc == PIPE_EIO ? 0 : 5;
}

START_TEST(full_disk_is_an_error_and_history_stays)
{
	struct store *s = writer();
	struct seen seen = { 0 };

	a_finished_run(s, "f.yml", T, 1);
	store_free(s);
	ck_assert_int_eq(in_child(fill_up, false), 0);
	s = writer();
	ck_assert_uint_eq(count_runs(s), 2);
	ok(store_jobs(s, 2, see_job, &seen, &err));
	ck_assert_uint_eq(seen.count % 10, 0); /* whole commits */
	ck_assert_uint_gt(seen.count, 0);
	ck_assert_int_eq(a_finished_run(s, "f.yml", T, 1), 3);
	store_free(s);
}
END_TEST

/* A failed change gives up all since the last commit, and the commit says so once. */
START_TEST(commit_after_a_failed_change_fails)
{
	struct store *s = writer();
	struct store_run run = a_run("f.yml");
	struct store_job job = { 0, "twice", "test", PIPE_STATUS_WAITING, false, NULL };
	int64_t number = add_run(s, &run, 0);

	ok(store_commit(s, &err));
	ok(store_job_create(s, number, &job, &err));
	fails(store_job_create(s, number, &job, &err), PIPE_ESTORE, "UNIQUE");
	ck_assert(!store_has_changes(s));
	fails(store_job_create(s, number, &job, &err), PIPE_ESTORE, "UNIQUE");
	fails(store_commit(s, &err), PIPE_ESTORE, "UNIQUE");
	ok(store_job_create(s, number, &job, &err));
	ok(store_commit(s, &err));
	store_free(s);
}
END_TEST

/* Every page is overwritten in turn: errors are fine, a crash or an endless loop is not. */
START_TEST(damaged_pages_never_crash)
{
	enum { PAGE = 2048 };
	struct store *s = writer();
	static char original[1 << 20];
	char path[128];
	ssize_t length;
	int fd;

	for (int i = 0; i < 20; i++)
		a_finished_run(s, "f.yml", T, 1);
	store_free(s);
	sql("PRAGMA wal_checkpoint(TRUNCATE)");
	snprintf(path, sizeof(path), "%s/pipe.db", state);
	fd = open(path, O_RDONLY);
	length = read(fd, original, sizeof(original));
	close(fd);
	ck_assert_int_gt(length, 8 * PAGE);
	for (ssize_t at = 0; at < length; at += PAGE / 2) {
		struct seen seen = { 0 };
		pipe_gc_options gc = { .version = 1, .max_runs = 5 };
		pipe_gc_result result;
		pipe_error err;
		char saved[64];

		memcpy(saved, original + at, sizeof(saved));
		for (size_t i = 0; i < sizeof(saved); i++)
			original[(size_t)at + i] = (char)(at * 31 + (ssize_t)i * 7);
		write_database(original, (size_t)length);
		memcpy(original + at, saved, sizeof(saved));
		if (store_open(&s, state, STORE_WRITE, false, &err))
			continue;
		(void)store_runs(s, 0, 0, see_run, &seen, &err);
		(void)store_jobs(s, 0, see_job, &seen, &err);
		seen.text[0] = '\0';
		(void)store_transitions(s, 0, see_transition, &seen, &err);
		(void)store_durations(s, "f.yml", see_duration, &seen, &err);
		(void)store_gc(s, &gc, T, &result, &err);
		store_free(s);
	}
}
END_TEST

START_TEST(file_cut_short_is_an_error)
{
	struct store *s = writer();
	struct seen seen = { 0 };
	pipe_error err = { 0 };
	char path[128];
	int rc;

	for (int i = 0; i < 50; i++)
		a_finished_run(s, "f.yml", T, 1);
	store_free(s);
	sql("PRAGMA wal_checkpoint(TRUNCATE)");
	snprintf(path, sizeof(path), "%s/pipe.db", state);
	ck_assert_int_eq(truncate(path, 4096), 0);
	rc = store_open(&s, state, STORE_READ, false, &err);
	if (!rc) {
		rc = store_runs(s, 0, 0, see_run, &seen, &err);
		store_free(s);
	}
	ck_assert_int_eq(rc, PIPE_ESTORE);
	ck_assert_ptr_nonnull(strstr(err.text, "damaged"));
}
END_TEST

/* ---- runs ---- */

START_TEST(run_is_read_as_it_was_written)
{
	struct store *s = writer();
	struct store_run run = a_run(".gitlab-ci.yml");
	struct seen seen = { 0 };
	int64_t number = add_run(s, &run, 2);

	ok(store_run(s, number, see_run, &seen, &err));
	ck_assert_int_eq(seen.run.number, 1);
	ck_assert_int_eq(seen.run.status, PIPE_STATUS_RUNNING);
	ck_assert_int_eq(seen.run.started_ms, T);
	ck_assert_int_eq(seen.run.finished_ms, 0);
	ck_assert_int_eq(seen.run.dirty, 1);
	ck_assert_uint_eq(seen.run.jobs, 2);
	ck_assert_uint_eq(seen.run.failed, 0);
	ck_assert_int_eq(seen.run.parent, 0);
	ck_assert_str_eq(seen.text, ".gitlab-ci.yml|nightly|push|da39a3ee5e6b4b0d3255bfef95601890afd80709|main|a title");
	change(s, number, 0, PIPE_STATUS_FAILED, T + 5);
	ok(store_run(s, 0, see_run, &seen, &err));
	ck_assert_uint_eq(seen.run.failed, 1); /* while it runs */
	finish(s, number, PIPE_STATUS_FAILED, T + 9);
	ok(store_run(s, 0, see_run, &seen, &err));
	ck_assert_int_eq(seen.run.status, PIPE_STATUS_FAILED);
	ck_assert_int_eq(seen.run.finished_ms, T + 9);
	ck_assert_uint_eq(seen.run.failed, 1);
	store_free(s);
}
END_TEST

START_TEST(runs_are_listed_newest_first_by_pages)
{
	struct store *s = writer();
	struct seen seen = { 0 };

	for (int i = 0; i < 10; i++)
		a_finished_run(s, "f.yml", T + i, 1);
	ok(store_runs(s, 0, 3, see_run, &seen, &err));
	ck_assert_uint_eq(seen.count, 3);
	ck_assert_int_eq(seen.numbers[0], 10);
	ck_assert_int_eq(seen.numbers[2], 8);
	seen.count = 0;
	ok(store_runs(s, 8, 100, see_run, &seen, &err));
	ck_assert_uint_eq(seen.count, 7);
	ck_assert_int_eq(seen.numbers[0], 7);
	seen = (struct seen){ .stop_after = 2 };
	ok(store_runs(s, 0, 0, see_run, &seen, &err));
	ck_assert_uint_eq(seen.count, 2);
	seen = (struct seen){ 0 };
	ok(store_runs(s, 1, 0, see_run, &seen, &err));
	ck_assert_uint_eq(seen.count, 0);
	store_free(s);
}
END_TEST

START_TEST(zero_is_the_last_run_that_is_no_child)
{
	struct store *s = writer();
	struct store_run child = a_run("child.yml"), again = a_run("f.yml");
	struct seen seen = { 0 };
	int64_t number;

	fails(store_resolve_run(s, 0, &number, &err), PIPE_ENOTFOUND, "no run");
	ck_assert_int_eq(a_finished_run(s, "f.yml", T, 1), 1);
	child.parent = 1;
	child.parent_job = 0;
	ck_assert_int_eq(add_run(s, &child, 1), 2);
	ok(store_resolve_run(s, 0, &number, &err));
	ck_assert_int_eq(number, 1);
	again.retry_of = 1;
	ck_assert_int_eq(add_run(s, &again, 1), 3);
	ok(store_resolve_run(s, 0, &number, &err));
	ck_assert_int_eq(number, 3);
	ok(store_run(s, 2, see_run, &seen, &err));
	ck_assert_int_eq(seen.run.parent, 1);
	ok(store_run(s, 3, see_run, &seen, &err));
	ck_assert_int_eq(seen.run.parent, 1);
	ok(store_run_retry_of(s, 3, &number, &err));
	ck_assert_int_eq(number, 1);
	ok(store_run_retry_of(s, 2, &number, &err));
	ck_assert_int_eq(number, 0);
	fails(store_resolve_run(s, 4, &number, &err), PIPE_ENOTFOUND, "no run 4");
	fails(store_resolve_run(s, -4, &number, &err), PIPE_ENOTFOUND, "no run");
	fails(store_run(s, INT64_MAX, see_run, &seen, &err), PIPE_ENOTFOUND, "no run");
	fails(store_jobs(s, INT64_MAX, see_job, &seen, &err), PIPE_ENOTFOUND, "no run");
	fails(store_run_finish(s, 77, PIPE_STATUS_SUCCESS, T, &err), PIPE_ENOTFOUND, "no run 77");
	store_free(s);
}
END_TEST

START_TEST(texts_of_a_run_are_kept)
{
	struct store *s = writer();
	struct store_run run = a_run("f.yml");
	size_t length = 3 << 20;
	char *large = malloc(length + 1), *text;

	memset(large, 'y', length);
	large[length] = '\0';
	add_run(s, &run, 0);
	run.definition = large;
	run.variables = run.options = NULL;
	add_run(s, &run, 0);
	add_run(s, &run, 0); /* the same again */
	ok(store_commit(s, &err));
	ok(store_run_text(s, 1, "definition", &text, &err));
	ck_assert_str_eq(text, "build:\n  script: make\n");
	free(text);
	ok(store_run_text(s, 1, "variables", &text, &err));
	ck_assert_str_eq(text, "{\"A\":\"1\"}");
	free(text);
	ok(store_run_text(s, 1, "options", &text, &err));
	ck_assert_str_eq(text, "{\"as\":\"push\"}");
	free(text);
	ok(store_run_text(s, 1, "nonce", &text, &err));
	ck_assert_str_eq(text, "00112233445566778899aabbccddeeff");
	free(text);
	ok(store_run_text(s, 3, "definition", &text, &err));
	ck_assert_str_eq(text, large);
	free(text);
	ok(store_run_text(s, 0, "variables", &text, &err));
	ck_assert_str_eq(text, "");
	free(text);
	fails(store_run_text(s, 1, "status", &text, &err), PIPE_EUSAGE, "status");
	fails(store_run_text(s, 9, "nonce", &text, &err), PIPE_ENOTFOUND, "no run 9");
	free(large);
	store_free(s);
}
END_TEST

/* Runs with the same definition share it: ten of 1 MiB take one. */
START_TEST(equal_definitions_are_kept_once)
{
	struct store *s = writer();
	struct store_run run = a_run("f.yml");
	char *large = calloc(1, (1 << 20) + 1), path[128];
	struct stat st;

	memset(large, 'z', 1 << 20);
	run.definition = large;
	for (int i = 0; i < 10; i++)
		add_run(s, &run, 0);
	ok(store_commit(s, &err));
	store_free(s);
	sql("PRAGMA wal_checkpoint(TRUNCATE)");
	snprintf(path, sizeof(path), "%s/pipe.db", state);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_lt(st.st_size, 2 << 20);
	free(large);
}
END_TEST

/* ---- jobs ---- */

START_TEST(job_row_follows_its_changes)
{
	struct store *s = writer();
	struct store_run run = a_run("f.yml");
	struct store_change c;
	struct seen seen = { 0 };
	enum pipe_status status;
	int64_t n = add_run(s, &run, 2);

	ok(store_jobs(s, n, see_job, &seen, &err));
	ck_assert_uint_eq(seen.count, 2);
	ck_assert_int_eq(seen.job[0].status, PIPE_STATUS_WAITING);
	ck_assert_int_eq(seen.job[0].exit_code, -1);
	ck_assert_int_eq(seen.job[0].allow_failure, 0);
	ck_assert_int_eq(seen.job[1].allow_failure, 1);
	ck_assert(seen.job[0].coverage < 0);
	ck_assert_str_eq(seen.text, "job 1|test||");
	change(s, n, 0, PIPE_STATUS_READY, T + 1);
	change(s, n, 0, PIPE_STATUS_STARTING, T + 2);
	change(s, n, 0, PIPE_STATUS_RUNNING, T + 3);
	c = a_change(0, PIPE_STATUS_READY, T + 4); /* a second attempt */
	c.attempt = 2;
	c.exit_code = 7;
	c.reason = "exit code 7;\ntried again";
	c.failure = "script_failure";
	ok(store_job_change(s, n, &c, &err));
	seen.count = 0;
	ok(store_jobs(s, n, see_job, &seen, &err));
	ck_assert_int_eq(seen.job[0].status, PIPE_STATUS_READY);
	ck_assert_int_eq(seen.job[0].exit_code, 7);
	c = a_change(0, PIPE_STATUS_RUNNING, T + 5);
	c.attempt = 2;
	c.pid = 4711;
	ok(store_job_change(s, n, &c, &err));
	c = a_change(0, PIPE_STATUS_SUCCESS, T + 9);
	c.attempt = 2;
	c.exit_code = 0;
	c.coverage = 87.5;
	c.log_bytes = UINT64_C(5000000000);
	c.log_lines = 123;
	ok(store_job_change(s, n, &c, &err));
	ok(store_commit(s, &err));
	seen.count = 0;
	ok(store_jobs(s, n, see_job, &seen, &err));
	ck_assert_int_eq(seen.job[0].status, PIPE_STATUS_SUCCESS);
	ck_assert_int_eq(seen.job[0].exit_code, 0);
	ck_assert_uint_eq(seen.job[0].attempts, 2);
	ck_assert_int_eq(seen.job[0].queued_ms, T + 1);
	ck_assert_int_eq(seen.job[0].started_ms, T + 5); /* of the last attempt */
	ck_assert_int_eq(seen.job[0].finished_ms, T + 9);
	ck_assert(seen.job[0].coverage > 87.4 && seen.job[0].coverage < 87.6);
	ck_assert_uint_eq(seen.job[0].log_bytes, UINT64_C(5000000000));
	ck_assert_uint_eq(seen.job[0].log_lines, 123);
	ok(store_job_status(s, n, 0, &status, &err));
	ck_assert_int_eq(status, PIPE_STATUS_SUCCESS);
	fails(store_job_status(s, n, 5, &status, &err), PIPE_ENOTFOUND, "index 5");
	c = a_change(9, PIPE_STATUS_READY, T);
	ok(store_job_change(s, n, &c, &err));
	fails(store_commit(s, &err), PIPE_ENOTFOUND, "index 9");
	ok(store_commit(s, &err));
	store_free(s);
}
END_TEST

/* What a job's row and its transitions say, as text. */
static void describe_job(struct store *s, int64_t run, struct seen *seen)
{
	seen->count = 0;
	ok(store_jobs(s, run, see_job, seen, &err));
	ok(store_transitions(s, run, see_transition, seen, &err));
}

/* Changes that come together are written as one; nobody can tell. */
START_TEST(changes_of_one_group_add_up_to_the_same)
{
	static const enum pipe_status course[] = { PIPE_STATUS_RUNNING, PIPE_STATUS_FAILED,  PIPE_STATUS_READY,
						   PIPE_STATUS_RUNNING, PIPE_STATUS_RUNNING, PIPE_STATUS_SUCCESS };
	struct store_run run = a_run("f.yml");
	struct store *s = writer();
	struct seen apart = { 0 }, together = { 0 };
	int64_t one = add_run(s, &run, 1), two = add_run(s, &run, 1);

	for (size_t i = 0; i < sizeof(course) / sizeof(*course); i++) {
		struct store_change c = a_change(0, course[i], T + (int64_t)i);

		c.attempt = i < 3 ? 1 : i < 4 ? 2 : 3;
		c.exit_code = (int)i;
		c.log_lines = 10 + i;
		c.reason = i % 2 ? "why" : NULL;
		ok(store_job_change(s, one, &c, &err));
		ok(store_commit(s, &err));
		ok(store_job_change(s, two, &c, &err));
	}
	ok(store_commit(s, &err));
	describe_job(s, one, &apart);
	describe_job(s, two, &together);
	ck_assert_str_eq(together.text, apart.text);
	ck_assert_uint_eq(together.job[0].attempts, 3);
	ck_assert_int_eq(together.job[0].started_ms, apart.job[0].started_ms);
	ck_assert_int_eq(together.job[0].queued_ms, apart.job[0].queued_ms);
	ck_assert_int_eq(together.job[0].finished_ms, T + 5);
	ck_assert_int_eq(together.job[0].exit_code, 5);
	ck_assert_uint_eq(together.job[0].log_lines, 15);
	ck_assert_int_eq(together.job[0].status, PIPE_STATUS_SUCCESS);
	store_free(s);
}
END_TEST

/* More of them than are held at a time, of many jobs: each is there, and an uncommitted one is gone with its connection. */
START_TEST(changes_of_many_jobs_in_one_group)
{
	enum { JOBS = 300 };
	struct store_run run = a_run("f.yml");
	struct store *s = writer();
	enum pipe_status status;
	int64_t n = add_run(s, &run, JOBS);

	ok(store_commit(s, &err));
	for (unsigned i = 0; i < JOBS; i++)
		change(s, n, i, PIPE_STATUS_RUNNING, T + 1);
	for (unsigned i = 0; i < JOBS; i++)
		change(s, n, i, i % 3 ? PIPE_STATUS_SUCCESS : PIPE_STATUS_FAILED, T + 2);
	ok(store_commit(s, &err));
	for (unsigned i = 0; i < JOBS; i++) {
		ok(store_job_status(s, n, i, &status, &err));
		ck_assert_int_eq(status, i % 3 ? PIPE_STATUS_SUCCESS : PIPE_STATUS_FAILED);
	}
	change(s, n, 0, PIPE_STATUS_RUNNING, T + 3);
	store_free(s);
	s = writer();
	ok(store_job_status(s, n, 0, &status, &err));
	ck_assert_int_eq(status, PIPE_STATUS_FAILED);
	store_free(s);
}
END_TEST

START_TEST(transitions_come_in_the_order_of_events)
{
	struct store *s = writer();
	struct store_run run = a_run("f.yml");
	struct store_change c = a_change(1, PIPE_STATUS_SKIPPED, T + 2);
	struct seen seen = { 0 };
	int64_t n = add_run(s, &run, 2), other = add_run(s, &run, 1);

	change(s, n, 1, PIPE_STATUS_READY, T + 1); /* both in one millisecond, the higher index first */
	change(s, n, 0, PIPE_STATUS_READY, T + 1);
	change(s, other, 0, PIPE_STATUS_READY, T + 1);
	c.reason = "two\nlines";
	ok(store_job_change(s, n, &c, &err));
	change(s, n, 0, PIPE_STATUS_RUNNING, T + 2);
	ok(store_commit(s, &err));
	ok(store_transitions(s, n, see_transition, &seen, &err));
	ck_assert_str_eq(seen.text, "1:ready:;0:ready:;1:skipped:two lines;0:running:;");
	ck_assert_int_eq(seen.transition[0].time_ms, T + 1);
	ck_assert_uint_eq(seen.transition[0].attempt, 1);
	seen = (struct seen){ .stop_after = 1 };
	ok(store_transitions(s, n, see_transition, &seen, &err));
	ck_assert_uint_eq(seen.count, 1);
	store_free(s);
}
END_TEST

START_TEST(job_is_found_by_name_or_the_nearest_is_named)
{
	struct store *s = writer();
	struct store_run run = a_run("f.yml");
	uint32_t index = 99;
	int64_t n = add_run(s, &run, 3);

	ok(store_job_index(s, n, "job 2", &index, &err));
	ck_assert_uint_eq(index, 2);
	ok(store_job_index(s, 0, "job 0", &index, &err));
	ck_assert_uint_eq(index, 0);
	fails(store_job_index(s, n, "jib 2", &index, &err), PIPE_ENOTFOUND, "did you mean \"job 2\"?");
	fails(store_job_index(s, n, "something else", &index, &err), PIPE_ENOTFOUND, "no job \"something else\"");
	fails(store_job_index(s, 8, "job 2", &index, &err), PIPE_ENOTFOUND, "no run 8");
	store_free(s);
}
END_TEST

static int nested(void *payload, const pipe_run_record *run)
{
	struct store *s = payload;
	struct seen seen = { 0 };

	/* the same statement again, inside its own rows */
	ok(store_runs(s, run->number, 0, see_run, &seen, &err));
	ck_assert_uint_eq(seen.count, (unsigned)run->number - 1);
	ok(store_jobs(s, run->number, see_job, &seen, &err));
	return 0;
}

START_TEST(callbacks_may_call_the_store)
{
	struct store *s = writer();

	for (int i = 0; i < 5; i++)
		a_finished_run(s, "f.yml", T, 1);
	ok(store_runs(s, 0, 0, nested, s, &err));
	store_free(s);
}
END_TEST

/* ---- artifacts, dotenv, durations ---- */

static void add_artifact(struct store *s, int64_t run, uint32_t job, const char *kind, const char *path, int64_t expires_ms)
{
	struct store_artifact a = { job, "default", kind, path, 1234, 5, expires_ms };

	ok(store_artifact_add(s, run, &a, &err));
}

START_TEST(artifacts_are_found_by_run_and_job)
{
	struct store *s = writer();
	struct store_run run = a_run("f.yml");
	struct seen seen = { 0 };
	char path[160];
	int64_t n = add_run(s, &run, 2);

	add_artifact(s, n, 1, "archive", "runs/1/1.art", 0);
	add_artifact(s, n, 0, "archive", "runs/1/0.art", T + 1);
	add_artifact(s, n, 1, "junit", "runs/1/1.junit", 0);
	add_artifact(s, n, 1, "junit", "runs/1/1.junit", 0); /* again: still one */
	ok(store_commit(s, &err));
	ok(store_artifacts(s, 0, NULL, see_artifact, &seen, &err));
	ck_assert_uint_eq(seen.count, 3);
	ck_assert_int_eq(seen.artifact[0].expires_ms, T + 1);
	ck_assert_uint_eq(seen.artifact[0].bytes, 1234);
	ck_assert_uint_eq(seen.artifact[0].files, 5);
	snprintf(path, sizeof(path), "job 0|default|archive|%s/runs/1/0.art;", state);
	ck_assert_int_eq(strncmp(seen.text, path, strlen(path)), 0);
	seen = (struct seen){ 0 };
	ok(store_artifacts(s, n, "job 1", see_artifact, &seen, &err));
	ck_assert_uint_eq(seen.count, 2);
	fails(store_artifacts(s, n, "job 7", see_artifact, &seen, &err), PIPE_ENOTFOUND, "did you mean");
	store_free(s);
}
END_TEST

START_TEST(dotenv_is_kept_by_job)
{
	struct store *s = writer();
	struct store_run run = a_run("f.yml");
	int64_t n = add_run(s, &run, 2);
	char *json;

	ok(store_dotenv(s, n, 0, &json, &err));
	ck_assert_ptr_null(json);
	ok(store_dotenv_set(s, n, 0, "{\"A\":\"1\"}", &err));
	ok(store_dotenv_set(s, n, 0, "{\"A\":\"2\"}", &err));
	ok(store_dotenv(s, n, 0, &json, &err));
	ck_assert_str_eq(json, "{\"A\":\"2\"}");
	free(json);
	ok(store_dotenv(s, n, 1, &json, &err));
	ck_assert_ptr_null(json);
	store_free(s);
}
END_TEST

START_TEST(durations_are_a_mean_of_the_last_five)
{
	struct store *s = writer();
	struct store_run run = a_run("f.yml");
	struct seen seen = { 0 };
	int64_t n;

	ok(store_durations(s, "f.yml", see_duration, &seen, &err));
	ck_assert_uint_eq(seen.count, 0);
	a_finished_run(s, "f.yml", T, 1000);
	ok(store_durations(s, "f.yml", see_duration, &seen, &err));
	ck_assert_str_eq(seen.text, "job 0=1000;");
	a_finished_run(s, "f.yml", T, 100); /* (5 * 100 + 4 * 1000) / 9 */
	seen.text[0] = '\0';
	ok(store_durations(s, "f.yml", see_duration, &seen, &err));
	ck_assert_str_eq(seen.text, "job 0=500;");
	a_finished_run(s, "other.yml", T, 7);
	n = add_run(s, &run, 1); /* a failure does not count */
	change(s, n, 0, PIPE_STATUS_RUNNING, T);
	change(s, n, 0, PIPE_STATUS_FAILED, T + 1);
	finish(s, n, PIPE_STATUS_FAILED, T + 1);
	for (int i = 0; i < 5; i++)
		a_finished_run(s, "f.yml", T, 60);
	seen.text[0] = '\0';
	ok(store_durations(s, "f.yml", see_duration, &seen, &err));
	ck_assert_str_eq(seen.text, "job 0=60;");
	store_free(s);
}
END_TEST

/* ---- lost runs, and runs that go on ---- */

START_TEST(run_without_its_process_is_lost)
{
	struct store *s = writer();
	struct store_run run = a_run("f.yml");
	struct run_lock *lock;
	struct seen seen = { 0 };
	enum pipe_status status;
	int64_t n = add_run(s, &run, 4);

	ok(run_lock_acquire(&lock, state, n, &err));
	change(s, n, 0, PIPE_STATUS_RUNNING, T + 1);
	change(s, n, 0, PIPE_STATUS_SUCCESS, T + 2);
	change(s, n, 1, PIPE_STATUS_RUNNING, T + 2);
	change(s, n, 3, PIPE_STATUS_MANUAL, T + 2);
	ok(store_commit(s, &err));
	ok(store_lost_runs(s, see_lost, &seen, &err));
	ck_assert_uint_eq(seen.count, 0);
	ok(store_run_lost(s, n, T + 5, &err)); /* but it is alive */
	ok(store_run_status(s, n, &status, &err));
	ck_assert_int_eq(status, PIPE_STATUS_RUNNING);
	ok(store_commit(s, &err));
	run_lock_free(lock);
	ok(store_lost_runs(s, see_lost, &seen, &err));
	ck_assert_uint_eq(seen.count, 1);
	ck_assert_int_eq(seen.numbers[0], n);
	ck_assert_str_eq(seen.text, run.nonce);
	ok(store_run_lost(s, n, T + 5, &err));
	ok(store_commit(s, &err));
	seen = (struct seen){ 0 };
	ok(store_jobs(s, n, see_job, &seen, &err));
	ck_assert_int_eq(seen.job[0].status, PIPE_STATUS_SUCCESS);
	ck_assert_int_eq(seen.job[1].status, PIPE_STATUS_LOST);
	ck_assert_int_eq(seen.job[2].status, PIPE_STATUS_LOST);
	ck_assert_int_eq(seen.job[3].status, PIPE_STATUS_MANUAL);
	ck_assert_int_eq(seen.job[1].finished_ms, T + 5);
	seen = (struct seen){ 0 };
	ok(store_transitions(s, n, see_transition, &seen, &err));
	ck_assert_uint_eq(seen.count, 6);
	ck_assert_int_eq(seen.transition[5].status, PIPE_STATUS_LOST);
	ck_assert_uint_eq(seen.transition[5].job_index, 2);
	ck_assert_ptr_nonnull(strstr(seen.text, "1:lost:the process that ran it has died;"));
	ok(store_run(s, n, see_run, &seen, &err));
	ck_assert_int_eq(seen.run.status, PIPE_STATUS_LOST);
	ck_assert_int_eq(seen.run.finished_ms, T + 5);
	seen = (struct seen){ 0 };
	ok(store_lost_runs(s, see_lost, &seen, &err));
	ck_assert_uint_eq(seen.count, 0);
	store_free(s);
}
END_TEST

START_TEST(run_is_taken_up_again)
{
	struct store *s = writer();
	struct store_run run = a_run("f.yml");
	struct seen seen = { 0 };
	int64_t n = add_run(s, &run, 3);
	char *nonce;

	change(s, n, 0, PIPE_STATUS_RUNNING, T);
	change(s, n, 0, PIPE_STATUS_SUCCESS, T + 100);
	change(s, n, 1, PIPE_STATUS_RUNNING, T);
	change(s, n, 1, PIPE_STATUS_FAILED, T + 3);
	fails(store_run_reopen(s, n, "f", &err), PIPE_EBUSY, "is running");
	finish(s, n, PIPE_STATUS_FAILED, T + 100);
	ok(store_run_reopen(s, n, "ffeeddccbbaa99887766554433221100", &err));
	ok(store_commit(s, &err));
	ok(store_run_text(s, n, "nonce", &nonce, &err));
	ck_assert_str_eq(nonce, "ffeeddccbbaa99887766554433221100");
	free(nonce);
	ok(store_run(s, n, see_run, &seen, &err));
	ck_assert_int_eq(seen.run.status, PIPE_STATUS_RUNNING);
	ck_assert_uint_eq(seen.run.failed, 0);
	ck_assert_int_eq(seen.run.finished_ms, 0);
	seen.count = 0;
	ok(store_jobs(s, n, see_job, &seen, &err));
	ck_assert_int_eq(seen.job[0].status, PIPE_STATUS_SUCCESS);
	ck_assert_int_eq(seen.job[1].status, PIPE_STATUS_WAITING);
	ck_assert_uint_eq(seen.job[1].attempts, 1); /* they count on */
	ck_assert_int_eq(seen.job[1].finished_ms, 0);
	finish(s, n, PIPE_STATUS_SUCCESS, T + 200);
	seen = (struct seen){ 0 };
	ok(store_durations(s, "f.yml", see_duration, &seen, &err));
	ck_assert_str_eq(seen.text, "job 0=100;");
	a_finished_run(s, "f.yml", T, 1000); /* (5 * 1000 + 4 * 100) / 9: the success above counted once */
	seen = (struct seen){ 0 };
	ok(store_durations(s, "f.yml", see_duration, &seen, &err));
	ck_assert_str_eq(seen.text, "job 0=600;");
	fails(store_run_reopen(s, 9, "f", &err), PIPE_ENOTFOUND, "no run 9");
	store_free(s);
}
END_TEST

/* ---- hostile content ---- */

START_TEST(hostile_rows_are_damage)
{
	struct store *s = writer();
	struct seen seen = { 0 };
	int64_t n = a_finished_run(s, "f.yml", T, 1);

	add_artifact(s, n, 0, "archive", "runs/../../../etc/passwd", 0);
	ok(store_commit(s, &err));
	fails(store_artifacts(s, n, NULL, see_artifact, &seen, &err), PIPE_ESTORE, "damaged");
	store_free(s);
	sql("UPDATE job SET status = 'glorious', changes = 'nonsense' || char(10)");
	s = reader();
	fails(store_jobs(s, n, see_job, &seen, &err), PIPE_ESTORE, "damaged");
	fails(store_transitions(s, n, see_transition, &seen, &err), PIPE_ESTORE, "damaged");
	store_free(s);
	sql("UPDATE run SET status = ''; UPDATE job SET changes = '1 2 3 ' || char(10)");
	s = reader();
	fails(store_runs(s, 0, 0, see_run, &seen, &err), PIPE_ESTORE, "damaged");
	fails(store_transitions(s, n, see_transition, &seen, &err), PIPE_ESTORE, "damaged");
	store_free(s);
	sql("DROP TABLE job");
	s = reader();
	fails(store_jobs(s, n, see_job, &seen, &err), PIPE_ESTORE, "pipe.db");
	store_free(s);
}
END_TEST

START_TEST(paths_that_leave_are_told)
{
	ck_assert(state_path_is_inside("runs/1/0.art"));
	ck_assert(state_path_is_inside("a..b/..c"));
	ck_assert(!state_path_is_inside(""));
	ck_assert(!state_path_is_inside("/etc/passwd"));
	ck_assert(!state_path_is_inside(".."));
	ck_assert(!state_path_is_inside("runs/.."));
	ck_assert(!state_path_is_inside("runs/../.."));
	ck_assert(!state_path_is_inside("../x"));
}
END_TEST

/* ---- several processes ---- */

/* Writes runs of one job until it is killed; says each number when its commit is done. */
static void write_until_killed(int to)
{
	struct store *s = writer();

	for (;;) {
		int64_t n = a_finished_run(s, "f.yml", T, 1);

		if (write(to, &n, sizeof(n)) != sizeof(n))
			_exit(1);
	}
}

static int check_whole(void *payload, const pipe_run_record *run)
{
	struct store *s = payload;
	struct seen seen = { 0 };

	ok(store_jobs(s, run->number, see_job, &seen, &err));
	ck_assert_uint_eq(seen.count, 1);
	ck_assert_int_eq(seen.job[0].status, run->status);
	return 0;
}

START_TEST(killed_writer_loses_nothing_that_was_committed)
{
	int64_t said = 0, last = 0;

	store_free(writer());
	for (int round = 0; round < 12; round++) {
		const struct timespec pause = { 0, 300000L + round * 1700000L };
		struct store *s;
		int64_t newest;
		int ends[2];
		pid_t pid;

		ck_assert_int_eq(pipe(ends), 0);
		pid = child_fork();
		if (pid == 0)
			write_until_killed(ends[1]);
		close(ends[1]);
		ck_assert_int_eq(read(ends[0], &said, sizeof(said)), sizeof(said));
		nanosleep(&pause, NULL);
		kill(pid, SIGKILL);
		waitpid(pid, NULL, 0);
		while (read(ends[0], &said, sizeof(said)) == sizeof(said))
			;
		close(ends[0]);
		s = reader();
		ok(store_resolve_run(s, 0, &newest, &err));
		ck_assert_int_ge(newest, said);
		ck_assert_int_le(newest, said + 1); /* one may have been committed and not said */
		ck_assert_int_gt(newest, last);
		last = newest;
		ok(store_runs(s, 0, 50, check_whole, s, &err));
		store_free(s);
	}
}
END_TEST

START_TEST(readers_are_not_disturbed_by_a_writer)
{
	struct store *a, *b, *w = writer();
	unsigned seen_a = 0, seen_b = 0, n;
	int ends[2];
	pid_t pid;

	store_free(w);
	ck_assert_int_eq(pipe(ends), 0);
	pid = child_fork();
	if (pid == 0)
		write_until_killed(ends[1]);
	a = reader();
	b = reader();
	for (int i = 0; i < 200; i++) {
		n = count_runs(a);
		ck_assert_uint_ge(n, seen_a);
		seen_a = n;
		ok(store_runs(b, 0, 20, check_whole, b, &err));
		n = count_runs(b);
		ck_assert_uint_ge(n, seen_a > seen_b ? seen_a : seen_b);
		seen_b = n;
	}
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	store_free(a);
	store_free(b);
	close(ends[0]);
	close(ends[1]);
}
END_TEST

static int create_at_once(void)
{
	struct store *s = NULL;
	pipe_error err;

	if (store_open(&s, state, STORE_WRITE, false, &err))
		return 1;
	a_finished_run(s, "f.yml", T, 1);
	store_free(s);
	return 0;
}

START_TEST(several_processes_may_make_it_at_once)
{
	enum { PROCESSES = 6 };
	struct store *s;
	int status;

	for (int i = 0; i < PROCESSES; i++)
		if (child_fork() == 0)
			_exit(create_at_once());
	for (int i = 0; i < PROCESSES; i++) {
		ck_assert_int_gt(wait(&status), 0);
		ck_assert_int_eq(status, 0);
	}
	s = reader();
	ck_assert_uint_eq(count_runs(s), PROCESSES);
	store_free(s);
}
END_TEST

START_TEST(write_ahead_log_does_not_grow_for_ever)
{
	struct store *s = writer();
	struct store_run run = a_run("f.yml");
	char path[128];
	struct stat st;
	int64_t n = add_run(s, &run, 1000);

	for (int i = 0; i < 6000; i++) {
		change(s, n, (uint32_t)i % 1000, PIPE_STATUS_RUNNING, T);
		ok(store_commit(s, &err));
	}
	snprintf(path, sizeof(path), "%s/pipe.db-wal", state);
	ck_assert_int_eq(stat(path, &st), 0);
	ck_assert_int_lt(st.st_size, 12 << 20);
	store_free(s);
	ck_assert(stat(path, &st) != 0 || st.st_size < 1 << 20);
	s = reader();
	ck_assert_uint_eq(count_runs(s), 1);
	store_free(s);
}
END_TEST

/* ---- gc ---- */

static const int64_t DAY = 86400000;

/* A file of some bytes below the state directory. */
static void put_file(const char *name, size_t bytes)
{
	char path[256], *slash;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", state, name);
	for (slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(path, 0777);
		*slash = '/';
	}
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(ftruncate(fd, (off_t)bytes), 0);
	close(fd);
}

static bool there(const char *name)
{
	char path[256];
	struct stat st;

	snprintf(path, sizeof(path), "%s/%s", state, name);
	return lstat(path, &st) == 0;
}

static pipe_gc_result gc(struct store *s, pipe_gc_options options, int64_t now_ms)
{
	pipe_gc_result result;

	options.version = PIPE_GC_OPTIONS_VERSION;
	ok(store_gc(s, &options, now_ms, &result, &err));
	return result;
}

/* Runs 1 to n of one file, a day each, with 1000 bytes of log. */
static struct store *a_history(int n)
{
	struct store *s = writer();
	char name[64];

	for (int i = 1; i <= n; i++) {
		a_finished_run(s, "f.yml", T + i * DAY, 1000);
		snprintf(name, sizeof(name), "runs/%d/0.log", i);
		put_file(name, 1000);
	}
	return s;
}

START_TEST(gc_by_number_of_runs)
{
	struct store *s = a_history(10);
	pipe_gc_options options = { .max_runs = 3, .dry_run = 1 };
	pipe_gc_result r = gc(s, options, T + 11 * DAY);

	ck_assert_uint_eq(r.runs, 7);
	ck_assert_uint_eq(r.bytes, 7000);
	ck_assert_uint_eq(count_runs(s), 10);
	ck_assert(there("runs/1/0.log"));
	options.dry_run = 0;
	r = gc(s, options, T + 11 * DAY);
	ck_assert_uint_eq(r.runs, 7);
	ck_assert_uint_eq(r.bytes, 7000);
	ck_assert_uint_eq(count_runs(s), 3);
	ck_assert(!there("runs/7"));
	ck_assert(there("runs/8/0.log"));
	r = gc(s, options, T + 11 * DAY);
	ck_assert_uint_eq(r.runs, 0);
	ck_assert_int_eq(a_finished_run(s, "f.yml", T, 1), 11); /* numbers are not given twice */
	store_free(s);
}
END_TEST

START_TEST(gc_by_age_keeps_the_last_run_of_each_file)
{
	struct store *s = a_history(4);
	struct seen seen = { 0 };
	pipe_gc_result r;

	a_finished_run(s, "old.yml", T, 1);
	a_finished_run(s, "old.yml", T, 1);
	r = gc(s, (pipe_gc_options){ .max_age_ms = DAY }, T + 30 * DAY);
	ck_assert_uint_eq(r.runs, 4);
	ok(store_runs(s, 0, 0, see_run, &seen, &err));
	ck_assert_uint_eq(seen.count, 2);
	ck_assert_int_eq(seen.numbers[0], 6);
	ck_assert_int_eq(seen.numbers[1], 4);
	store_free(s);
}
END_TEST

START_TEST(gc_by_size)
{
	struct store *s = a_history(10);
	pipe_gc_result r = gc(s, (pipe_gc_options){ .max_bytes = 4500 }, T + 11 * DAY);

	ck_assert_uint_eq(r.runs, 6);
	ck_assert_uint_eq(r.bytes, 6000);
	ck_assert(there("runs/7") && !there("runs/6"));
	r = gc(s, (pipe_gc_options){ .max_bytes = 1 }, T + 11 * DAY);
	ck_assert_uint_eq(r.runs, 3); /* the last stays, however large */
	store_free(s);
}
END_TEST

START_TEST(gc_without_limits_removes_no_run)
{
	struct store *s = a_history(3);
	pipe_gc_result r = gc(s, (pipe_gc_options){ 0 }, T + 1000 * DAY);

	ck_assert_uint_eq(r.runs, 0);
	ck_assert_uint_eq(r.bytes, 0);
	ck_assert_uint_eq(count_runs(s), 3);
	store_free(s);
}
END_TEST

START_TEST(gc_leaves_what_runs_and_what_is_repeated)
{
	struct store *s = a_history(2);
	struct store_run again = a_run("f.yml"), other = a_run("f.yml");
	struct run_lock *lock;
	int64_t n, locked;
	pipe_gc_result r;

	locked = a_finished_run(s, "f.yml", T, 1); /* about to end: its lock is still held */
	ok(run_lock_acquire(&lock, state, locked, &err));
	add_run(s, &other, 1); /* 4: running */
	again.retry_of = 1;
	n = add_run(s, &again, 1); /* 5: repeats 1, and is the last of its file */
	finish(s, n, PIPE_STATUS_SUCCESS, T + 3 * DAY);
	r = gc(s, (pipe_gc_options){ .max_runs = 1 }, T + 11 * DAY);
	ck_assert_uint_eq(r.runs, 1); /* 2 */
	ck_assert_uint_eq(count_runs(s), 4);
	ck_assert(there("runs/1") && !there("runs/2"));
	run_lock_free(lock);
	store_free(s);
}
END_TEST

START_TEST(gc_finds_what_an_interruption_left)
{
	struct store *s = a_history(2);
	struct run_lock *lock;
	pipe_gc_result r;

	put_file("runs/77/work/0/deep/file", 500); /* no row, no lock */
	put_file("runs/78/0.log", 500);		   /* no row yet: just starting */
	put_file("runs/.gone-5/0.log", 20);	   /* renamed, not yet removed */
	put_file("runs/not-a-run/file", 1);	   /* not ours */
	ok(run_lock_acquire(&lock, state, 78, &err));
	r = gc(s, (pipe_gc_options){ .dry_run = 1 }, T);
	ck_assert_uint_eq(r.bytes, 520);
	r = gc(s, (pipe_gc_options){ 0 }, T);
	ck_assert_uint_eq(r.runs, 0);
	ck_assert_uint_eq(r.bytes, 520);
	ck_assert(!there("runs/77") && there("runs/78/0.log") && !there("runs/.gone-5"));
	ck_assert(there("runs/1/0.log") && there("runs/not-a-run/file"));
	run_lock_free(lock);
	store_free(s);
}
END_TEST

START_TEST(gc_of_expired_artifacts)
{
	struct store *s = a_history(1);
	struct store_run run = a_run("f.yml");
	struct seen seen = { 0 };
	pipe_gc_result r;
	int64_t running;

	put_file("runs/1/0.art", 300);
	put_file("runs/1/1.art", 400);
	put_file("runs/1/shared.art", 50);
	put_file("../secret", 9);
	add_artifact(s, 1, 0, "archive", "runs/1/0.art", T + 5);
	add_artifact(s, 1, 0, "junit", "runs/1/1.art", T + 500);
	add_artifact(s, 1, 0, "dotenv", "runs/1/shared.art", T + 5);
	add_artifact(s, 1, 0, "metrics", "runs/1/shared.art", 0);
	add_artifact(s, 1, 0, "evil", "../secret", T + 5);
	running = add_run(s, &run, 1);
	add_artifact(s, running, 0, "archive", "runs/2/0.art", T + 5);
	ok(store_commit(s, &err));
	r = gc(s, (pipe_gc_options){ .dry_run = 1 }, T + 10);
	ck_assert_uint_eq(r.artifacts, 3);
	ck_assert_uint_eq(r.bytes, 300);
	ck_assert(there("runs/1/0.art"));
	r = gc(s, (pipe_gc_options){ 0 }, T + 10);
	ck_assert_uint_eq(r.artifacts, 3);
	ck_assert_uint_eq(r.bytes, 300);
	ck_assert(!there("runs/1/0.art") && there("runs/1/1.art") && there("runs/1/shared.art") && there("../secret"));
	ok(store_artifacts(s, 1, NULL, see_artifact, &seen, &err));
	ck_assert_uint_eq(seen.count, 2);
	seen.count = 0;
	ok(store_artifacts(s, running, NULL, see_artifact, &seen, &err));
	ck_assert_uint_eq(seen.count, 1);
	store_free(s);
}
END_TEST

START_TEST(gc_of_stale_caches)
{
	struct store *s = a_history(1);
	const struct timespec old[2] = { { 1600000000, 0 }, { 1600000000, 0 } };
	char path[128];
	pipe_gc_result r;

	put_file("cache/old.tar.zst", 100);
	put_file("cache/new.tar.zst", 200);
	snprintf(path, sizeof(path), "%s/cache/old.tar.zst", state);
	ck_assert_int_eq(utimensat(AT_FDCWD, path, old, 0), 0);
	r = gc(s, (pipe_gc_options){ 0 }, T);
	ck_assert_uint_eq(r.caches, 0); /* no age given */
	r = gc(s, (pipe_gc_options){ .max_age_ms = DAY, .dry_run = 1 }, T);
	ck_assert_uint_eq(r.caches, 1);
	ck_assert(there("cache/old.tar.zst"));
	r = gc(s, (pipe_gc_options){ .max_age_ms = DAY }, T);
	ck_assert_uint_eq(r.caches, 1);
	ck_assert_uint_eq(r.bytes, 100);
	ck_assert(!there("cache/old.tar.zst") && there("cache/new.tar.zst"));
	store_free(s);
}
END_TEST

START_TEST(gc_gives_space_back)
{
	struct store *s = writer();
	struct store_run run = a_run("f.yml");
	char *large = calloc(1, 300001), path[128];
	struct stat before, after;

	run.definition = large;
	for (int i = 0; i < 20; i++) {
		memset(large, 'a' + i, 300000);
		finish(s, add_run(s, &run, 1), PIPE_STATUS_SUCCESS, T);
	}
	store_free(s);
	sql("PRAGMA wal_checkpoint(TRUNCATE)");
	snprintf(path, sizeof(path), "%s/pipe.db", state);
	ck_assert_int_eq(stat(path, &before), 0);
	s = writer();
	ck_assert_uint_eq(gc(s, (pipe_gc_options){ .max_runs = 2 }, T).runs, 18);
	store_free(s);
	sql("PRAGMA wal_checkpoint(TRUNCATE)");
	ck_assert_int_eq(stat(path, &after), 0);
	ck_assert_int_lt(after.st_size, before.st_size / 4);
	free(large);
}
END_TEST

START_TEST(gc_wants_a_clean_start)
{
	struct store *s = writer();
	struct store_run run = a_run("f.yml");
	pipe_gc_options options = PIPE_GC_OPTIONS_INIT;
	pipe_gc_result result;

	add_run(s, &run, 1);
	fails(store_gc(s, &options, T, &result, &err), PIPE_EUSAGE, "commit");
	ck_assert(store_has_changes(s));
	store_free(s);
}
END_TEST

/* ---- trees ---- */

START_TEST(trees_go_however_deep)
{
	uint64_t bytes = 0;
	char top[128];
	int fd;

	ck_assert_int_eq(mkdir(state, 0777), 0);
	fd = open(state, O_RDONLY | O_DIRECTORY);
	for (int i = 0; i < 500; i++) { /* beyond PATH_MAX */
		int next;

		ck_assert_int_eq(mkdirat(fd, "a-directory", 0777), 0);
		next = openat(fd, "a-directory", O_RDONLY | O_DIRECTORY);
		close(fd);
		fd = next;
	}
	close(openat(fd, "bottom", O_WRONLY | O_CREAT, 0666));
	close(fd);
	snprintf(top, sizeof(top), "%s/a-directory", state);
	ok(tree_remove(AT_FDCWD, top, &bytes, &err));
	ck_assert(!there("a-directory"));
	ok(tree_remove(AT_FDCWD, top, &bytes, &err)); /* nothing there is fine */
}
END_TEST

START_TEST(trees_are_removed_without_following_links)
{
	uint64_t bytes = 0;
	char path[128], target[128];

	put_file("keep/file", 10);
	put_file("tree/a/b/file", 20);
	put_file("tree/.up-0/file", 30); /* a name that removal itself uses */
	put_file("tree/.up-1", 5);
	snprintf(target, sizeof(target), "%s/keep", state);
	snprintf(path, sizeof(path), "%s/tree/a/link", state);
	ck_assert_int_eq(symlink(target, path), 0);
	snprintf(path, sizeof(path), "%s/tree/link", state);
	ck_assert_int_eq(symlink(target, path), 0);
	snprintf(path, sizeof(path), "%s/tree/a/b", state);
	ck_assert_int_eq(chmod(path, 0), 0);
	snprintf(path, sizeof(path), "%s/tree", state);
	ck_assert_uint_ge(tree_bytes(AT_FDCWD, path), 35);
	ok(tree_remove(AT_FDCWD, path, &bytes, &err));
	ck_assert_uint_eq(bytes, 55);
	ck_assert(!there("tree") && there("keep/file"));
	snprintf(path, sizeof(path), "%s/link", state);
	ck_assert_int_eq(symlink(target, path), 0);
	ok(tree_remove(AT_FDCWD, path, &bytes, &err)); /* the link itself */
	ck_assert(!there("link") && there("keep/file"));
}
END_TEST

static int remove_unreadable(void)
{
	char path[128];
	uint64_t bytes = 0;
	pipe_error err;

	snprintf(path, sizeof(path), "%s/mine", state);
	if (mkdir(path, 0777))
		return 1;
	put_file("mine/a/b/c/file", 1);
	put_file("mine/a/other", 1);
	snprintf(path, sizeof(path), "%s/mine/a/b", state);
	if (chmod(path, 0))
		return 2;
	snprintf(path, sizeof(path), "%s/mine/a", state);
	if (chmod(path, 0))
		return 3;
	snprintf(path, sizeof(path), "%s/mine", state);
	if (tree_remove(AT_FDCWD, path, &bytes, &err))
		return 4;
	return there("mine") || bytes != 2 ? 5 : 0;
}

START_TEST(trees_are_removed_although_their_directories_are_closed)
{
	ck_assert_int_eq(mkdir(state, 0777), 0);
	ck_assert_int_eq(chmod(state, 0777), 0);
	ck_assert_int_eq(in_child(remove_unreadable, true), 0);
}
END_TEST

Suite *store_suite(void)
{
	const struct {
		const char *name;
		const TTest *tests[24];
	} cases[] = {
		{ "opening",
		  { nothing_to_read_is_no_history, writing_makes_directory_database_and_gitignore,
		    readers_see_what_is_committed_and_change_nothing, empty_file_is_no_history_and_is_filled,
		    what_is_no_database_is_refused, database_of_another_program_is_refused, newer_database_is_refused_with_words,
		    notes_come_into_an_old_database, directory_that_is_a_file_is_an_error,
		    read_only_directory_is_read_and_not_written, full_disk_is_an_error_and_history_stays,
		    commit_after_a_failed_change_fails, damaged_pages_never_crash, file_cut_short_is_an_error, NULL } },
		{ "runs",
		  { run_is_read_as_it_was_written, runs_are_listed_newest_first_by_pages, zero_is_the_last_run_that_is_no_child,
		    texts_of_a_run_are_kept, equal_definitions_are_kept_once, NULL } },
		{ "jobs",
		  { job_row_follows_its_changes, changes_of_one_group_add_up_to_the_same, changes_of_many_jobs_in_one_group,
		    transitions_come_in_the_order_of_events, job_is_found_by_name_or_the_nearest_is_named,
		    callbacks_may_call_the_store, artifacts_are_found_by_run_and_job, dotenv_is_kept_by_job,
		    durations_are_a_mean_of_the_last_five, run_without_its_process_is_lost, run_is_taken_up_again,
		    hostile_rows_are_damage, paths_that_leave_are_told, NULL } },
		{ "processes",
		  { killed_writer_loses_nothing_that_was_committed, readers_are_not_disturbed_by_a_writer,
		    several_processes_may_make_it_at_once, write_ahead_log_does_not_grow_for_ever, NULL } },
		{ "gc",
		  { gc_by_number_of_runs, gc_by_age_keeps_the_last_run_of_each_file, gc_by_size, gc_without_limits_removes_no_run,
		    gc_leaves_what_runs_and_what_is_repeated, gc_finds_what_an_interruption_left, gc_of_expired_artifacts,
		    gc_of_stale_caches, gc_gives_space_back, gc_wants_a_clean_start, NULL } },
		{ "trees",
		  { trees_go_however_deep, trees_are_removed_without_following_links,
		    trees_are_removed_although_their_directories_are_closed, NULL } },
	};
	Suite *suite = suite_create("store");

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		TCase *tc = tcase_create(cases[i].name);

		tcase_add_checked_fixture(tc, setup, teardown);
		tcase_set_timeout(tc, 30);
		for (size_t k = 0; cases[i].tests[k]; k++)
			tcase_add_test(tc, cases[i].tests[k]);
		suite_add_tcase(suite, tc);
	}
	return suite;
}
