/*
 * Projects and their history through pipe.h, with a store that is filled as a run would fill it; and the rooms below: the options
 * that repeat a run, the lock of a run and the way to tell its driver something.
 */
#include "base/str.h"
#include "runner/history/lock.h"
#include "runner/history/project.h"
#include "runner/history/state.h"
#include "runner/log/log.h"
#include "runner/plan/replay.h"
#include "runner/store/store.h"
#include "tests/unit/child.h"
#include "tests/unit/expect.h"
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

Suite *history_suite(void);

static const int64_t T = 1700000000000;
static const char nonce[] = "00112233445566778899aabbccddeeff";
static char root[64], state[80];

static void setup(void)
{
	snprintf(root, sizeof(root), "/tmp/pipe-history-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(root));
	snprintf(state, sizeof(state), "%s/.pipe", root);
	unsetenv("PIPE_STATE_DIR");
}

static void teardown(void)
{
	uint64_t bytes = 0;

	ck_assert_int_eq(tree_remove(AT_FDCWD, root, &bytes, NULL), PIPE_OK);
}

static void keep_message(void *payload, const char *message)
{
	struct str *said = payload;

	str_adds(said, message);
	str_addc(said, '\n');
}

static pipe_project *a_project(struct str *said)
{
	pipe_project_options options = PIPE_PROJECT_OPTIONS_INIT;
	pipe_project *project = NULL;

	options.directory = root;
	options.log = said ? keep_message : NULL;
	options.payload = said;
	ok(pipe_project_open(&project, &options, &err));
	return project;
}

static struct store *writer(void)
{
	struct store *s = NULL;

	ok(store_open(&s, state, STORE_WRITE, false, &err));
	return s;
}

static int64_t add_run(struct store *s, int64_t retry_of, const char *options)
{
	struct store_run run = { .nonce = nonce,
				 .created_ms = T,
				 .file = "f.yml",
				 .parent_job = -1,
				 .retry_of = retry_of,
				 .definition = "build: {script: make}\n",
				 .variables = "{\"A\":\"1\"}",
				 .options = options,
				 .jobs = 2 };
	struct store_job job = { 0, "build", "test", PIPE_STATUS_WAITING, false, NULL };
	int64_t number = 0;

	ok(store_run_create(s, &run, &number, &err));
	ok(store_job_create(s, number, &job, &err));
	job.index = 1;
	job.name = "deploy";
	ok(store_job_create(s, number, &job, &err));
	ok(store_commit(s, &err));
	return number;
}

static void change(struct store *s, int64_t run, uint32_t job, enum pipe_status status)
{
	struct store_change c = { .job = job, .attempt = 1, .status = status, .time_ms = T, .exit_code = -1, .coverage = -1 };

	ok(store_job_change(s, run, &c, &err));
	ok(store_commit(s, &err));
}

static void finish(struct store *s, int64_t run, enum pipe_status status)
{
	ok(store_run_finish(s, run, status, T + 1, &err));
	ok(store_commit(s, &err));
}

static void make(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/%s", root, name);
	ck_assert_int_eq(mkdir(path, 0777), 0);
}

static void pause_ms(long ms)
{
	const struct timespec t = { ms / 1000, ms % 1000 * 1000000 };

	nanosleep(&t, NULL);
}

/* ---- projects ---- */

START_TEST(project_is_the_work_tree_around_a_directory)
{
	pipe_project_options options = PIPE_PROJECT_OPTIONS_INIT;
	pipe_project *project;
	char path[128];

	make("repo");
	make("repo/.git");
	make("repo/a");
	make("repo/a/b");
	make("plain");
	snprintf(path, sizeof(path), "%s/repo/a//b/", root);
	options.directory = path;
	ok(pipe_project_open(&project, &options, &err));
	snprintf(path, sizeof(path), "%s/repo", root);
	ck_assert_str_eq(pipe_project_directory(project), path);
	snprintf(path, sizeof(path), "%s/repo/.pipe", root);
	ck_assert_str_eq(pipe_project_state_directory(project), path);
	ck_assert_msg(access(path, F_OK) != 0, "opening wrote something");
	pipe_project_free(project);
	snprintf(path, sizeof(path), "%s/plain", root);
	ok(pipe_project_open(&project, &options, &err));
	ck_assert_str_eq(pipe_project_directory(project), path);
	pipe_project_free(project);
	ok(pipe_project_open(&project, NULL, &err)); /* where we are */
	ck_assert_int_eq(pipe_project_directory(project)[0], '/');
	pipe_project_free(project);
	pipe_project_free(NULL);
}
END_TEST

START_TEST(state_directory_is_option_then_environment_then_default)
{
	pipe_project_options options = PIPE_PROJECT_OPTIONS_INIT;
	pipe_project *project;
	char path[PATH_MAX + 32], here[PATH_MAX];

	options.directory = root;
	setenv("PIPE_STATE_DIR", "/somewhere/else//", 1);
	ok(pipe_project_open(&project, &options, &err));
	ck_assert_str_eq(pipe_project_state_directory(project), "/somewhere/else");
	pipe_project_free(project);
	setenv("PIPE_STATE_DIR", "history", 1); /* of the project */
	ok(pipe_project_open(&project, &options, &err));
	snprintf(path, sizeof(path), "%s/history", root);
	ck_assert_str_eq(pipe_project_state_directory(project), path);
	pipe_project_free(project);
	options.state_directory = "mine/"; /* of the caller */
	ck_assert_ptr_nonnull(getcwd(here, sizeof(here)));
	ok(pipe_project_open(&project, &options, &err));
	snprintf(path, sizeof(path), "%s/mine", here);
	ck_assert_str_eq(pipe_project_state_directory(project), path);
	pipe_project_free(project);
	setenv("PIPE_STATE_DIR", "", 1);
	options.state_directory = NULL;
	ok(pipe_project_open(&project, &options, &err));
	ck_assert_str_eq(pipe_project_state_directory(project), state);
	pipe_project_free(project);
}
END_TEST

/* As those are that nobody has initialised. */
START_TEST(options_of_another_version_are_refused)
{
	const pipe_project_options project_options = { 0 };
	const pipe_plan_options plan_options = { 0 };
	const pipe_view_options view_options = { 0 };
	const pipe_run_options run_options = { 0 };
	pipe_project *project = a_project(NULL), *none;
	pipe_plan *plan;
	pipe_run *run;

	fails(pipe_project_open(&none, &project_options, &err), PIPE_EUSAGE, "pipe_project_options has the version 0");
	fails(pipe_plan_load(&plan, project, &plan_options, &err), PIPE_EUSAGE, "pipe_plan_options has the version 0");
	fails(pipe_plan_view(NULL, PIPE_VIEW_SCHEMA, &view_options, NULL, NULL, &err), PIPE_EUSAGE,
	      "pipe_view_options has the version 0");
	fails(pipe_run_start(&run, project, NULL, &run_options, &err), PIPE_EUSAGE, "pipe_run_options has the version 0");
	ck_assert_ptr_null(none);
	ck_assert_ptr_null(plan);
	ck_assert_ptr_null(run);
	pipe_project_free(project);
}
END_TEST

START_TEST(a_text_needs_no_file_and_a_run_a_plan)
{
	pipe_plan_options options = PIPE_PLAN_OPTIONS_INIT;
	pipe_project *project = a_project(NULL);
	pipe_plan *plan;
	pipe_run *run;

	options.text = "job: {scrpt: [echo]}\n";
	fails(pipe_plan_load(&plan, project, &options, &err), PIPE_EPIPELINE, "scrpt");
	ck_assert_str_eq(pipe_plan_diagnostic(plan, 0)->file, "pipe.yml");
	pipe_plan_free(plan);
	fails(pipe_plan_load(&plan, NULL, &options, &err), PIPE_EUSAGE, "project");
	fails(pipe_run_start(&run, project, NULL, NULL, &err), PIPE_EUSAGE, "plan");
	pipe_project_free(project);
}
END_TEST

START_TEST(what_is_no_directory_is_refused)
{
	pipe_project_options options = PIPE_PROJECT_OPTIONS_INIT;
	pipe_project *project;
	char path[128];

	snprintf(path, sizeof(path), "%s/none", root);
	options.directory = path;
	fails(pipe_project_open(&project, &options, &err), PIPE_ENOTFOUND, "none");
	ck_assert_ptr_null(project);
	close(open(path, O_WRONLY | O_CREAT, 0666));
	fails(pipe_project_open(&project, &options, &err), PIPE_EUSAGE, "not a directory");
	options.directory = root;
	options.version = 9;
	fails(pipe_project_open(&project, &options, &err), PIPE_EUSAGE, "version 9");
}
END_TEST

/* ---- records ---- */

static int count_run(void *payload, const pipe_run_record *run)
{
	(void)run;
	++*(unsigned *)payload;
	return 0;
}

static int count_job(void *payload, const pipe_job_record *job)
{
	(void)job;
	++*(unsigned *)payload;
	return 0;
}

static int count_transition(void *payload, const pipe_transition_record *t)
{
	(void)t;
	++*(unsigned *)payload;
	return 0;
}

static int count_artifact(void *payload, const pipe_artifact_record *a)
{
	(void)a;
	++*(unsigned *)payload;
	return 0;
}

static int take_text(void *payload, const char *text, size_t length)
{
	str_add(payload, text, length);
	return 0;
}

static int take_nothing(void *payload, const char *text, size_t length)
{
	(void)payload;
	(void)text;
	(void)length;
	return 1;
}

START_TEST(without_history_everything_says_so)
{
	pipe_project *project = a_project(NULL);
	pipe_plan_options plan;
	pipe_gc_result result = { 7, 7, 7, 7 };
	pipe_gc_options gc = PIPE_GC_OPTIONS_INIT;
	unsigned count = 0, runs = 9, processes = 9;
	struct str text;
	static const char words[] = "run `pipe run` first";

	str_init(&text);
	fails(pipe_history_runs(project, 0, 0, count_run, &count, &err), PIPE_ENOTFOUND, words);
	fails(pipe_history_run(project, 0, count_run, &count, &err), PIPE_ENOTFOUND, words);
	fails(pipe_history_jobs(project, 0, count_job, &count, &err), PIPE_ENOTFOUND, words);
	fails(pipe_history_transitions(project, 0, count_transition, &count, &err), PIPE_ENOTFOUND, words);
	fails(pipe_history_artifacts(project, 0, NULL, count_artifact, &count, &err), PIPE_ENOTFOUND, words);
	fails(pipe_history_definition(project, 0, take_text, &text, &err), PIPE_ENOTFOUND, words);
	fails(pipe_history_plan_options(project, 0, &plan, &err), PIPE_ENOTFOUND, words);
	fails(pipe_history_cancel(project, 0, &err), PIPE_ENOTFOUND, words);
	ok(pipe_history_recover(project, &runs, &processes, &err));
	ck_assert_uint_eq(runs + processes, 0);
	ok(pipe_history_gc(project, &gc, &result, &err));
	ck_assert_uint_eq(result.runs + result.artifacts + result.caches + result.bytes, 0);
	ck_assert_uint_eq(count, 0);
	ck_assert_msg(access(state, F_OK) != 0, "looking wrote something");
	pipe_project_free(project);
}
END_TEST

START_TEST(history_is_shown_while_it_is_written)
{
	pipe_project *project = a_project(NULL);
	struct store *s = writer();
	struct str text;
	unsigned count = 0;
	int64_t run;

	str_init(&text);
	fails(pipe_history_run(project, 0, count_run, &count, &err), PIPE_ENOTFOUND, "no run");
	run = add_run(s, 0, "{}");
	ok(pipe_history_runs(project, 0, 0, count_run, &count, &err));
	ok(pipe_history_run(project, 0, count_run, &count, &err));
	ck_assert_uint_eq(count, 2);
	change(s, run, 0, PIPE_STATUS_RUNNING);
	ok(pipe_history_transitions(project, run, count_transition, &count, &err));
	ck_assert_uint_eq(count, 3);
	ok(pipe_history_jobs(project, 0, count_job, &count, &err));
	ck_assert_uint_eq(count, 5);
	ok(pipe_history_artifacts(project, 0, NULL, count_artifact, &count, &err));
	ck_assert_uint_eq(count, 5);
	ok(pipe_history_definition(project, 0, take_text, &text, &err));
	ok(pipe_history_variables(project, 0, take_text, &text, &err));
	ck_assert_str_eq(text.data, "build: {script: make}\n{\"A\":\"1\"}");
	fails(pipe_history_variables(project, 0, take_nothing, NULL, &err), PIPE_EIO, "stopped");
	str_clear(&text);
	store_free(s);
	pipe_project_free(project);
}
END_TEST

/* ---- repeating a run ---- */

static void round_trip(const pipe_plan_options *from, pipe_plan_options *to, struct arena *a)
{
	struct str json;

	str_init(&json);
	ck_assert_int_eq(replay_options_write(from, &json), PIPE_OK);
	ok(replay_options_read(json.data, a, to, NULL, NULL, &err));
	str_clear(&json);
}

START_TEST(plan_options_come_back_as_they_were)
{
	static const char *const variables[] = { "A=1", "B=\"quoted\" \\ \n\ttwo = lines", "EMPTY=", NULL };
	static const char *const jobs[] = { "build", "test: [a, b]", NULL }, *const none[] = { NULL };
	pipe_plan_options from = PIPE_PLAN_OPTIONS_INIT, to;
	struct arena a = ARENA_INIT;

	round_trip(&from, &to, &a);
	ck_assert_ptr_null(to.file);
	ck_assert_ptr_null(to.variables);
	ck_assert_uint_eq(to.version, PIPE_PLAN_OPTIONS_VERSION);
	ck_assert_uint_eq(to.limits.depth, 0);
	from.file = "ci/pipe.yml";
	from.variables = variables;
	from.jobs = jobs;
	from.manual = none;
	from.as = "merge_request:main";
	from.stage = "test";
	from.assume_changed = from.no_needs = from.strict = 1;
	from.limits.file_bytes = UINT64_C(1) << 40;
	from.limits.matrix = 12;
	round_trip(&from, &to, &a);
	ck_assert_str_eq(to.file, "ci/pipe.yml");
	for (int i = 0; i < 3; i++)
		ck_assert_str_eq(to.variables[i], variables[i]);
	ck_assert_ptr_null(to.variables[3]);
	ck_assert_str_eq(to.jobs[1], "test: [a, b]");
	ck_assert_ptr_null(to.jobs[2]);
	ck_assert_ptr_nonnull(to.manual);
	ck_assert_ptr_null(to.manual[0]);
	ck_assert_str_eq(to.as, "merge_request:main");
	ck_assert_str_eq(to.stage, "test");
	ck_assert_int_eq(to.assume_changed, 1);
	ck_assert_int_eq(to.offline, 0);
	ck_assert_int_eq(to.no_needs, 1);
	ck_assert_int_eq(to.only_needs, 0);
	ck_assert_int_eq(to.strict, 1);
	ck_assert_uint_eq(to.limits.file_bytes, UINT64_C(1) << 40);
	ck_assert_uint_eq(to.limits.matrix, 12);
	arena_clear(&a);
}
END_TEST

START_TEST(secrets_are_neither_written_nor_read_back)
{
	static const char *const secrets[] = { "TOKEN=very-secret", NULL };
	struct str json, said;
	pipe_plan_options from = PIPE_PLAN_OPTIONS_INIT, to;
	pipe_project *project;
	struct store *s;
	int64_t run;

	str_init(&json);
	str_init(&said);
	from.secrets = secrets;
	ck_assert_int_eq(replay_options_write(&from, &json), PIPE_OK);
	ck_assert_str_eq(json.data, "{\"secrets\":[\"TOKEN\"]}"); /* which, so that they can be asked for again */
	s = writer();
	run = add_run(s, 0, "{\"variables\":[\"A=1\",\"TOKEN=x[MASKED]\",\"B=2\"],\"jobs\":[\"[MASKED]\"]}");
	store_free(s);
	project = a_project(&said);
	ok(pipe_history_plan_options(project, run, &to, &err));
	ck_assert_str_eq(to.variables[0], "A=1");
	ck_assert_str_eq(to.variables[1], "B=2");
	ck_assert_ptr_null(to.variables[2]);
	ck_assert_str_eq(to.jobs[0], "[MASKED]");
	ck_assert_ptr_nonnull(strstr(said.data, "\"TOKEN\""));
	ck_assert_ptr_null(strstr(said.data, "\"A\""));
	pipe_project_free(project);
	str_clear(&json);
	str_clear(&said);
}
END_TEST

START_TEST(options_that_cannot_be_read_are_damage)
{
	static const char *const bad[] = { "",
					   "[]",
					   "{",
					   "{\"file\":1}",
					   "{\"variables\":{}}",
					   "{\"variables\":[1]}",
					   "{\"strict\":\"yes\"}",
					   "{\"limits\":{\"depth\":-1}}",
					   "{\"limits\":{\"depth\":99999999999}}",
					   "{\"limits\":{\"depth\":\"x\"}}" };
	struct arena a = ARENA_INIT;
	pipe_plan_options to;

	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++)
		fails(replay_options_read(bad[i], &a, &to, NULL, NULL, &err), PIPE_ESTORE, "cannot be read");
	ok(replay_options_read("{\"of a later pipe\":[],\"limits\":7}", &a, &to, NULL, NULL, &err));
	arena_clear(&a);
}
END_TEST

