#include "runner/stage/desk.h"

#include "runner/history/state.h"

#include <unistd.h>

void desk_init(struct stage_desk *d)
{
	d->first = NULL;
	d->last = &d->first;
}

void desk_clear(struct stage_desk *d)
{
	evidence_free(d->evidence);
	store_free(d->store);
	d->evidence = NULL;
	d->store = NULL;
}

static void serve(struct stage_desk *d);

static void work(uv_work_t *request)
{
	struct stage_desk *d = request->data;

	d->first->work(d->first);
}

static void worked(uv_work_t *request, int status)
{
	struct stage_desk *d = request->data;
	struct desk_work *done = d->first;

	(void)status; /* never cancelled: nobody calls uv_cancel */
	d->first = done->next;
	if (!d->first)
		d->last = &d->first;
	d->busy = false;
	serve(d);
	done->then(done);
}

static void serve(struct stage_desk *d)
{
	if (d->busy || !d->first)
		return;
	d->busy = true;
	d->request.data = d;
	if (workers_queue(d->workers, d->loop, &d->request, work, worked)) {
		work(&d->request); /* no worker thread is to be had: here and now */
		worked(&d->request, 0);
	}
}

void desk_queue(struct stage_desk *d, struct desk_work *w)
{
	w->next = NULL;
	*d->last = w;
	d->last = &w->next;
	serve(d);
}

static bool is_there(const struct stage_desk *d)
{
	char path[PATH_MAX];

	return state_path(path, NULL, d->state_directory, "evidence.db") == PIPE_OK && access(path, F_OK) == 0;
}

int desk_evidence(struct stage_desk *d, bool make, struct evidence_db **out, pipe_error *err)
{
	int rc = PIPE_OK;

	if (!d->evidence && (make || is_there(d)))
		rc = evidence_open(&d->evidence, d->state_directory, STORE_WRITE, err);
	*out = rc ? NULL : d->evidence;
	return rc;
}

int desk_store(struct stage_desk *d, struct store **out, pipe_error *err)
{
	int rc = d->store ? PIPE_OK : store_open(&d->store, d->state_directory, STORE_READ, false, err);

	*out = rc ? NULL : d->store;
	return rc;
}
