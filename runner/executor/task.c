/*
 * How a task ends.  Its main process exits; then its output is read as far as there is any, what is left of it is looked for and
 * killed (at once when it ended by itself, after the grace time when we ended it), and only when nothing is left on_end is called.
 */
#include "base/error.h"
#include "runner/executor/local.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	READ_SIZE = 64 * 1024,	 /* also that of x->buffer */
	READS_A_TURN = 4,	 /* so that a flood of one job leaves time for the others */
	LARGE_FROM = 256 * 1024, /* bytes of output from which on a larger pipe pays */
	LARGE_PIPE = 256 * 1024,
	PAUSE_FIRST = 1, /* ms between two looks at what is left */
	PAUSE_LAST = 20,
	GIVE_UP_AFTER = 5000 /* ms that the killed have for dying: only what the kernel holds lives that long */
};

/* ---- output ---- */

/* Out of the epoll set before it is closed: a child that another thread is starting right now may still hold it. */
static void close_watched(struct local *x, int *fd)
{
	if (*fd < 0)
		return;
	epoll_ctl(x->epoll, EPOLL_CTL_DEL, *fd, NULL);
	close(*fd);
	*fd = -1;
}

/* Reads once; false: nothing more now (or ever: then the pipe is closed). */
static bool read_once(struct task *t, size_t most)
{
	ssize_t n;

	do
		n = read(t->output, t->local->buffer, most);
	while (n < 0 && errno == EINTR);
	if (n < 0 && errno == EAGAIN)
		return false;
	if (n <= 0) {
		close_watched(t->local, &t->output);
		return false;
	}
	t->received += (uint64_t)n;
	if (!t->large_pipe && t->received > LARGE_FROM) {
		t->large_pipe = true;
		/* The system's limits may forbid it: then it stays as it is. */
		(void)fcntl(t->output, F_SETPIPE_SZ, LARGE_PIPE);
	}
	t->spec.on_output(t->spec.context, t->local->buffer, (size_t)n);
	return (size_t)n == most;
}

void task_read_output(struct task *t)
{
	for (int i = 0; i < READS_A_TURN && t->output >= 0; i++)
		if (!read_once(t, READ_SIZE))
			break;
	/* The last descriptor is closed when the process is all but gone: mostly this saves a turn of the loop. */
	if (t->output < 0 && !t->exited)
		task_check_exit(t);
}

/* What is in the pipe now, not what somebody goes on writing. */
static void drain(struct task *t)
{
	int there = 0;

	if (t->output < 0 || ioctl(t->output, FIONREAD, &there) < 0)
		return;
	while (there > 0 && t->output >= 0) {
		size_t piece = there < READ_SIZE ? (size_t)there : READ_SIZE;
		there -= (int)piece;
		read_once(t, piece);
	}
}

/* ---- the end ---- */

static void set_result(const struct task *t, struct task_result *r)
{
	memset(r, 0, sizeof(*r));
	r->stragglers = t->stragglers;
	if (t->unknown) {
		r->exit_code = -1;
		r->end = t->why == TASK_EXITED ? TASK_SYSTEM : t->why;
		error_set(&r->error, PIPE_EIO, "the exit status of process %d was taken by another part of this program",
			  (int)t->pid);
		return;
	}
	r->exit_code = t->code == CLD_EXITED ? t->status : 128 + t->status;
	r->end = t->why != TASK_EXITED ? t->why : t->code == CLD_EXITED ? TASK_EXITED : TASK_SIGNALLED;
}

/* empty: nothing was left of it, so its cgroup is known to be so. */
static void finish(struct task *t, bool empty)
{
	struct local *x = t->local;
	struct task_result result;

	drain(t);
	close_watched(x, &t->output);
	close_watched(x, &t->pidfd);
	if (t->leaf)
		cgroups_give(x->cgroups, t->leaf, empty);
	t->leaf = NULL;
	strays_forget(x, t);
	*(t->previous ? &t->previous->next : &x->first) = t->next;
	*(t->next ? &t->next->previous : &x->last) = t->previous;
	if (!x->first) {
		uv_unref((uv_handle_t *)&x->poll);
		uv_timer_stop(&x->timer);
		x->timer_at = NEVER;
	}
	t->ended = true;
	t->next = x->ended;
	x->ended = t;
	set_result(t, &result);
	t->spec.on_end(t->spec.context, &result);
}

