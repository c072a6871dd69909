/*
 * Resource groups: one job at a time, over all runs of the project.  Within the process a group has one holder and a queue; against
 * other processes it is a file below <state>/lock that the holder locks, tried again every RESOURCE_POLL_MS while somebody waits.
 */
#include "base/map.h"
#include "runner/run/session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { RESOURCE_POLL_MS = 200 };

static struct resource_group *group_named(struct pipe_run *s, const char *name)
{
	struct resource_group *g;

	for (g = s->groups; g; g = g->next)
		if (!strcmp(g->name, name))
			return g;
	g = ARENA_NEW(&s->arena, struct resource_group);
	if (!g || !(g->name = arena_strdup(&s->arena, name)))
		return NULL;
	g->fd = -1;
	g->last_waiting = &g->waiting;
	g->next = s->groups;
	s->groups = g;
	return g;
}

/* FNV-1a: the name may hold anything, the file's name may not; two groups that collide only wait for each other needlessly. */
static uint64_t stable_hash(const char *text)
{
	uint64_t h = UINT64_C(14695981039346656037);

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * UINT64_C(1099511628211);
	return h;
}

/* False: another process holds it.  When there can be no lock file, the group is kept within this process only. */
static bool lock_file(struct pipe_run *s, struct resource_group *g)
{
	struct arena scratch = ARENA_INIT;
	char *path = arena_printf(&scratch, "%s/lock/group-%016llx", s->project->state_directory,
				  (unsigned long long)stable_hash(g->name));

	if (path && g->fd < 0)
		g->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	arena_clear(&scratch);
	if (g->fd < 0) {
		session_log(s, "resource group \"%s\" is kept within this run only: %s", g->name, strerror(errno));
		return true;
	}
	return flock(g->fd, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK;
}

static void on_poll(uv_timer_t *timer)
{
	struct pipe_run *s = timer->data;

	if (!resource_retry(s))
		uv_timer_stop(timer);
	session_schedule(s);
}

static void wait_in(struct resource_group *g, struct job_run *j)
{
	j->next_waiting = NULL;
	*g->last_waiting = j;
	g->last_waiting = &j->next_waiting;
}

bool resource_acquire(struct job_run *j)
{
	struct pipe_run *s = j->pipeline->session;
	struct resource_group *g;

	if (!j->plan->resource_group || !(g = group_named(s, j->plan->resource_group)))
		return true;
	if (g->holder == j)
		return true;
	if (!g->holder && lock_file(s, g)) {
		g->holder = j;
		return true;
	}
	wait_in(g, j);
	if (!g->holder)
		uv_timer_start(&s->poll, on_poll, RESOURCE_POLL_MS, RESOURCE_POLL_MS);
	if (!j->told_to_wait)
		notify_job(j, PIPE_EVENT_JOB_QUEUED, "waits for its resource group", NULL, -1, NULL);
	j->told_to_wait = true;
	return false;
}

/* The first that waits may try again. */
static void wake_first(struct resource_group *g)
{
	bool woken = false;

	while (g->waiting && !woken) {
		struct job_run *j = g->waiting;
		g->waiting = j->next_waiting;
		woken = j->status == PIPE_STATUS_READY; /* it may have been cancelled */
		if (woken)
			scheduler_put_back(j->pipeline->scheduler, j->index);
	}
	if (!g->waiting)
		g->last_waiting = &g->waiting;
}

void resource_release(struct job_run *j)
{
	struct pipe_run *s = j->pipeline->session;

	if (!j->plan->resource_group)
		return;
	for (struct resource_group *g = s->groups; g; g = g->next)
		if (g->holder == j) {
			g->holder = NULL;
			if (g->fd >= 0)
				flock(g->fd, LOCK_UN);
			wake_first(g);
		}
}

bool resource_retry(struct pipe_run *s)
{
	bool waits = false;

	for (struct resource_group *g = s->groups; g; g = g->next)
		if (!g->holder && g->waiting) {
			waits = true;
			wake_first(g);
		}
	return waits;
}

void resource_free_all(struct pipe_run *s)
{
	for (struct resource_group *g = s->groups; g; g = g->next)
		if (g->fd >= 0)
			close(g->fd);
	s->groups = NULL;
}
