/*
 * The executor `local`: tasks as processes of this machine.
 *
 * Each task is watched by two descriptors, its output pipe and its pidfd, in one epoll set of the executor's; the loop watches that
 * set with a single handle, so that starting and ending a task costs no handle, and a task can go at once.  A task is freed when the
 * callback of the loop in which it ended is over.
 */
#include "runner/executor/local.h"

#include "base/error.h"
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { BUFFER_SIZE = 64 * 1024, EVENTS_A_TURN = 64, TIDY_EVERY = 1000 };

uint64_t local_now(void)
{
	return uv_hrtime() / 1000000;
}

/* ---- the loop ---- */

static void free_ended(struct local *x)
{
	while (x->ended) {
		struct task *t = x->ended;
		x->ended = t->next;
		free(t);
	}
}

/* A descriptor's event carries its task, with the lowest bit set for the pidfd. */
static uint64_t event_key(const struct task *t, bool pidfd)
{
	return (uint64_t)(uintptr_t)t | pidfd;
}

static void on_events(uv_poll_t *handle, int status, int what)
{
	struct local *x = handle->data;
	struct epoll_event events[EVENTS_A_TURN];
	int n;

	(void)status, (void)what;
	n = epoll_wait(x->epoll, events, EVENTS_A_TURN, 0);
	for (int i = 0; i < n; i++) {
		struct task *t = (struct task *)(uintptr_t)(events[i].data.u64 & ~UINT64_C(1));
		if (t->ended)
			continue;
		if (events[i].data.u64 & 1)
			task_check_exit(t);
		else if (t->output >= 0)
			task_read_output(t);
	}
	free_ended(x);
}

static uint64_t next_due(const struct local *x)
{
	uint64_t due = x->reaper && x->first ? local_now() + TIDY_EVERY : NEVER;

	for (const struct task *t = x->first; t; t = t->next)
		if (task_due(t) < due)
			due = task_due(t);
	return due;
}

static struct task *find_due(const struct local *x, uint64_t now)
{
	for (struct task *t = x->first; t; t = t->next)
		if (task_due(t) <= now)
			return t;
	return NULL;
}

static void on_timer(uv_timer_t *handle)
{
	struct local *x = handle->data;
	uint64_t now = local_now(), due;
	struct task *t;

	x->timer_at = NEVER;
	strays_tidy(x);
	/* A tick may end the task, and its callback may start and stop others: look from the beginning each time. */
	while ((t = find_due(x, now)))
		task_tick(t);
	free_ended(x);
	due = next_due(x);
	if (due != NEVER)
		local_wake_at(x, due);
}

void local_wake_at(struct local *x, uint64_t at)
{
	uint64_t now;

	if (at >= x->timer_at || uv_is_closing((uv_handle_t *)&x->timer))
		return;
	x->timer_at = at;
	now = local_now();
	uv_update_time(x->loop);
	uv_timer_start(&x->timer, on_timer, at > now ? at - now : 0, 0);
}

/* ---- starting ---- */

static int watch(struct local *x, int fd, uint64_t key)
{
	struct epoll_event event;

	memset(&event, 0, sizeof(event));
	event.events = EPOLLIN;
	event.data.u64 = key;
	return epoll_ctl(x->epoll, EPOLL_CTL_ADD, fd, &event);
}

static void take_leaf(struct local *x, struct task *t)
{
	if (!x->cgroups)
		return;
	t->leaf = cgroups_take(x->cgroups);
	if (!t->leaf && !x->first) {
		cgroups_close(x->cgroups);
		x->cgroups = NULL;
	}
}

static void drop_leaf(struct local *x, struct task *t)
{
	if (t->leaf)
		cgroups_give(x->cgroups, t->leaf, false);
	t->leaf = NULL;
}

/* Keeps "<nonce>/" of the task's mark. */
static void note_nonce(struct local *x, const char *mark)
{
	const char *value, *slash;

	if (!mark || strncmp(mark, PROC_MARK, sizeof(PROC_MARK) - 1) != 0)
		return;
	value = mark + sizeof(PROC_MARK) - 1;
	slash = strchr(value, '/');
	if (!slash || (x->nonce && !strncmp(x->nonce, value, (size_t)(slash - value) + 1)))
		return;
	free(x->nonce);
	x->nonce = strndup(value, (size_t)(slash - value) + 1);
}

static void link_task(struct local *x, struct task *t)
{
	t->previous = x->last;
	*(x->last ? &x->last->next : &x->first) = t;
	x->last = t;
	if (!t->previous) {
		uv_ref((uv_handle_t *)&x->poll);
		if (x->reaper)
			local_wake_at(x, local_now() + TIDY_EVERY);
	}
	if (t->spec.timeout_ms > 0)
		t->deadline = local_now() + (uint64_t)t->spec.timeout_ms;
	local_wake_at(x, t->deadline);
}

/* It runs and cannot be watched: as if it had never been started. */
static void abandon(struct local *x, struct task *t)
{
	kill(-t->pid, SIGKILL);
	if (t->leaf)
		cgroup_leaf_kill(t->leaf);
	while (waitpid(t->pid, NULL, 0) < 0 && errno == EINTR)
		;
	epoll_ctl(x->epoll, EPOLL_CTL_DEL, t->output, NULL);
	close(t->output);
	close(t->pidfd);
}