/* ---- the lock of a run, and commands ---- */

START_TEST(lock_is_held_by_one)
{
	struct run_lock *lock, *second;
	char path[128];

	ck_assert_int_eq(mkdir(state, 0777), 0);
	ck_assert(!run_lock_is_held(state, 5));
	ok(run_lock_acquire(&lock, state, 5, &err));
	ck_assert(run_lock_is_held(state, 5));
	ck_assert(!run_lock_is_held(state, 6));
	ck_assert_int_eq(run_lock_holder(state, 5), getpid());
	fails(run_lock_acquire(&second, state, 5, &err), PIPE_EBUSY, "run 5 is driven by another process");
	ck_assert_ptr_null(second);
	run_lock_free(lock);
	ck_assert(!run_lock_is_held(state, 5));
	snprintf(path, sizeof(path), "%s/lock/5", state);
	ck_assert_msg(access(path, F_OK) != 0, "the lock was left");
	ok(run_lock_acquire(&lock, state, 5, &err));
	run_lock_free(lock);
	run_lock_free(NULL);
}
END_TEST

/* A process that it was just starting holds the lock a moment longer than a driver that is killed. */
START_TEST(lock_ends_with_its_process_also_when_that_was_starting_another)
{
	const struct timespec moment = { 0, 60000000 };
	struct run_lock *lock;
	int ends[2];
	char c;
	pid_t pid;

	ck_assert_int_eq(mkdir(state, 0777), 0);
	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		if (run_lock_acquire(&lock, state, 5, NULL))
			_exit(1);
		if (fork() == 0) {
			if (write(ends[1], "x", 1) != 1)
				_exit(1);
			nanosleep(&moment, NULL);
			_exit(0);
		}
		pause();
	}
	ck_assert_int_eq(read(ends[0], &c, 1), 1);
	ck_assert(run_lock_is_held(state, 5));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ck_assert(!run_lock_is_held(state, 5));
}
END_TEST

