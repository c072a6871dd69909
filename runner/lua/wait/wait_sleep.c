/* pipe.sleep, on the loop.  The script goes on when the timer's handle is closed, so that a call that has ended has none. */
#include "base/error.h"
#include "runner/lua/wait/drive_inside.h"

static void on_closed(uv_handle_t *handle)
{
	drive_answer(handle->data);
}

static void on_over(uv_timer_t *timer)
{
	uv_close((uv_handle_t *)timer, on_closed);
}

static int begin(struct lua_drive *d, const struct lua_wait *wait, pipe_error *err)
{
	(void)err;
	uv_timer_init(d->o.loop, &d->timer);
	d->timer.data = d;
	uv_update_time(d->o.loop);
	/* One more: what is cut off by the call's own time must end beyond that. */
	if (uv_timer_start(&d->timer, on_over, wait->timeout_ms > 0 ? (uint64_t)wait->timeout_ms + 1 : 0, 0))
		on_over(&d->timer);
	return PIPE_OK;
}

static void cancel(struct lua_drive *d, bool again)
{
	(void)again;
	if (!uv_is_closing((uv_handle_t *)&d->timer))
		on_over(&d->timer);
}

const struct drive_kind drive_sleep = { begin, cancel };