static int run_task(struct local *x, struct task *t, pipe_error *err)
{
	struct spawned made;
	bool refused;
	int rc;

	take_leaf(x, t);
	rc = spawn(&x->spawner, &t->spec, t->leaf ? cgroup_leaf_directory(t->leaf) : -1, &refused, &made, err);
	if (refused)
		drop_leaf(x, t);
	if (rc != PIPE_OK) {
		drop_leaf(x, t);
		return rc;
	}
	t->pid = made.pid;
	t->pidfd = made.pidfd;
	t->output = made.output;
	if (watch(x, t->output, event_key(t, false)) < 0 || watch(x, t->pidfd, event_key(t, true)) < 0) {
		rc = error_errno(err, error_code_of(errno), errno, "cannot watch process %d", (int)t->pid);
		abandon(x, t);
		drop_leaf(x, t);
		return rc;
	}
	link_task(x, t);
	return PIPE_OK;
}

static int local_start(struct executor *executor, const struct task_spec *spec, struct task **out, pipe_error *err)
{
	struct local *x = (struct local *)executor;
	struct task *t = calloc(1, sizeof(*t));
	int rc;

	*out = NULL;
	if (!t)
		return error_nomem(err);
	t->local = x;
	t->spec = *spec;
	t->pidfd = t->output = -1;
	t->deadline = t->kill_at = t->look_at = t->give_up_at = NEVER;
	note_nonce(x, spec->mark);
	t->badge = proc_badge(spec->mark);
	if (t->badge)
		x->badge = t->badge;
	rc = run_task(x, t, err);
	if (rc != PIPE_OK) {
		free(t);
		return rc;
	}
	*out = t;
	return PIPE_OK;
}

static void local_cancel(struct executor *executor, struct task *task, bool now)
{
	(void)executor;
	if (!task->ended)
		task_stop(task, TASK_CANCELLED, now);
}

static int local_pid(const struct task *task)
{
	return task->pid;
}

/* ---- the executor ---- */

static void local_free(struct local *x)
{
	free_ended(x);
	cgroups_close(x->cgroups);
	spawner_close(&x->spawner);
	if (x->children >= 0)
		close(x->children);
	if (x->epoll >= 0)
		close(x->epoll);
	str_clear(&x->scratch);
	free(x->adopted);
	free(x->nonce);
	free(x->buffer);
	free(x);
}

static void on_handle_closed(uv_handle_t *handle)
{
	struct local *x = handle->data;
	void (*done)(void *) = x->on_closed;
	void *context = x->on_closed_context;

	if (--x->handles)
		return;
	local_free(x);
	if (done)
		done(context);
}

static void close_handles(struct local *x)
{
	/* Closing needs the loop to turn once more, also when nothing else keeps it going. */
	uv_close((uv_handle_t *)&x->timer, on_handle_closed);
	if (x->handles > 1)
		uv_close((uv_handle_t *)&x->poll, on_handle_closed);
}

static void local_close(struct executor *executor, void (*done)(void *context), void *context)
{
	struct local *x = (struct local *)executor;

	strays_tidy(x);
	x->on_closed = done;
	x->on_closed_context = context;
	close_handles(x);
}

static const struct executor_ops local_ops = { "local", local_start, local_cancel, local_pid, local_close };

/* Orphans of tasks come to this process, and appear among the children of its first thread. */
static void become_reaper(struct local *x)
{
	char path[64];
	int is = 0;

	if (prctl(PR_GET_CHILD_SUBREAPER, &is) < 0 || (!is && prctl(PR_SET_CHILD_SUBREAPER, 1) < 0))
		return;
	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	x->children = open(path, O_RDONLY | O_CLOEXEC);
	x->reaper = x->children >= 0;
}

static int open_resources(struct local *x, const struct local_options *options, pipe_error *err)
{
	int rc = spawner_open(&x->spawner, err);

	if (rc != PIPE_OK)
		return rc;
	x->buffer = malloc(BUFFER_SIZE);
	if (!x->buffer)
		return error_nomem(err);
	x->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (x->epoll < 0)
		return error_errno(err, error_code_of(errno), errno, "cannot watch processes");
	if (options->subreaper)
		become_reaper(x);
	if (options->cgroups)
		x->cgroups = cgroups_open(options->cgroup_name);
	return PIPE_OK;
}

static int open_handles(struct local *x, pipe_error *err)
{
	int rc;

	uv_timer_init(x->loop, &x->timer);
	uv_unref((uv_handle_t *)&x->timer);
	x->timer.data = x;
	x->handles = 1;
	rc = uv_poll_init(x->loop, &x->poll, x->epoll);
	if (rc == 0) {
		x->handles = 2;
		x->poll.data = x;
		rc = uv_poll_start(&x->poll, UV_READABLE, on_events);
		uv_unref((uv_handle_t *)&x->poll);
	}
	return rc == 0 ? PIPE_OK : error_set(err, error_code_of(-rc), "cannot watch processes: %s", uv_strerror(rc));
}

int executor_local_create(struct executor **out, const struct local_options *options, pipe_error *err)
{
	struct local *x = calloc(1, sizeof(*x));
	int rc;

	*out = NULL;
	if (!x)
		return error_nomem(err);
	x->executor.ops = &local_ops;
	x->loop = options->loop;
	x->timer_at = NEVER;
	x->epoll = x->children = x->spawner.null = -1;
	str_init(&x->scratch);
	rc = open_resources(x, options, err);
	if (rc != PIPE_OK) {
		local_free(x);
		return rc;
	}
	rc = open_handles(x, err);
	if (rc != PIPE_OK) {
		/* The loop frees it with its handles. */
		close_handles(x);
		return rc;
	}
	*out = &x->executor;
	return PIPE_OK;
}