START_TEST(lock_ends_with_its_process)
{
	struct run_lock *lock;
	int ends[2];
	char c;
	pid_t pid;

	ck_assert_int_eq(mkdir(state, 0777), 0);
	ck_assert_int_eq(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		if (run_lock_acquire(&lock, state, 5, NULL) || write(ends[1], "x", 1) != 1)
			_exit(1);
		pause();
	}
	ck_assert_int_eq(read(ends[0], &c, 1), 1);
	ck_assert(run_lock_is_held(state, 5));
	ck_assert_int_eq(run_lock_holder(state, 5), pid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	ck_assert(!run_lock_is_held(state, 5));
	ok(run_lock_acquire(&lock, state, 5, &err)); /* over what the dead one left */
	run_lock_free(lock);
}
END_TEST

START_TEST(commands_reach_the_driver_and_nobody_else)
{
	struct pollfd p = { .events = POLLIN };
	char commands[4] = "", path[128];
	int fd;

	ck_assert_int_eq(mkdir(state, 0777), 0);
	fails(run_control_send(state, 3, RUN_CONTROL_CANCEL, &err), PIPE_ENOTFOUND, "run 3 is not running");
	ok(state_make_below(state, "lock", &err));
	fails(run_control_send(state, 3, RUN_CONTROL_CANCEL, &err), PIPE_ENOTFOUND, "run 3 is not running");
	ok(run_control_open(state, 3, &fd, &err));
	p.fd = fd;
	ck_assert_int_eq(poll(&p, 1, 0), 0);
	ok(run_control_send(state, 3, RUN_CONTROL_CANCEL, &err));
	ok(run_control_send(state, 3, RUN_CONTROL_KILL, &err));
	ck_assert_int_eq(poll(&p, 1, 0), 1);
	ck_assert_int_eq(p.revents, POLLIN);
	ck_assert_int_eq(read(fd, commands, sizeof(commands)), 2);
	ck_assert_str_eq(commands, "ck");
	ck_assert_int_eq(poll(&p, 1, 0), 0); /* no end of file although all senders are gone */
	for (int i = 0; i < 70000; i++)	     /* more than a pipe holds: never blocks */
		if (run_control_send(state, 3, RUN_CONTROL_CANCEL, NULL))
			ck_abort_msg("send %d failed", i);
	close(fd); /* as a killed driver leaves it */
	fails(run_control_send(state, 3, RUN_CONTROL_CANCEL, &err), PIPE_ENOTFOUND, "run 3 is not running");
	ok(run_control_open(state, 3, &fd, &err));
	run_control_close(state, 3, fd);
	run_control_close(state, 3, -1);
	snprintf(path, sizeof(path), "%s/lock/3.fifo", state);
	ck_assert_msg(access(path, F_OK) != 0, "the FIFO was left");
	close(open(path, O_WRONLY | O_CREAT, 0666));
	fails(run_control_send(state, 3, RUN_CONTROL_CANCEL, &err), PIPE_EIO, "not a FIFO");
}
END_TEST

START_TEST(cancel_goes_to_the_process_that_drives_the_run)
{
	pipe_project *project = a_project(NULL);
	struct store *s = writer();
	int64_t run = add_run(s, 0, "{}");
	struct run_lock *lock;
	char command;
	int fd;

	fails(pipe_history_cancel(project, run, &err), PIPE_ENOTFOUND, "run 1 is not running");
	ok(run_lock_acquire(&lock, state, run, &err));
	ok(run_control_open(state, run, &fd, &err));
	ok(pipe_history_cancel(project, 0, &err));
	ck_assert_int_eq(read(fd, &command, 1), 1);
	ck_assert_int_eq(command, RUN_CONTROL_CANCEL);
	fails(pipe_history_cancel(project, 12, &err), PIPE_ENOTFOUND, "no run 12");
	run_control_close(state, run, fd);
	run_lock_free(lock);
	store_free(s);
	pipe_project_free(project);
}
END_TEST

START_TEST(lock_of_the_directory_is_waited_for)
{
	int fd, second;

	ck_assert_int_eq(mkdir(state, 0777), 0);
	ok(state_lock(state, "recover", 0, &fd, &err));
	fails(state_lock(state, "recover", 20, &second, &err), PIPE_EBUSY, "20 ms");
	ck_assert_int_eq(second, -1);
	close(fd);
	ok(state_lock(state, "recover", 0, &fd, &err));
	close(fd);
}
END_TEST

/* ---- recovery ---- */

/* A process that a dead runner left behind. */
static pid_t an_orphan(const char *mark)
{
	pid_t pid = fork();

	if (pid == 0) {
		char *const environment[] = { (char *)(uintptr_t)mark, NULL };

		execle("/bin/sleep", "sleep", "60", (char *)NULL, environment);
		_exit(127);
	}
	pause_ms(50); /* for exec */
	return pid;
}

START_TEST(dead_runs_are_found_and_their_processes_ended)
{
	pipe_project *project = a_project(NULL);
	struct store *s = writer();
	char mark[64], other[64], copy[128];
	enum pipe_status status;
	struct run_lock *lock;
	unsigned runs, processes;
	pid_t orphan, stranger;
	int how;
	int64_t alive = add_run(s, 0, "{}"), dead = add_run(s, 0, "{}"), done = add_run(s, 0, "{}");

	change(s, dead, 0, PIPE_STATUS_RUNNING);
	finish(s, done, PIPE_STATUS_SUCCESS);
	ok(run_lock_acquire(&lock, state, alive, &err));
	make(".pipe/runs");
	make(".pipe/runs/2");
	make(".pipe/runs/2/0.work");
	make(".pipe/runs/2/0.work/0");
	snprintf(mark, sizeof(mark), "PIPE_TASK=%s/0", nonce);
	snprintf(other, sizeof(other), "PIPE_TASK=%s/0", "ffeeddccbbaa99887766554433221100");
	orphan = an_orphan(mark);
	stranger = an_orphan(other);
	ok(pipe_history_recover(project, &runs, &processes, &err));
	ck_assert_uint_eq(runs, 1);
	ck_assert_uint_eq(processes, 1);
	ck_assert_int_eq(waitpid(orphan, &how, 0), orphan);
	ck_assert(WIFSIGNALED(how));
	ck_assert_int_eq(waitpid(stranger, &how, WNOHANG), 0);
	kill(stranger, SIGKILL);
	waitpid(stranger, &how, 0);
	ok(store_run_status(s, dead, &status, &err));
	ck_assert_int_eq(status, PIPE_STATUS_LOST);
	ok(store_job_status(s, dead, 0, &status, &err));
	ck_assert_int_eq(status, PIPE_STATUS_LOST);
	ok(store_run_status(s, alive, &status, &err));
	ck_assert_int_eq(status, PIPE_STATUS_RUNNING);
	snprintf(copy, sizeof(copy), "%s/runs/2/0.work", state);
	ck_assert_msg(access(copy, F_OK) != 0, "the copy was left");
	ok(pipe_history_recover(project, &runs, &processes, &err));
	ck_assert_uint_eq(runs + processes, 0);
	ok(pipe_history_recover(project, NULL, NULL, NULL));
	run_lock_free(lock);
	store_free(s);
	pipe_project_free(project);
}
END_TEST

/* The nonce of a history that somebody brought along must not hit processes of others. */
START_TEST(nonce_that_is_none_ends_no_process)
{
	struct store_run run = { .nonce = "", .created_ms = T, .file = "f.yml", .parent_job = -1, .jobs = 0 };
	pipe_project *project = a_project(NULL);
	struct store *s = writer();
	unsigned runs, processes;
	int64_t number;
	pid_t stranger;
	int how;

	ok(store_run_create(s, &run, &number, &err));
	run.nonce = "0011";
	ok(store_run_create(s, &run, &number, &err));
	ok(store_commit(s, &err));
	stranger = an_orphan("PIPE_TASK=0011/0");
	ok(pipe_history_recover(project, &runs, &processes, &err));
	ck_assert_uint_eq(runs, 2);
	ck_assert_uint_eq(processes, 0);
	ck_assert_int_eq(waitpid(stranger, &how, WNOHANG), 0);
	kill(stranger, SIGKILL);
	waitpid(stranger, &how, 0);
	store_free(s);
	pipe_project_free(project);
}
END_TEST

START_TEST(gc_goes_through_the_project)
{
	pipe_project *project = a_project(NULL);
	struct store *s = writer();
	pipe_gc_options options = PIPE_GC_OPTIONS_INIT;
	pipe_gc_result result;
	unsigned count = 0;

	for (int i = 0; i < 4; i++)
		finish(s, add_run(s, 0, "{}"), PIPE_STATUS_SUCCESS);
	options.max_runs = 2;
	options.dry_run = 1;
	ok(pipe_history_gc(project, &options, &result, &err));
	ck_assert_uint_eq(result.runs, 2);
	options.dry_run = 0;
	ok(pipe_history_gc(project, &options, &result, &err));
	ck_assert_uint_eq(result.runs, 2);
	ok(pipe_history_gc(project, NULL, NULL, &err));
	ok(pipe_history_runs(project, 0, 0, count_run, &count, &err));
	ck_assert_uint_eq(count, 2);
	options.version = 5;
	fails(pipe_history_gc(project, &options, &result, &err), PIPE_EUSAGE, "version 5");
	store_free(s);
	pipe_project_free(project);
}
END_TEST

/* ---- logs ---- */

static void write_log(int64_t run, unsigned job, const char *text)
{
	struct log_writer *w;
	char path[256];

	ok(state_make_below(state, "runs", &err));
	snprintf(path, sizeof(path), "runs/%d", (int)run);
	ok(state_make_below(state, path, &err));
	snprintf(path, sizeof(path), "%s/runs/%d/%u", state, (int)run, job);
	ok(log_writer_create(&w, path, true, &err));
	ok(log_write(w, T, text, strlen(text), &err));
	ok(log_writer_free(w, &err));
}

struct heard {
	struct str text;
	unsigned calls, stop_after;
	int64_t time_ms;
};

static int hear(void *payload, int64_t time_ms, const char *text, size_t length)
{
	struct heard *h = payload;

	h->time_ms = time_ms;
	str_add(&h->text, text, length);
	return ++h->calls == h->stop_after;
}

START_TEST(log_is_shown_in_pieces_or_by_lines)
{
	pipe_project *project = a_project(NULL);
	pipe_log_options options = PIPE_LOG_OPTIONS_INIT;
	struct store *s = writer();
	struct heard h = { 0 };
	int64_t run = add_run(s, 0, "{}");

	str_init(&h.text);
	change(s, run, 0, PIPE_STATUS_SUCCESS);
	change(s, run, 1, PIPE_STATUS_SKIPPED);
	finish(s, run, PIPE_STATUS_SUCCESS);
	write_log(run, 0, "one\ntwo\nthree\n");
	ok(pipe_history_log(project, run, "build", NULL, hear, &h, &err));
	ck_assert_str_eq(h.text.data, "one\ntwo\nthree\n");
	ck_assert_int_eq(h.time_ms, 0);
	str_reset(&h.text);
	options.from_line = 2;
	ok(pipe_history_log(project, 0, "build", &options, hear, &h, &err));
	ck_assert_str_eq(h.text.data, "two\nthree\n");
	str_reset(&h.text);
	h.calls = 0;
	options.times = 1;
	options.follow = 1; /* it has ended: comes back at once */
	ok(pipe_history_log(project, 0, "build", &options, hear, &h, &err));
	ck_assert_str_eq(h.text.data, "twothree");
	ck_assert_uint_eq(h.calls, 2);
	ck_assert_int_eq(h.time_ms, T);
	h.calls = 0;
	h.stop_after = 1;
	ok(pipe_history_log(project, 0, "build", &options, hear, &h, &err));
	ck_assert_uint_eq(h.calls, 1);
	str_reset(&h.text);
	ok(pipe_history_log(project, 0, "deploy", NULL, hear, &h, &err)); /* wrote nothing */
	ck_assert_uint_eq(h.text.length, 0);
	fails(pipe_history_log(project, 0, "biuld", NULL, hear, &h, &err), PIPE_ENOTFOUND, "did you mean \"build\"");
	options.version = 3;
	fails(pipe_history_log(project, 0, "build", &options, hear, &h, &err), PIPE_EUSAGE, "version 3");
	str_clear(&h.text);
	store_free(s);
	pipe_project_free(project);
}
END_TEST

START_TEST(log_of_a_kept_job_is_that_of_the_earlier_run)
{
	pipe_project *project = a_project(NULL);
	struct store *s = writer();
	struct heard h = { 0 };
	int64_t first = add_run(s, 0, "{}"), second, third;

	str_init(&h.text);
	write_log(first, 0, "from the first\n");
	finish(s, first, PIPE_STATUS_FAILED);
	second = add_run(s, first, "{}");
	finish(s, second, PIPE_STATUS_FAILED);
	third = add_run(s, second, "{}");
	finish(s, third, PIPE_STATUS_SUCCESS);
	ok(pipe_history_log(project, third, "build", NULL, hear, &h, &err));
	ck_assert_str_eq(h.text.data, "from the first\n");
	str_clear(&h.text);
	store_free(s);
	pipe_project_free(project);
}
END_TEST

/* A job that writes now and then, and ends. */
static void drive(int64_t run)
{
	struct run_lock *lock;
	struct store *s = writer();

	ok(run_lock_acquire(&lock, state, run, &err));
	change(s, run, 0, PIPE_STATUS_RUNNING);
	pause_ms(60);
	for (int i = 0; i < 5; i++) {
		write_log(run, 0, "a line\n");
		pause_ms(20);
	}
	write_log(run, 0, "the last\n");
	change(s, run, 0, PIPE_STATUS_SUCCESS);
	pause_ms(10000); /* the run goes on, but not this job */
}

START_TEST(log_is_followed_to_the_end_of_its_job)
{
	static const char lines[] = "a line\na line\na line\na line\na line\nthe last\n";
	pipe_project *project = a_project(NULL);
	pipe_log_options options = PIPE_LOG_OPTIONS_INIT;
	struct heard h = { 0 };
	struct store *s = writer();
	int64_t run = add_run(s, 0, "{}");
	enum pipe_status status = PIPE_STATUS_WAITING;
	pid_t pid;

	str_init(&h.text);
	store_free(s);
	pid = child_fork();
	if (pid == 0)
		drive(run);
	s = NULL;
	ok(store_open(&s, state, STORE_READ, false, &err));
	while (status == PIPE_STATUS_WAITING) {
		pause_ms(2);
		ok(store_job_status(s, run, 0, &status, &err));
	}
	options.follow = 1;
	ok(pipe_history_log(project, run, "build", &options, hear, &h, &err));
	ck_assert_str_eq(h.text.data, lines);
	ck_assert_uint_gt(h.calls, 1);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	str_clear(&h.text);
	store_free(s);
	pipe_project_free(project);
}
END_TEST

START_TEST(following_ends_when_the_driver_dies)
{
	pipe_project *project = a_project(NULL);
	pipe_log_options options = PIPE_LOG_OPTIONS_INIT;
	struct heard h = { 0 };
	struct store *s = writer();
	int64_t run = add_run(s, 0, "{}");
	struct run_lock *lock;
	pid_t pid;

	str_init(&h.text);
	change(s, run, 0, PIPE_STATUS_RUNNING);
	store_free(s);
	write_log(run, 0, "last words\n");
	pid = fork();
	if (pid == 0) {
		if (run_lock_acquire(&lock, state, run, NULL))
			_exit(1);
		pause_ms(200);
		kill(getpid(), SIGKILL);
	}
	while (!run_lock_is_held(state, run))
		pause_ms(2);
	options.follow = 1;
	ok(pipe_history_log(project, run, "build", &options, hear, &h, &err));
	ck_assert_str_eq(h.text.data, "last words\n");
	waitpid(pid, NULL, 0);
	str_clear(&h.text);
	pipe_project_free(project);
}
END_TEST

START_TEST(nothing_that_is_no_archive_is_unpacked)
{
	pipe_project *project = a_project(NULL);
	char path[128];

	snprintf(path, sizeof(path), "%s/none.art", root);
	ck_assert_int_ne(pipe_artifact_extract(project, path, root, NULL), PIPE_OK);
	pipe_project_free(project);
}
END_TEST

Suite *history_suite(void)
{
	const struct {
		const char *name;
		const TTest *tests[16];
	} cases[] = {
		{ "projects",
		  { project_is_the_work_tree_around_a_directory, state_directory_is_option_then_environment_then_default,
		    what_is_no_directory_is_refused, options_of_another_version_are_refused,
		    a_text_needs_no_file_and_a_run_a_plan, NULL } },
		{ "records",
		  { without_history_everything_says_so, history_is_shown_while_it_is_written, gc_goes_through_the_project,
		    NULL } },
		{ "replay",
		  { plan_options_come_back_as_they_were, secrets_are_neither_written_nor_read_back,
		    options_that_cannot_be_read_are_damage, NULL } },
		{ "locks",
		  { lock_is_held_by_one, lock_ends_with_its_process,
		    lock_ends_with_its_process_also_when_that_was_starting_another, commands_reach_the_driver_and_nobody_else,
		    cancel_goes_to_the_process_that_drives_the_run, lock_of_the_directory_is_waited_for, NULL } },
		{ "recovery", { dead_runs_are_found_and_their_processes_ended, nonce_that_is_none_ends_no_process, NULL } },
		{ "logs",
		  { log_is_shown_in_pieces_or_by_lines, log_of_a_kept_job_is_that_of_the_earlier_run,
		    log_is_followed_to_the_end_of_its_job, following_ends_when_the_driver_dies,
		    nothing_that_is_no_archive_is_unpacked, NULL } },
	};
	Suite *suite = suite_create("history");

	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		TCase *tc = tcase_create(cases[i].name);

		tcase_add_checked_fixture(tc, setup, teardown);
		tcase_set_timeout(tc, 20);
		for (size_t k = 0; cases[i].tests[k]; k++)
			tcase_add_test(tc, cases[i].tests[k]);
		suite_add_tcase(suite, tc);
	}
	return suite;
}
