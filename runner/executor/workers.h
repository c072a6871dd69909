/*
 * libuv's pool of worker threads.  libuv ends the whole process (abort) when it cannot start them, at the first uv_queue_work().  So they
 * are asked for just before it does; a run that needs none of them does not pay for that.
 */
#ifndef RUNNER_EXECUTOR_WORKERS_H
#define RUNNER_EXECUTOR_WORKERS_H

#include <stdbool.h>
#include <uv.h>

/* All zero at first; one a loop, used on its thread alone. */
struct workers {
	bool there; /* libuv keeps its pool */
};

/* As uv_queue_work.  UV_EAGAIN: as many threads as the pool has cannot live at this moment, and neither of the two will be called. */
int workers_queue(struct workers *w, uv_loop_t *loop, uv_work_t *request, uv_work_cb work, uv_after_work_cb worked);

#endif
