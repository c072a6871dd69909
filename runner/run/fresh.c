/*
 * Scripts that ask for the jobs of their own run: the history is written on the loop's thread, in groups, and read by scripts on others with
 * connections of their own.  Who asks makes the group end, and waits for that: so it sees every job that ended before it began, and
 * a run whose hooks do not ask pays nothing.
 */
#include "runner/run/fresh.h"

#include "base/error.h"

#include <stdlib.h>

enum { PATIENCE_NS = 1000000000 }; /* a loop that its owner does not drive must not keep a worker thread for ever */

struct run_fresh {
	struct pipe_run *s;
	uv_thread_t loop; /* whoever drives it */
	uv_mutex_t lock;
	uv_cond_t done;
	uint64_t wanted, made; /* commits */
};

static void commit(struct pipe_run *s)
{
	pipe_error err;

	if (s->store && !s->history_failed && store_has_changes(s->store) && store_commit(s->store, &err))
		session_fail_history(s, &err);
}

void fresh_serve(struct pipe_run *s)
{
	struct run_fresh *f = s->fresh;
	uint64_t wanted;

	if (!f)
		return;
	uv_mutex_lock(&f->lock);
	wanted = f->wanted;
	uv_mutex_unlock(&f->lock);
	if (wanted == f->made)
		return;
	commit(s);
	uv_mutex_lock(&f->lock);
	f->made = wanted;
	uv_cond_broadcast(&f->done);
	uv_mutex_unlock(&f->lock);
}

void fresh_on(struct pipe_run *s)
{
	if (!s->fresh)
		return;
	uv_mutex_lock(&s->fresh->lock);
	s->fresh->loop = uv_thread_self();
	uv_mutex_unlock(&s->fresh->lock);
}

void fresh_wait(void *session)
{
	struct run_fresh *f = ((struct pipe_run *)session)->fresh;
	const uv_thread_t self = uv_thread_self();
	uint64_t mine;

	if (!f)
		return;
	uv_mutex_lock(&f->lock);
	if (uv_thread_equal(&self, &f->loop)) {
		uv_mutex_unlock(&f->lock);
		commit(f->s);
		return;
	}
	mine = ++f->wanted;
	uv_async_send(&f->s->wake);
	while (f->made < mine && !uv_cond_timedwait(&f->done, &f->lock, PATIENCE_NS))
		;
	uv_mutex_unlock(&f->lock);
}

int fresh_open(struct pipe_run *s, pipe_error *err)
{
	struct run_fresh *f;

	if (s->fresh)
		return PIPE_OK;
	f = calloc(1, sizeof(*f));
	if (!f || uv_mutex_init(&f->lock)) {
		free(f);
		return error_nomem(err);
	}
	if (uv_cond_init(&f->done)) {
		uv_mutex_destroy(&f->lock);
		free(f);
		return error_nomem(err);
	}
	f->s = s;
	f->loop = uv_thread_self();
	s->fresh = f;
	return PIPE_OK;
}

void fresh_free(struct pipe_run *s)
{
	if (!s->fresh)
		return;
	uv_cond_destroy(&s->fresh->done);
	uv_mutex_destroy(&s->fresh->lock);
	free(s->fresh);
	s->fresh = NULL;
}
