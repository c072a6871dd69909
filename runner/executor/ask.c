/* What runs and what is read from it.  Invariant: no process of it is left, and nothing blocks for longer than it was given. */
#include "runner/executor/ask.h"

#include "base/error.h"
#include "runner/executor/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_MS = 20 };

static const char *path_variable(const char *const *envp)
{
	for (; envp && *envp; envp++)
		if (!strncmp(*envp, "PATH=", 5))
			return *envp + 5;
	return NULL;
}

bool ask_find(const char *name, const char *const *envp, char *path, size_t size)
{
	const char *p = path_variable(envp);

	for (; p; p = strchr(p, ':'), p = p ? p + 1 : NULL) {
		int n = snprintf(path, size, "%.*s/%s", (int)strcspn(p, ":"), p, name);
		if (*p == '/' && n > 0 && (size_t)n < size && !access(path, X_OK))
			return true;
	}
	return false;
}

/* ---- the process ---- */

struct child {
	pid_t pid;
	int output;
};

static void close_pair(int ends[2])
{
	for (int i = 0; i < 2; i++)
		if (ends[i] >= 0)
			close(ends[i]);
	ends[0] = ends[1] = -1;
}

/* A pipe whose ends are in nobody's way as 0, 1 or 2. */
static bool make_pipe(int ends[2])
{
	int low[2];

	ends[0] = ends[1] = -1;
	if (pipe2(low, O_CLOEXEC))
		return false;
	for (int i = 0; i < 2; i++)
		ends[i] = fcntl(low[i], F_DUPFD_CLOEXEC, 3);
	close_pair(low);
	if (ends[0] >= 0 && ends[1] >= 0)
		return true;
	close_pair(ends);
	return false;
}

static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t none, all;
	int rc;

	sigemptyset(&none);
	sigfillset(&all);
	rc = posix_spawnattr_setflags(attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
	rc = rc ? rc : posix_spawnattr_setpgroup(attributes, 0);
	rc = rc ? rc : posix_spawnattr_setsigmask(attributes, &none);
	return rc ? rc : posix_spawnattr_setsigdefault(attributes, &all);
}

static int spawn_between(const struct ask *q, const char *const *envp, int in, int out, pid_t *pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int rc = posix_spawn_file_actions_init(&actions);

	if (rc)
		return rc;
	rc = posix_spawnattr_init(&attributes);
	if (rc) {
		posix_spawn_file_actions_destroy(&actions);
		return rc;
	}
	rc = set_attributes(&attributes);
	rc = rc ? rc : posix_spawn_file_actions_adddup2(&actions, in, 0);
	rc = rc ? rc : posix_spawn_file_actions_adddup2(&actions, out, 1);
	rc = rc ? rc : posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
	rc = rc ? rc : posix_spawn_file_actions_addclosefrom_np(&actions, 3);
	rc = rc ? rc : posix_spawn(pid, q->argv[0], &actions, &attributes, (char *const *)q->argv, (char *const *)envp);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

/* The environment without the mark of a task: what bears it and is no task is taken for a stray, and killed. */
static const char **unmarked(const char *const *envp)
{
	size_t n = 0, kept = 0;
	const char **copy;

	while (envp && envp[n])
		n++;
	copy = calloc(n + 1, sizeof(*copy));
	for (size_t i = 0; copy && i < n; i++)
		if (strncmp(envp[i], PROC_MARK, sizeof(PROC_MARK) - 1) != 0)
			copy[kept++] = envp[i];
	return copy;
}

/* The question is shorter than a pipe is deep, and is in it before anybody reads: nothing blocks, and nothing breaks. */
static int start(const struct ask *q, struct child *c, pipe_error *err)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 }, rc;
	const char **environment = unmarked(q->envp);
	size_t length = strlen(q->input);

	if (!environment)
		return error_nomem(err);
	if (length > ASK_INPUT_MAX) {
		rc = error_set(err, PIPE_EUSAGE, "a question of %zu bytes is too long for %s", length, q->argv[0]);
	} else if (!make_pipe(in) || !make_pipe(out)) {
		rc = error_errno(err, PIPE_EIO, errno, "cannot make a pipe");
	} else if (write(in[1], q->input, length) != (ssize_t)length) {
		rc = error_errno(err, PIPE_EIO, errno, "cannot write into a pipe");
	} else {
		rc = spawn_between(q, environment, in[0], out[1], &c->pid);
		if (rc)
			rc = error_errno(err, PIPE_EUSAGE, rc, "cannot start %s", q->argv[0]);
	}
	if (rc == PIPE_OK) {
		c->output = out[0];
		out[0] = -1;
	}
	close_pair(in);
	close_pair(out);
	free(environment);
	return rc;
}

static int64_t monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool time_is_up(int64_t deadline, const atomic_bool *cancel)
{
	return monotonic_ms() >= deadline || (cancel && atomic_load(cancel));
}

/* Until its end; false: it took too long, said too much, or somebody cancelled. */
static bool read_all(int fd, struct str *out, int64_t deadline, const atomic_bool *cancel)
{
	char bytes[4096];

	while (!time_is_up(deadline, cancel) && !out->failed) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		ssize_t n;

		if (poll(&p, 1, LOOK_MS) <= 0)
			continue;
		n = read(fd, bytes, sizeof(bytes));
		if (n == 0)
			return true;
		if (n > 0)
			str_add(out, bytes, (size_t)n);
		else if (errno != EINTR && errno != EAGAIN)
			return false;
	}
	return false;
}

/* Looked at without being taken away, so that its group cannot be somebody else's when it is killed. */
static bool wait_for(pid_t pid, int64_t deadline, const atomic_bool *cancel)
{
	struct timespec pause = { .tv_nsec = 5 * 1000000 };

	while (!time_is_up(deadline, cancel)) {
		siginfo_t info = { 0 };
		if (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) || info.si_pid)
			return true;
		nanosleep(&pause, NULL);
	}
	return false;
}

int ask_program(const struct ask *q, struct str *out, enum ask_end *end, pipe_error *err)
{
	int64_t deadline = monotonic_ms() + q->timeout_ms;
	int rc, status = -1;
	struct child c;
	bool ended;

	rc = start(q, &c, err);
	if (rc)
		return rc;
	str_clear(out);
	str_init_limit(out, q->max_bytes);
	ended = read_all(c.output, out, deadline, q->cancel) && wait_for(c.pid, deadline, q->cancel);
	kill(-c.pid, SIGKILL); /* it leads a group of its own */
	while (waitpid(c.pid, &status, 0) < 0 && errno == EINTR)
		;
	close(c.output);
	*end = !ended ? ASK_NO_ANSWER : WIFEXITED(status) && !WEXITSTATUS(status) ? ASK_SUCCEEDED : ASK_FAILED;
	return PIPE_OK;
}
