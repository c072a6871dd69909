/* The executor `local`: what a job gets, how it ends, and that nothing of it is left.  Each test is a process of its own (check). */
#include "runner/executor/executor.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

Suite *executor_suite(void);

enum { NO_HELP = 0, SUBREAPER = 1, CGROUPS = 2 };
/* Seconds, on a machine that is very busy; what would end by itself takes sixty. */
enum { SOON = 30 };

struct job {
	const char *argv[4]; /* of prepare_script */
	struct task_spec spec;
	struct task *task;
	char output[4096]; /* the first of it */
	size_t length;
	uint64_t total;
	int ends;
	struct task_result result;
	double seconds;
	uint64_t began;
	void (*then)(struct job *job);
	void (*seen)(struct job *job);
};

static uv_loop_t loop;
static struct executor *executor;
static uv_timer_t timer;
static int closed;
static char place[64]; /* a directory of this test's own: the jobs run in it */

static void make_place(void)
{
	snprintf(place, sizeof(place), "/tmp/pipe-unit-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(place));
}

static void remove_place(void)
{
	char *const roots[] = { place, NULL };
	FTS *tree = fts_open(roots, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
	FTSENT *entry;

	ck_assert_ptr_nonnull(tree);
	while ((entry = fts_read(tree)))
		if (entry->fts_info != FTS_D)
			ck_assert_int_eq(remove(entry->fts_path), 0);
	fts_close(tree);
}

static const char *const default_environment[] = { "PATH=/usr/local/bin:/usr/bin:/bin", "PIPE_TASK=unittest/1", "NAME=value",
						   NULL };
static const char *const other_environment[] = { "PATH=/usr/local/bin:/usr/bin:/bin", "PIPE_TASK=unittest/2", NULL };

static void open_executor(int help)
{
	static char name[64];
	struct local_options o = { &loop, (help & SUBREAPER) != 0, (help & CGROUPS) != 0, name };
	pipe_error err;

	snprintf(name, sizeof(name), "pipe-unittest%d", (int)getpid());
	ck_assert_int_eq(uv_loop_init(&loop), 0);
	ck_assert_int_eq(executor_local_create(&executor, &o, &err), PIPE_OK);
}

static void note_closed(void *context)
{
	++*(int *)context;
}

static void close_executor(void)
{
	executor->ops->close(executor, note_closed, &closed);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(closed, 1);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
}

static void on_output(void *context, const char *bytes, size_t length)
{
	struct job *job = context;
	size_t room = sizeof(job->output) - 1 - job->length;

	ck_assert_int_eq(job->ends, 0);
	job->total += length;
	if (length < room)
		room = length;
	memcpy(job->output + job->length, bytes, room);
	job->length += room;
	if (job->seen)
		job->seen(job);
}

static void on_end(void *context, const struct task_result *result)
{
	struct job *job = context;

	job->ends++;
	job->result = *result;
	job->seconds = (double)(uv_hrtime() - job->began) / 1e9;
	if (job->then)
		job->then(job);
}

static void prepare(struct job *job, const char *const *argv)
{
	memset(job, 0, sizeof(*job));
	job->spec.argv = argv;
	job->spec.envp = default_environment;
	job->spec.directory = place;
	job->spec.mark = default_environment[1];
	job->spec.grace_ms = 3000;
	job->spec.on_output = on_output;
	job->spec.on_end = on_end;
	job->spec.context = job;
	job->began = uv_hrtime();
}

static void begin(struct job *job)
{
	pipe_error err = { 0 };

	ck_assert_msg(executor->ops->start(executor, &job->spec, &job->task, &err) == PIPE_OK, "%s", err.text);
	ck_assert_int_eq(job->ends, 0);
	ck_assert_int_gt(executor->ops->pid(job->task), 0);
}

static void prepare_script(struct job *job, const char *script)
{
	prepare(job, job->argv);
	job->argv[0] = "sh";
	job->argv[1] = "-c";
	job->argv[2] = script;
}

static void run(struct job *job, const char *script)
{
	prepare_script(job, script);
	begin(job);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(job->ends, 1);
	job->output[job->length] = '\0';
}

static size_t open_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	size_t n = 0;

	ck_assert_ptr_nonnull(d);
	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

static bool is_alive(pid_t pid)
{
	char path[64], text[512] = "", *p;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "r");
	if (!f)
		return false;
	if (!fgets(text, sizeof(text), f))
		text[0] = '\0';
	fclose(f);
	p = strrchr(text, ')');
	return p && p[2] != 'Z' && p[2] != 'X';
}

/* The number that a script wrote somewhere, waiting for it a little. */
static pid_t pid_from(const char *name)
{
	char path[128];
	int pid = 0;

	snprintf(path, sizeof(path), "%s/%s", place, name);
	for (int i = 0; i < 200 && pid <= 0; i++) {
		FILE *f = fopen(path, "r");
		if (!f || fscanf(f, "%d", &pid) != 1)
			usleep(10000);
		if (f)
			fclose(f);
	}
	ck_assert_int_gt(pid, 0);
	return pid;
}

static void after(unsigned ms, uv_timer_cb what, void *data)
{
	uv_timer_init(&loop, &timer);
	timer.data = data;
	uv_timer_start(&timer, what, ms, 0);
}

static void cancel_it(uv_timer_t *t)
{
	struct job *job = t->data;

	uv_close((uv_handle_t *)t, NULL);
	executor->ops->cancel(executor, job->task, false);
}

static void cancel_it_now(uv_timer_t *t)
{
	struct job *job = t->data;

	uv_close((uv_handle_t *)t, NULL);
	executor->ops->cancel(executor, job->task, true);
}

/* ---- what a job gets ---- */

START_TEST(output_and_exit_code_arrive)
{
	struct job job;

	open_executor(SUBREAPER);
	run(&job, "echo out; echo err >&2; exit 7");
	ck_assert_str_eq(job.output, "out\nerr\n");
	ck_assert_int_eq(job.result.end, TASK_EXITED);
	ck_assert_int_eq(job.result.exit_code, 7);
	ck_assert_uint_eq(job.result.stragglers, 0);
	close_executor();
}
END_TEST

START_TEST(a_job_gets_its_directory_environment_and_an_empty_input)
{
	struct job job;
	char wanted[256];

	open_executor(NO_HELP);
	run(&job, "pwd; env | sort | grep -v -e ^_= -e ^PWD=; wc -c");
	snprintf(wanted, sizeof(wanted), "%s\nNAME=value\nPATH=/usr/local/bin:/usr/bin:/bin\nPIPE_TASK=unittest/1\n0\n", place);
	ck_assert_str_eq(job.output, wanted);
	close_executor();
}
END_TEST

START_TEST(a_job_inherits_no_descriptor_and_no_signal_state)
{
	struct job job;
	sigset_t set;
	int open_one = open("/dev/null", O_RDONLY); /* without close-on-exec */

	ck_assert_int_ge(open_one, 3);
	signal(SIGPIPE, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGINT, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, NULL);
	open_executor(NO_HELP);
	run(&job, "ls /proc/self/fd; grep -e SigBlk -e SigIgn /proc/self/status");
	/* 3 is ls's own. */
	ck_assert_str_eq(job.output, "0\n1\n2\n3\nSigBlk:\t0000000000000000\nSigIgn:\t0000000000000000\n");
	sigprocmask(SIG_BLOCK, NULL, &set);
	ck_assert(sigismember(&set, SIGTERM) && !sigismember(&set, SIGINT));
	close_executor();
}
END_TEST

START_TEST(a_job_leads_a_session_of_its_own)
{
	struct job job;
	int pid = 0, group = 0, session = 0;

	open_executor(NO_HELP);
	run(&job, "read a b c d e f g </proc/$$/stat; echo $a $e $f");
	ck_assert_int_eq(sscanf(job.output, "%d %d %d", &pid, &group, &session), 3);
	ck_assert_int_eq(pid, group);
	ck_assert_int_eq(pid, session);
	close_executor();
}
END_TEST

START_TEST(a_host_without_standard_descriptors_is_fine)
{
	struct job job;
	int out = fcntl(1, F_DUPFD_CLOEXEC, 10), err = fcntl(2, F_DUPFD_CLOEXEC, 10);

	open_executor(SUBREAPER); /* before: libuv itself wants descriptors beyond 2 */
	close(0);
	close(1);
	close(2);
	run(&job, "echo out; echo err >&2; wc -c");
	close_executor();
	ck_assert_int_eq(dup2(out, 1), 1);
	ck_assert_int_eq(dup2(err, 2), 2);
	ck_assert_str_eq(job.output, "out\nerr\n0\n");
}
END_TEST

/* ---- what cannot start ---- */

START_TEST(what_cannot_start_says_why_and_leaves_nothing)
{
	static const char *const nothing[] = { NULL };
	static const char *const missing[] = { "no-such-program", NULL };
	static const char *const missing_path[] = { "/no/such/program", NULL };
	static const char *const directory[] = { "/tmp", NULL };
	static const char *const fine[] = { "true", NULL };
	static const struct {
		const char *const *argv;
		const char *in;
		int code;
		const char *text;
	} rows[] = {
		{ nothing, "/", PIPE_EUSAGE, "there is no program to run" },
		{ missing, "/", PIPE_ENOTFOUND, "no-such-program: not found in PATH" },
		{ missing_path, "/", PIPE_ENOTFOUND, "cannot run /no/such/program: No such file or directory" },
		{ directory, "/", PIPE_EIO, "cannot run /tmp: Permission denied" },
		{ fine, "/no/such/place", PIPE_ENOTFOUND, "cannot enter /no/such/place: No such file or directory" },
	};
	size_t before, i;

	open_executor(SUBREAPER | CGROUPS);
	before = open_descriptors();
	for (i = 0; i < 2 * sizeof(rows) / sizeof(*rows); i++) {
		size_t row = i % (sizeof(rows) / sizeof(*rows));
		struct job job;
		pipe_error err = { 0 };
		prepare(&job, rows[row].argv);
		job.spec.directory = rows[row].in;
		ck_assert_int_eq(executor->ops->start(executor, &job.spec, &job.task, &err), rows[row].code);
		ck_assert_ptr_null(job.task);
		ck_assert_str_eq(err.text, rows[row].text);
		if (i == 0)
			before = open_descriptors(); /* the first one made the cgroup */
	}
	ck_assert_uint_eq(open_descriptors(), before);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	ck_assert_int_eq(errno, ECHILD);
	close_executor();
}
END_TEST

START_TEST(programs_are_found_as_a_shell_finds_them)
{
	static const char *const argv[] = { "tool", NULL };
	char one[128];
	const char *const empty_entry[] = { one, NULL };
	static const char *const relative[] = { "PATH=two", NULL };
	struct job job;

	open_executor(NO_HELP);
	/* one/tool is a directory, two/tool a program, and ./tool too. */
	run(&job,
	    "mkdir -p one/tool two; printf '#!/bin/sh\\necho two' >two/tool; printf '#!/bin/sh\\necho here' >tool; chmod +x tool two/tool");
	snprintf(one, sizeof(one), "PATH=/no/such:%s/one:", place);
	prepare(&job, argv);
	job.spec.envp = empty_entry;
	begin(&job);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(strncmp(job.output, "here\n", 5), 0);
	prepare(&job, argv);
	job.spec.envp = relative;
	begin(&job);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(strncmp(job.output, "two\n", 4), 0);
	close_executor();
}
END_TEST

START_TEST(no_descriptor_left_is_an_error_and_no_leak)
{
	struct job job;
	pipe_error err = { 0 };
	int fds[4096], n = 0, fd;

	open_executor(SUBREAPER);
	while (n < 4096 && (fd = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
		fds[n++] = fd;
	if (n == 4096) {
		/* The limit is high: lower it to where we are. */
		struct {
			uint64_t now, most;
		} limit = { (uint64_t)fds[n - 1] + 1, (uint64_t)fds[n - 1] + 1 };
		ck_assert_int_eq(syscall(SYS_prlimit64, 0, 7, &limit, NULL), 0);
	}
	prepare_script(&job, "true");
	for (int spare = 0; spare < 3; spare++) {
		ck_assert_int_lt(executor->ops->start(executor, &job.spec, &job.task, &err), 0);
		ck_assert(strstr(err.text, "Too many open files"));
		close(fds[--n]);
		/* What the failed start did not give back would be missing here. */
		fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		ck_assert_int_ge(fd, 0);
		close(fd);
	}
	while (n)
		close(fds[--n]);
	begin(&job);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(job.result.exit_code, 0);
	close_executor();
}
END_TEST

START_TEST(without_clone3_it_works_the_old_way)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clone3, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(*code), code };
	static const char *const missing[] = { "/no/such/program", NULL };
	pipe_error err = { 0 };
	struct job job;

	ck_assert_int_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	ck_assert_int_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
	ck_assert_int_eq(syscall(SYS_clone3, NULL, 0), -1);
	ck_assert_int_eq(errno, ENOSYS);
	signal(SIGPIPE, SIG_IGN);
	open_executor(SUBREAPER | CGROUPS);
	for (int i = 0; i < 2; i++) {
		run(&job, "echo $NAME; grep SigIgn /proc/self/status; exit 3");
		ck_assert_str_eq(job.output, "value\nSigIgn:\t0000000000000000\n");
		ck_assert_int_eq(job.result.exit_code, 3);
	}
	prepare(&job, missing);
	ck_assert_int_eq(executor->ops->start(executor, &job.spec, &job.task, &err), PIPE_ENOTFOUND);
	close_executor();
}
END_TEST

/* ---- ends ---- */

START_TEST(a_signal_of_somebody_else_is_told_apart)
{
	struct job job;

	open_executor(NO_HELP);
	run(&job, "kill -9 $$");
	ck_assert_int_eq(job.result.end, TASK_SIGNALLED);
	ck_assert_int_eq(job.result.exit_code, 137);
	close_executor();
}
END_TEST

START_TEST(time_over)
{
	struct job job;

	open_executor(SUBREAPER);
	prepare_script(&job, "echo begun; sleep 60");
	job.spec.timeout_ms = 150;
	begin(&job);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(job.ends, 1);
	ck_assert_int_eq(job.result.end, TASK_TIMED_OUT);
	ck_assert_int_eq(job.result.exit_code, 143);
	ck_assert_str_eq(job.output, "begun\n");
	ck_assert(job.seconds >= 0.14 && job.seconds < SOON);
	close_executor();
}
END_TEST

START_TEST(cancel_leaves_time_to_tidy_up)
{
	struct job job;

	open_executor(SUBREAPER);
	prepare_script(&job, "trap 'sleep 0.2; echo tidy; exit 5' TERM; echo begun; while :; do sleep 0.05; done");
	begin(&job);
	after(100, cancel_it, &job);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(job.result.end, TASK_CANCELLED);
	ck_assert_int_eq(job.result.exit_code, 5);
	ck_assert_ptr_nonnull(strstr(job.output, "tidy\n"));
	ck_assert(job.seconds < SOON);
	close_executor();
}
END_TEST

START_TEST(who_does_not_listen_is_killed_after_the_grace_time)
{
	struct job job;

	open_executor(_i);
	prepare_script(&job, "trap '' TERM; sleep 60; sleep 60");
	job.spec.grace_ms = 200;
	begin(&job);
	after(100, cancel_it, &job);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(job.result.end, TASK_CANCELLED);
	ck_assert_int_eq(job.result.exit_code, 137);
	ck_assert(job.seconds >= 0.28 && job.seconds < SOON);
	close_executor();
}
END_TEST

START_TEST(now_means_now)
{
	struct job job;

	open_executor(SUBREAPER);
	prepare_script(&job, "trap '' TERM; sleep 60");
	begin(&job);
	after(100, cancel_it_now, &job);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(job.result.end, TASK_CANCELLED);
	ck_assert(job.seconds < SOON);
	close_executor();
}
END_TEST

static void cancel_twice(uv_timer_t *t)
{
	struct job *job = t->data;

	executor->ops->cancel(executor, job->task, false);
	executor->ops->cancel(executor, job->task, false);
	executor->ops->cancel(executor, job->task, true);
	uv_close((uv_handle_t *)t, NULL);
}

START_TEST(a_second_cancel_hurries)
{
	struct job job;

	open_executor(SUBREAPER);
	prepare_script(&job, "trap '' TERM; sleep 60");
	job.spec.grace_ms = 60000;
	begin(&job);
	after(100, cancel_twice, &job);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(job.ends, 1);
	ck_assert_int_eq(job.result.end, TASK_CANCELLED);
	ck_assert(job.seconds < SOON);
	close_executor();
}
END_TEST

START_TEST(a_stopped_job_can_be_cancelled)
{
	struct job job;

	open_executor(SUBREAPER);
	prepare_script(&job, "kill -STOP $$; sleep 60");
	job.spec.grace_ms = 60000;
	begin(&job);
	after(100, cancel_it, &job);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(job.result.end, TASK_CANCELLED);
	ck_assert(job.seconds < SOON);
	close_executor();
}
END_TEST

START_TEST(who_was_faster_than_the_cancel_has_ended_by_itself)
{
	struct job job;

	open_executor(SUBREAPER);
	prepare_script(&job, "exit 4");
	begin(&job);
	usleep(200000); /* it has ended, and the loop does not know yet */
	executor->ops->cancel(executor, job.task, false);
	ck_assert_int_eq(job.ends, 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(job.ends, 1);
	ck_assert_int_eq(job.result.end, TASK_EXITED);
	ck_assert_int_eq(job.result.exit_code, 4);
	close_executor();
}
END_TEST

START_TEST(an_exit_status_that_somebody_took_is_not_made_up)
{
	struct job job;

	signal(SIGCHLD, SIG_IGN);
	open_executor(SUBREAPER);
	run(&job, "exit 0");
	ck_assert_int_eq(job.result.end, TASK_SYSTEM);
	ck_assert_int_eq(job.result.exit_code, -1);
	ck_assert_ptr_nonnull(strstr(job.result.error.text, "taken by another part"));
	close_executor();
}
END_TEST

/* ---- nothing is left ---- */

#define LEFT "left"

START_TEST(what_runs_in_the_background_is_ended_with_the_job)
{
	struct job job;
	pid_t pid;

	open_executor(_i);
	run(&job, "sleep 60 & echo $! >" LEFT "; echo done");
	pid = pid_from(LEFT);
	ck_assert(!is_alive(pid));
	ck_assert_int_eq(job.result.end, TASK_EXITED);
	ck_assert_int_eq(job.result.exit_code, 0);
	ck_assert_uint_eq(job.result.stragglers, 1);
	ck_assert_str_eq(job.output, "done\n");
	ck_assert(job.seconds < SOON);
	close_executor();
}
END_TEST

#define DAEMON "(setsid sh -c 'echo $$ >" LEFT "; trap \"\" TERM HUP; sleep 60; sleep 60' &) "

START_TEST(a_daemon_is_ended_with_the_job)
{
	struct job job;
	pid_t pid;

	open_executor(_i);
	run(&job, DAEMON ">/dev/null 2>&1 </dev/null; while ! test -s " LEFT "; do sleep 0.01; done; exit 3");
	pid = pid_from(LEFT);
	ck_assert(!is_alive(pid));
	ck_assert_int_eq(job.result.exit_code, 3);
	ck_assert_uint_ge(job.result.stragglers, 1);
	ck_assert(job.seconds < SOON);
	/* Adopted, and reaped. */
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	close_executor();
}
END_TEST

START_TEST(a_daemon_is_ended_by_a_cancel)
{
	struct job job;
	pid_t pid;

	open_executor(_i);
	prepare_script(&job, DAEMON "; sleep 60");
	job.spec.grace_ms = 300;
	begin(&job);
	after(300, cancel_it, &job);
	uv_run(&loop, UV_RUN_DEFAULT);
	pid = pid_from(LEFT);
	ck_assert(!is_alive(pid));
	ck_assert_int_eq(job.result.end, TASK_CANCELLED);
	ck_assert(job.seconds >= 0.55 && job.seconds < SOON);
	close_executor();
}
END_TEST

/* Is there a cgroup2 hierarchy that we may write to? */
static bool cgroups_work(void)
{
	struct job job;
	bool work;

	run(&job, "grep ^0:: /proc/self/cgroup");
	work = strstr(job.output, "pipe-unittest") != NULL;
	return work;
}

START_TEST(a_daemon_without_a_mark_does_not_leave_its_cgroup)
{
	struct job job;
	pid_t pid;

	open_executor(SUBREAPER | CGROUPS);
	if (cgroups_work()) {
		run(&job, "(env -i setsid sh -c 'echo $$ >" LEFT "; sleep 60' &); while ! test -s " LEFT "; do sleep 0.01; done");
		pid = pid_from(LEFT);
		ck_assert(!is_alive(pid));
		ck_assert_uint_ge(job.result.stragglers, 1);
		ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	}
	close_executor();
}
END_TEST

START_TEST(a_daemon_without_a_mark_wears_its_badge)
{
	struct job job;
	pid_t pid;

	open_executor(SUBREAPER);
	run(&job, "(env -i setsid sh -c 'echo $$ >" LEFT "; sleep 60' &); while ! test -s " LEFT "; do sleep 0.01; done");
	pid = pid_from(LEFT);
	ck_assert(!is_alive(pid));
	ck_assert_uint_ge(job.result.stragglers, 1);
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	close_executor();
}
END_TEST

START_TEST(what_multiplies_is_ended)
{
	struct job job;

	open_executor(SUBREAPER | CGROUPS);
	if (cgroups_work()) {
		prepare_script(
			&job,
			"f() { setsid sh -c 'sleep 60' & }; for i in 1 2 3; do (while :; do f; sleep 0.01; done) & done; wait");
		begin(&job);
		after(300, cancel_it_now, &job);
		uv_run(&loop, UV_RUN_DEFAULT);
		ck_assert_int_eq(job.result.end, TASK_CANCELLED);
		ck_assert(job.seconds < SOON);
		ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
	}
	close_executor();
}
END_TEST

START_TEST(cgroups_are_removed)
{
	struct job job;
	char own[256] = "", path[1024];
	bool worked;

	open_executor(CGROUPS);
	worked = cgroups_work();
	/* A nested one, as a nested runner would leave it. */
	run(&job,
	    "d=$(sed -n 's/^0:://p' /proc/self/cgroup); m=$(awk '/ - cgroup2 /{print $5; exit}' /proc/self/mountinfo); echo $m$d; mkdir $m$d/x");
	close_executor();
	if (worked) {
		ck_assert_int_eq(sscanf(job.output, "%255s", own), 1);
		ck_assert_int_ne(access(own, F_OK), 0);
		snprintf(path, sizeof(path), "%s/..", own);
		ck_assert_int_ne(access(path, F_OK), 0);
	}
}
END_TEST

START_TEST(output_of_what_is_left_behind_does_not_hold_the_job)
{
	struct job job;

	open_executor(_i);
	run(&job, "echo first; yes & exit 0");
	ck_assert_int_eq(job.result.exit_code, 0);
	ck_assert_int_eq(strncmp(job.output, "first\n", 6), 0);
	ck_assert_uint_eq(job.result.stragglers, 1);
	ck_assert(job.seconds < SOON);
	close_executor();
}
END_TEST

START_TEST(the_hosts_own_children_are_left_alone)
{
	pid_t sleeper, dead;
	struct job job;
	int status;

	sleeper = fork();
	ck_assert_int_ge(sleeper, 0);
	if (!sleeper) {
		execlp("sleep", "sleep", "60", (char *)NULL);
		_exit(1);
	}
	dead = fork();
	if (!dead) {
		setsid();
		_exit(9);
	}
	open_executor(SUBREAPER);
	for (int i = 0; i < 3; i++)
		run(&job, "sleep 60 & exit 0");
	close_executor();
	ck_assert_int_eq(waitpid(sleeper, &status, WNOHANG), 0);
	ck_assert_int_eq(waitpid(dead, &status, 0), dead);
	ck_assert_int_eq(WEXITSTATUS(status), 9);
	kill(sleeper, SIGKILL);
	ck_assert_int_eq(waitpid(sleeper, &status, 0), sleeper);
}
END_TEST

static size_t zombies(void)
{
	char path[64], text[4096];
	size_t n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	f = fopen(path, "r");
	if (!f || !fgets(text, sizeof(text), f))
		text[0] = '\0';
	if (f)
		fclose(f);
	for (char *p = strtok(text, " "); p; p = strtok(NULL, " "))
		n += !is_alive(atoi(p));
	return n;
}

static void count_zombies(uv_timer_t *t)
{
	*(size_t *)t->data = zombies();
	uv_close((uv_handle_t *)t, NULL);
}

START_TEST(orphans_that_die_during_the_job_are_reaped_during_the_job)
{
	struct job job;
	size_t there = 99;

	open_executor(SUBREAPER);
	prepare_script(&job, "for i in 1 2 3 4 5; do (true &); done; sleep 1.5");
	begin(&job);
	after(1300, count_zombies, &there);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_uint_eq(there, 0);
	ck_assert_int_eq(job.result.exit_code, 0);
	ck_assert_uint_eq(job.result.stragglers, 0);
	close_executor();
}
END_TEST

START_TEST(the_end_of_one_job_does_not_touch_another)
{
	struct job one, two;
	const char *argv[] = { "sh", "-c", "(setsid sleep 0.5 &); sleep 0.7; exit 2", NULL };

	open_executor(SUBREAPER);
	prepare(&two, argv);
	two.spec.envp = other_environment;
	two.spec.mark = other_environment[1];
	begin(&two);
	usleep(100000);
	prepare_script(&one, "sleep 60 & exit 1");
	begin(&one);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(one.result.exit_code, 1);
	ck_assert_uint_eq(one.result.stragglers, 1);
	ck_assert_int_eq(two.result.end, TASK_EXITED);
	ck_assert_int_eq(two.result.exit_code, 2);
	ck_assert_uint_eq(two.result.stragglers, 0);
	close_executor();
}
END_TEST

/* ---- many, and much ---- */

START_TEST(much_output_arrives_whole)
{
	struct job job;

	open_executor(SUBREAPER);
	run(&job, "head -c 50000000 /dev/zero");
	ck_assert_uint_eq(job.total, 50000000);
	ck_assert_int_eq(job.result.exit_code, 0);
	close_executor();
}
END_TEST

static struct job flood, quiet;

static void begin_quiet(struct job *job)
{
	if (job->total > 1000000 && !quiet.task)
		begin(&quiet);
}

static void stop_flood(struct job *job)
{
	(void)job;
	executor->ops->cancel(executor, flood.task, true);
}

START_TEST(a_flood_does_not_keep_others_waiting)
{
	open_executor(SUBREAPER);
	prepare_script(&flood, "yes");
	flood.seen = begin_quiet;
	begin(&flood);
	prepare_script(&quiet, "for i in 1 2 3 4 5; do echo $i; done");
	quiet.then = stop_flood;
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(quiet.result.exit_code, 0);
	ck_assert(quiet.seconds < SOON);
	ck_assert_int_eq(flood.result.end, TASK_CANCELLED);
	ck_assert_uint_gt(flood.total, 0);
	close_executor();
}
END_TEST

START_TEST(many_at_once)
{
	enum { MANY = 200 };
	static struct job jobs[MANY];
	size_t before, i;

	open_executor(SUBREAPER | CGROUPS);
	before = open_descriptors();
	for (i = 0; i < MANY; i++) {
		prepare_script(&jobs[i], i % 10 ? "echo x; exit 1" : "sleep 60 & exit 1");
		begin(&jobs[i]);
	}
	uv_run(&loop, UV_RUN_DEFAULT);
	for (i = 0; i < MANY; i++) {
		ck_assert_int_eq(jobs[i].ends, 1);
		ck_assert_int_eq(jobs[i].result.exit_code, 1);
		ck_assert_uint_eq(jobs[i].result.stragglers, i % 10 ? 0 : 1);
		ck_assert_uint_eq(jobs[i].total, i % 10 ? 2 : 0);
	}
	close_executor();
	ck_assert_uint_le(open_descriptors(), before);
}
END_TEST

static struct job next;

static void start_next(struct job *job)
{
	(void)job;
	prepare_script(&next, "echo next");
	begin(&next);
}

START_TEST(a_job_may_be_started_when_another_ends)
{
	struct job job;

	open_executor(SUBREAPER);
	prepare_script(&job, "true");
	job.then = start_next;
	begin(&job);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(next.ends, 1);
	ck_assert_str_eq(next.output, "next\n");
	close_executor();
}
END_TEST

static void close_in_callback(struct job *job)
{
	(void)job;
	executor->ops->close(executor, note_closed, &closed);
}

START_TEST(the_executor_may_be_closed_when_the_last_job_ends)
{
	struct job job;

	open_executor(SUBREAPER | CGROUPS);
	prepare_script(&job, "true");
	job.then = close_in_callback;
	begin(&job);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(closed, 1);
	ck_assert_int_eq(uv_loop_close(&loop), 0);
}
END_TEST

static void cancel_from_output(struct job *job)
{
	executor->ops->cancel(executor, job->task, true);
}

START_TEST(a_job_may_be_cancelled_by_what_it_says)
{
	struct job job;

	open_executor(SUBREAPER);
	prepare_script(&job, "echo stop me; sleep 60");
	job.seen = cancel_from_output;
	begin(&job);
	uv_run(&loop, UV_RUN_DEFAULT);
	ck_assert_int_eq(job.ends, 1);
	ck_assert_int_eq(job.result.end, TASK_CANCELLED);
	close_executor();
}
END_TEST

/* An executor on a thread of its own: orphans come to the process's first thread. */
struct host {
	uv_loop_t loop;
	struct executor *executor;
	const char *const *environment;
	char script[512];
	struct job job;
};

static void *host_run(void *argument)
{
	struct host *h = argument;
	struct local_options o = { &h->loop, true, false, NULL };

	if (uv_loop_init(&h->loop) || executor_local_create(&h->executor, &o, NULL) != PIPE_OK)
		return NULL;
	prepare_script(&h->job, h->script);
	h->job.spec.envp = h->environment;
	h->job.spec.mark = h->environment[1];
	if (h->executor->ops->start(h->executor, &h->job.spec, &h->job.task, NULL) == PIPE_OK)
		uv_run(&h->loop, UV_RUN_DEFAULT);
	h->executor->ops->close(h->executor, NULL, NULL);
	uv_run(&h->loop, UV_RUN_DEFAULT);
	uv_loop_close(&h->loop);
	return h;
}

START_TEST(two_executors_in_two_threads_do_not_know_of_each_other)
{
	static struct host hosts[2];
	static const char *const environments[2][3] = {
		{ "PATH=/usr/bin:/bin", "PIPE_TASK=unitone/1", NULL },
		{ "PATH=/usr/bin:/bin", "PIPE_TASK=unittwo/1", NULL },
	};
	static char left[2][64];
	pthread_t threads[2];
	void *done;

	for (int i = 0; i < 2; i++) {
		struct host *h = &hosts[i];
		h->environment = environments[i];
		snprintf(left[i], sizeof(left[i]), "left-%d", i);
		snprintf(
			h->script, sizeof(h->script),
			"(setsid sh -c 'echo $$ >%s; sleep 60; echo' &) >/dev/null 2>&1; while ! test -s %s; do sleep 0.01; done; sleep 0.%d",
			left[i], left[i], 1 + 3 * i);
		ck_assert_int_eq(pthread_create(&threads[i], NULL, host_run, h), 0);
	}
	usleep(300000);
	/* The first has ended by now, the second one's daemon is to be there still. */
	ck_assert(!is_alive(pid_from(left[0])));
	ck_assert(is_alive(pid_from(left[1])));
	for (int i = 0; i < 2; i++) {
		ck_assert_int_eq(pthread_join(threads[i], &done), 0);
		ck_assert_ptr_eq(done, &hosts[i]);
		ck_assert_int_eq(hosts[i].job.ends, 1);
		ck_assert_int_eq(hosts[i].job.result.end, TASK_EXITED);
		ck_assert_uint_ge(hosts[i].job.result.stragglers, 1);
		ck_assert(!is_alive(pid_from(left[i])));
	}
	ck_assert_int_eq(waitpid(-1, NULL, WNOHANG), -1);
}
END_TEST

START_TEST(an_idle_executor_leaves_no_trace)
{
	size_t before;

	ck_assert_int_eq(uv_loop_init(&loop), 0);
	uv_run(&loop, UV_RUN_DEFAULT);
	uv_loop_close(&loop);
	before = open_descriptors();
	open_executor(SUBREAPER | CGROUPS);
	ck_assert_int_eq(uv_run(&loop, UV_RUN_DEFAULT), 0);
	close_executor();
	ck_assert_uint_eq(open_descriptors(), before);
}
END_TEST

/* ---- recovery ---- */

/* "PIPE_TASK=<nonce><rest>" with a nonce of this test's own: other runs of it may be at work. */
static const char *mark_of(const char *before, const char *nonce, const char *rest)
{
	static char marks[8][64];
	static unsigned next_mark;
	char *mark = marks[next_mark++ % 8];

	snprintf(mark, sizeof(marks[0]), "%sPIPE_TASK=%s%d%s", before, nonce, (int)getpid(), rest);
	return mark;
}

static pid_t spawn_with(const char *mark)
{
	char setsid_[] = "setsid", sleep_[] = "sleep", time[] = "60", path[] = "PATH=/usr/bin:/bin", last[] = "LAST=1", own[64];
	char *argv[] = { setsid_, sleep_, time, NULL }, *envp[] = { path, own, last, NULL };
	pid_t pid;

	snprintf(own, sizeof(own), "%s", mark);
	ck_assert_int_eq(posix_spawnp(&pid, "setsid", NULL, NULL, argv, envp), 0);
	usleep(50000);
	return pid;
}

START_TEST(recovery_kills_what_bears_a_mark_and_nothing_else)
{
	const char *const marks[] = { mark_of("", "abcd", "/"), mark_of("", "feed", "/") };
	pid_t ours = spawn_with(mark_of("", "abcd", "/7")), also = spawn_with(mark_of("", "feed", "/"));
	pid_t longer = spawn_with(mark_of("", "abcd", "ef/7")), other = spawn_with(mark_of("X", "abcd", "/7"));

	ck_assert_uint_eq(executor_local_reap(marks, 2), 2);
	ck_assert(!is_alive(ours));
	ck_assert(!is_alive(also));
	ck_assert(is_alive(longer));
	ck_assert(is_alive(other));
	ck_assert_uint_eq(executor_local_reap(marks, 2), 0);
	ck_assert_uint_eq(executor_local_reap(NULL, 0), 0);
	kill(longer, SIGKILL);
	kill(other, SIGKILL);
}
END_TEST

/* In a child whose own environment and whose parent's bear the mark. */
START_TEST(recovery_does_not_kill_those_it_runs_under)
{
	char sh[] = "sh", option[] = "-c", script[] = "sh -c \"$0 executor; exit 0\"; exit 5", self[4096] = "";
	char *argv[] = { sh, option, script, self, NULL };
	const char *under = getenv("PIPE_UNIT_UNDER");
	int status;
	pid_t pid;

	if (under) {
		executor_local_reap(&under, 1);
		return;
	}
	/* The shells are ancestors of a second run of this very test. */
	setenv("PIPE_UNIT_UNDER", mark_of("", "under", "/"), 1);
	setenv("PIPE_TASK", mark_of("", "under", "/1") + strlen("PIPE_TASK="), 1);
	setenv("CK_RUN_CASE", "under", 1);
	setenv("CK_VERBOSITY", "silent", 1);
	ck_assert_int_gt(readlink("/proc/self/exe", self, sizeof(self) - 1), 0);
	ck_assert_int_eq(posix_spawnp(&pid, "sh", NULL, NULL, argv, environ), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	ck_assert_int_eq(WEXITSTATUS(status), 5);
}
END_TEST

static TCase *add_case(Suite *s, const char *name)
{
	TCase *c = tcase_create(name);

	tcase_set_timeout(c, 20);
	tcase_add_checked_fixture(c, make_place, remove_place);
	suite_add_tcase(s, c);
	return c;
}

Suite *executor_suite(void)
{
	Suite *s = suite_create("executor");
	TCase *c = add_case(s, "gets");

	tcase_add_test(c, output_and_exit_code_arrive);
	tcase_add_test(c, a_job_gets_its_directory_environment_and_an_empty_input);
	tcase_add_test(c, a_job_inherits_no_descriptor_and_no_signal_state);
	tcase_add_test(c, a_job_leads_a_session_of_its_own);
	tcase_add_test(c, a_host_without_standard_descriptors_is_fine);
	c = add_case(s, "start");
	tcase_add_test(c, what_cannot_start_says_why_and_leaves_nothing);
	tcase_add_test(c, programs_are_found_as_a_shell_finds_them);
	tcase_add_test(c, no_descriptor_left_is_an_error_and_no_leak);
	tcase_add_test(c, without_clone3_it_works_the_old_way);
	c = add_case(s, "end");
	tcase_add_test(c, a_signal_of_somebody_else_is_told_apart);
	tcase_add_test(c, time_over);
	tcase_add_test(c, cancel_leaves_time_to_tidy_up);
	tcase_add_loop_test(c, who_does_not_listen_is_killed_after_the_grace_time, 0, 4);
	tcase_add_test(c, now_means_now);
	tcase_add_test(c, a_second_cancel_hurries);
	tcase_add_test(c, a_stopped_job_can_be_cancelled);
	tcase_add_test(c, who_was_faster_than_the_cancel_has_ended_by_itself);
	tcase_add_test(c, an_exit_status_that_somebody_took_is_not_made_up);
	c = add_case(s, "left");
	tcase_add_loop_test(c, what_runs_in_the_background_is_ended_with_the_job, 0, 4);
	tcase_add_loop_test(c, a_daemon_is_ended_with_the_job, SUBREAPER, SUBREAPER + 1);
	tcase_add_loop_test(c, a_daemon_is_ended_with_the_job, SUBREAPER | CGROUPS, (SUBREAPER | CGROUPS) + 1);
	tcase_add_loop_test(c, a_daemon_is_ended_by_a_cancel, SUBREAPER, SUBREAPER + 1);
	tcase_add_loop_test(c, a_daemon_is_ended_by_a_cancel, SUBREAPER | CGROUPS, (SUBREAPER | CGROUPS) + 1);
	tcase_add_test(c, a_daemon_without_a_mark_does_not_leave_its_cgroup);
	tcase_add_test(c, a_daemon_without_a_mark_wears_its_badge);
	tcase_add_test(c, what_multiplies_is_ended);
	tcase_add_test(c, cgroups_are_removed);
	tcase_add_loop_test(c, output_of_what_is_left_behind_does_not_hold_the_job, 0, 4);
	tcase_add_test(c, the_hosts_own_children_are_left_alone);
	tcase_add_test(c, orphans_that_die_during_the_job_are_reaped_during_the_job);
	tcase_add_test(c, the_end_of_one_job_does_not_touch_another);
	c = add_case(s, "many");
	tcase_add_test(c, much_output_arrives_whole);
	tcase_add_test(c, a_flood_does_not_keep_others_waiting);
	tcase_add_test(c, many_at_once);
	tcase_add_test(c, a_job_may_be_started_when_another_ends);
	tcase_add_test(c, the_executor_may_be_closed_when_the_last_job_ends);
	tcase_add_test(c, a_job_may_be_cancelled_by_what_it_says);
	tcase_add_test(c, two_executors_in_two_threads_do_not_know_of_each_other);
	tcase_add_test(c, an_idle_executor_leaves_no_trace);
	c = add_case(s, "recovery");
	tcase_add_test(c, recovery_kills_what_bears_a_mark_and_nothing_else);
	c = add_case(s, "under");
	tcase_add_test(c, recovery_does_not_kill_those_it_runs_under);
	return s;
}
