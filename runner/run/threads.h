/*
 * libuv ends the whole process (abort) when it cannot start the threads of its pool, at the first uv_queue_work().  So they are asked for
 * before it does, and what is refused is an error with words.
 */
#ifndef RUNNER_RUN_THREADS_H
#define RUNNER_RUN_THREADS_H

#include "pipe.h"

/* As many threads as the pool has can live at this moment.  PIPE_EIO: they cannot, and what to raise. */
int threads_check(pipe_error *err);

#endif