/* The main process is gone: is there more of the task? */
static void settle(struct task *t)
{
	uint64_t now = local_now();
	struct pids left = { 0 };
	size_t count;
	bool none;

	drain(t);
	none = strays_none(t);
	count = none ? 0 : strays_find(t, &left);
	pids_clear(&left);
	if (!count || now >= t->give_up_at) {
		finish(t, none);
		return;
	}
	if (t->why == TASK_EXITED || t->killed) {
		if (count > t->stragglers)
			t->stragglers = (unsigned)count;
		strays_signal(t, SIGKILL);
		t->killed = true;
		if (t->give_up_at == NEVER)
			t->give_up_at = now + GIVE_UP_AFTER;
	}
	t->pause = t->pause ? t->pause * 2 : PAUSE_FIRST;
	if (t->pause > PAUSE_LAST)
		t->pause = PAUSE_LAST;
	t->look_at = now + t->pause;
	local_wake_at(t->local, t->look_at);
}

/* Is the main process gone?  Then its status is kept. */
static bool take_status(struct task *t)
{
	siginfo_t info;
	int rc;

	info.si_pid = 0;
	do
		rc = waitid(P_PIDFD, (id_t)t->pidfd, &info, WEXITED | WNOHANG);
	while (rc < 0 && errno == EINTR);
	if (rc < 0 && errno == EAGAIN)
		return false;
	if (rc == 0 && !info.si_pid)
		return false;
	t->unknown = rc < 0;
	t->code = info.si_code;
	t->status = info.si_status;
	t->exited = true;
	t->give_up_at = NEVER;
	close_watched(t->local, &t->pidfd);
	return true;
}

void task_check_exit(struct task *t)
{
	if (!t->exited && take_status(t))
		settle(t);
}

/* ---- ending it ---- */

static void kill_all(struct task *t)
{
	t->killed = true;
	t->give_up_at = local_now() + GIVE_UP_AFTER;
	if (t->exited) {
		t->look_at = local_now();
		local_wake_at(t->local, t->look_at);
	} else {
		strays_signal(t, SIGKILL);
	}
}

void task_stop(struct task *t, enum task_end why, bool now)
{
	if (!t->exited && t->why == TASK_EXITED && take_status(t)) {
		/* It was faster.  The end is its own; on_end comes from the loop. */
		t->look_at = local_now();
		local_wake_at(t->local, t->look_at);
		return;
	}
	if (t->why == TASK_EXITED) {
		if (t->exited)
			return;
		t->why = why;
		t->kill_at = local_now() + (now ? 0 : t->spec.grace_ms);
		if (!now && t->spec.grace_ms)
			strays_signal(t, SIGTERM);
		local_wake_at(t->local, t->kill_at);
	}
	if ((now || !t->spec.grace_ms) && !t->killed)
		kill_all(t);
}

uint64_t task_due(const struct task *t)
{
	uint64_t due = NEVER;

	if (t->exited)
		due = t->look_at;
	else if (t->why == TASK_EXITED)
		due = t->deadline;
	if (t->why != TASK_EXITED && !t->killed && t->kill_at < due)
		due = t->kill_at;
	return due;
}

void task_tick(struct task *t)
{
	uint64_t now = local_now();

	if (!t->exited && t->why == TASK_EXITED && now >= t->deadline)
		task_stop(t, TASK_TIMED_OUT, false);
	if (t->why != TASK_EXITED && !t->killed && now >= t->kill_at)
		kill_all(t);
	if (t->exited && now >= t->look_at)
		settle(t);
}
