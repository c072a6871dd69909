#include "runner/run/place.h"

#include <sys/resource.h>

enum { AWAY_MOST = 2000, DESCRIPTORS_EACH = 8 };

/* One that is away may hold a connection, a log and its index. */
static unsigned away_most(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur / DESCRIPTORS_EACH > AWAY_MOST)
		return AWAY_MOST;
	return (unsigned)(limit.rlim_cur / DESCRIPTORS_EACH);
}

void place_give(struct active_job *x)
{
	struct pipe_run *s = x->job->pipeline->session;

	if (x->away || x->job->plan->job->settings->trigger || s->away >= away_most())
		return;
	x->away = true;
	s->away++;
	s->busy++;
	s->running--;
	session_schedule(s);
}

static void come_back(struct active_job *x)
{
	struct pipe_run *s = x->job->pipeline->session;

	x->away = false;
	s->away--;
	s->busy--;
	s->running++;
}

bool place_take(struct active_job *x, void (*then)(struct active_job *x))
{
	struct pipe_run *s = x->job->pipeline->session;

	if (!x->away)
		return true;
	if (!s->returning && s->running < s->places) {
		come_back(x);
		return true;
	}
	x->returned = then;
	x->next_returning = NULL;
	*(s->returning ? &s->last_returning->next_returning : &s->returning) = x;
	s->last_returning = x;
	return false;
}

void place_leave(struct active_job *x)
{
	if (x->away)
		come_back(x);
	x->job->pipeline->session->running--;
}

/* The first that may go on: in their order, but for those that only go on to their end. */
static struct active_job *take_next(struct pipe_run *s)
{
	struct active_job *before = NULL, *x = s->returning;

	while (x && s->running >= s->places && !x->cancelled) {
		before = x;
		x = x->next_returning;
	}
	if (!x)
		return NULL;
	*(before ? &before->next_returning : &s->returning) = x->next_returning;
	if (s->last_returning == x)
		s->last_returning = before;
	return x;
}

bool place_serve(struct pipe_run *s)
{
	struct active_job *x;
	bool any = false;

	while ((x = take_next(s))) {
		come_back(x);
		x->returned(x);
		any = true;
	}
	return any;
}
