/*
 * A command of a script, carried out here and now.  It leads a group of its own and bears a mark of its own in its environment: at
 * its end, whichever it is, nothing that it started is left.  The run's mark would make the executor take it for a stray of a job: it is made
 * from that, so that the next pipe finds what this one leaves when it is killed.
 */
#include "base/error.h"
#include "runner/executor/proc.h"
#include "runner/executor/spawn.h"
#include "runner/lua/wait/block_inside.h"
#include "runner/lua/wait/command.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/wait.h>
#include <unistd.h>

enum { READ_SIZE = 16384, MARK_SIZE = 128, NONCE_MOST = 64 };

struct command {
	struct block_work *w;
	const struct lua_wait *wait;
	char mark[MARK_SIZE]; /* "PIPE_TASK=<nonce of the run>.lua/<nonce of its own>" */
	struct spawner spawner;
	struct spawned made;
	int64_t end;
};

/* ---- what it gets ---- */

/* Of the run that the environment is of; "": of none. */
static const char *run_nonce(const char *const *envp, int *length)
{
	const size_t name = sizeof(PROC_MARK) - 1;

	for (; envp && *envp; envp++)
		if (!strncmp(*envp, PROC_MARK, name) && strcspn(*envp + name, "/") <= NONCE_MOST) {
			*length = (int)strcspn(*envp + name, "/");
			return *envp + name;
		}
	*length = 0;
	return "";
}

static bool make_mark(struct command *c)
{
	uint64_t own[2];
	int length;
	const char *nonce = run_nonce(c->w->o->place.envp, &length);

	if (getrandom(own, sizeof(own), 0) != (ssize_t)sizeof(own))
		return false;
	snprintf(c->mark, MARK_SIZE, PROC_MARK "%.*s" LUA_MARK "%016llx%016llx", length, nonce, (unsigned long long)own[0],
		 (unsigned long long)own[1]);
	return true;
}

static int start(struct command *c, pipe_error *err)
{
	struct lua_command prepared;
	struct task_spec spec = { .argv = c->wait->exec.argv };
	bool refused;
	int rc = lua_command_prepare(&prepared, c->wait, &c->w->o->place, c->mark, &c->w->arena, err);

	if (rc)
		return rc;
	spec.envp = prepared.envp;
	spec.directory = prepared.directory;
	rc = spawner_open(&c->spawner, err);
	if (rc == PIPE_OK) {
		const int null = c->spawner.null;

		if (prepared.input >= 0)
			c->spawner.null = prepared.input;
		rc = spawn(&c->spawner, &spec, -1, &refused, &c->made, err);
		c->spawner.null = null;
		spawner_close(&c->spawner);
	}
	lua_command_clear(&prepared);
	return rc;
}

/* ---- while it is running ---- */

/* What there is to be read; false: that was the end of it. */
static bool take(struct command *c)
{
	struct block_work *w = c->w;
	char bytes[READ_SIZE];
	ssize_t n;

	while ((n = read(c->made.output, bytes, sizeof(bytes))) > 0) {
		const size_t room = c->wait->exec.max_bytes > w->output.length ? c->wait->exec.max_bytes - w->output.length : 0;

		str_add(&w->output, bytes, (size_t)n < room ? (size_t)n : room);
		w->answer.truncated |= (size_t)n > room;
		if (block_clock() >= c->end)
			return true; /* a flood does not hide that the time is over */
	}
	return n < 0 && (errno == EAGAIN || errno == EINTR);
}

/* Until it has ended (true), or its time has. */
static bool await(struct command *c)
{
	bool output = true;

	while (!block_cancelled(c->w)) {
		struct pollfd p[] = { { .fd = c->made.pidfd, .events = POLLIN },
				      { .fd = output ? c->made.output : -1, .events = POLLIN } };
		const int64_t left = c->end - block_clock();

		if (left <= 0)
			return false;
		if (poll(p, 2, left < BLOCK_LOOK_MS ? (int)left : BLOCK_LOOK_MS) <= 0)
			continue;
		if (output)
			output = take(c);
		if (p[0].revents)
			return true;
	}
	return false;
}

/* Nothing of it is left behind; its exit code. */
static int finish(struct command *c, bool ended)
{
	const char *const marks[] = { c->mark };
	int status = 0;

	kill(-c->made.pid, SIGKILL);
	if (!ended)
		kill(c->made.pid, SIGKILL);
	while (waitpid(c->made.pid, &status, 0) < 0 && errno == EINTR)
		;
	take(c);
	executor_local_reap(marks, 1);
	close(c->made.output);
	close(c->made.pidfd);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void block_exec(struct block_work *w, const struct lua_wait *wait)
{
	struct command c = { .w = w, .wait = wait, .end = block_clock() + wait->timeout_ms };
	const int64_t begin = block_clock();
	pipe_error err = { 0 };
	bool ended;
	int rc;

	str_reset(&w->output);
	rc = make_mark(&c) ? start(&c, &err) : error_set(&err, PIPE_EIO, "there is no randomness to be had");
	if (rc) {
		block_fail(w, (enum pipe_code)rc, "%s", err.text);
		return;
	}
	ended = await(&c);
	w->answer.exit_code = finish(&c, ended);
	w->answer.ms = (double)(block_clock() - begin);
	if (w->output.failed)
		block_fail(w, PIPE_ENOMEM, "out of memory");
	else if (!ended)
		block_fail(w, PIPE_ELIMIT, "%.100s was ended: it took longer than %lld ms", wait->exec.argv[0],
			   (long long)wait->timeout_ms);
	w->answer.body = w->output.data;
	w->answer.length = w->output.length;
}
