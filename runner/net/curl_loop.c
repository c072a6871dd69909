#include "runner/net/curl_loop.h"

#include "base/error.h"

#include <stdlib.h>
#include <sys/resource.h>

enum { IDLE_CONNECTIONS = 32, CONNECTIONS_MOST = 4096, CONNECTIONS_LEAST = 8 };

/* A socket that libcurl watches. */
struct watched {
	uv_poll_t poll;
	struct http_loop *owner;
	curl_socket_t fd;
};

/* ---- the end ---- */

static void handle_closed(struct http_loop *h)
{
	void (*closed)(void *) = h->closed;
	void *payload = h->payload;

	h->handles--;
	if (!h->closing || h->handles)
		return;
	lazy_close(h->handle);
	free(h);
	closed(payload);
}

static void on_watched_closed(uv_handle_t *handle)
{
	struct watched *w = handle->data;
	struct http_loop *h = w->owner;

	free(w);
	handle_closed(h);
}

static void on_timer_closed(uv_handle_t *handle)
{
	handle_closed(handle->data);
}

void http_loop_close(struct http_loop *h, void (*closed)(void *payload), void *payload)
{
	struct broken_pipes broken;

	if (h->multi) {
		broken_pipes_hold(&broken); /* connections say goodbye */
		h->lib.curl_multi_cleanup(h->multi);
		broken_pipes_drop(&broken);
		h->multi = NULL;
	}
	h->closed = closed;
	h->payload = payload;
	h->closing = true;
	uv_close((uv_handle_t *)&h->timer, on_timer_closed);
}

/* ---- what has come to its end ---- */

static void end_transfer(struct http_loop *h, struct curl_transfer *t, CURLcode code)
{
	h->lib.curl_multi_remove_handle(h->multi, t->easy);
	if (t->previous)
		t->previous->next = t->next;
	else
		h->first = t->next;
	if (t->next)
		t->next->previous = t->previous;
	t->previous = t->next = NULL;
	t->ended(t, t->cancelled ? CURLE_ABORTED_BY_CALLBACK : code);
}

static void take_ended(struct http_loop *h)
{
	struct curl_transfer *t;
	CURLMsg *message;
	CURLcode code;
	int left;

	while ((message = h->lib.curl_multi_info_read(h->multi, &left))) {
		void *found = NULL;
		if (message->msg != CURLMSG_DONE)
			continue;
		code = message->data.result; /* the message goes with the handle */
		if (h->lib.curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&found) == CURLE_OK && found) {
			t = found;
			end_transfer(h, t, code);
		}
	}
}

static void end_cancelled(struct http_loop *h)
{
	struct curl_transfer *t = h->first;

	h->cancelling = false;
	while (t) {
		struct curl_transfer *next = t->next;
		if (t->cancelled)
			end_transfer(h, t, CURLE_ABORTED_BY_CALLBACK);
		/* What `ended` has added stands in front; what it has cancelled sets `cancelling` again. */
		t = next;
	}
}

/* ---- the loop ---- */

static void act(struct http_loop *h, curl_socket_t fd, int what)
{
	struct broken_pipes broken;
	int running;

	broken_pipes_hold(&broken);
	h->lib.curl_multi_socket_action(h->multi, fd, what, &running);
	take_ended(h);
	broken_pipes_drop(&broken);
}

static void arm(struct http_loop *h);

static void on_timer(uv_timer_t *timer)
{
	struct http_loop *h = timer->data;
	struct broken_pipes broken;

	if (h->cancelling) {
		broken_pipes_hold(&broken);
		end_cancelled(h);
		broken_pipes_drop(&broken);
	}
	if (uv_now(h->loop) >= h->due) {
		h->due = UINT64_MAX;
		act(h, CURL_SOCKET_TIMEOUT, 0);
	}
	arm(h);
}

static void arm(struct http_loop *h)
{
	uint64_t now = uv_now(h->loop);

	if (h->closing)
		return;
	if (h->cancelling)
		uv_timer_start(&h->timer, on_timer, 0, 0);
	else if (h->due == UINT64_MAX)
		uv_timer_stop(&h->timer);
	else
		uv_timer_start(&h->timer, on_timer, h->due > now ? h->due - now : 0, 0);
}

static int want_timer(CURLM *multi, long timeout_ms, void *context)
{
	struct http_loop *h = context;

	(void)multi;
	uv_update_time(h->loop);
	h->due = timeout_ms < 0 ? UINT64_MAX : uv_now(h->loop) + (uint64_t)timeout_ms;
	arm(h);
	return 0;
}

static void on_readiness(uv_poll_t *poll, int status, int events)
{
	struct watched *w = poll->data;
	int what = 0;

	if (status < 0)
		what = CURL_CSELECT_ERR;
	if (events & UV_READABLE)
		what |= CURL_CSELECT_IN;
	if (events & UV_WRITABLE)
		what |= CURL_CSELECT_OUT;
	act(w->owner, w->fd, what);
}

static struct watched *watch(struct http_loop *h, curl_socket_t fd)
{
	struct watched *w = malloc(sizeof(*w));

	if (!w || uv_poll_init(h->loop, &w->poll, fd)) {
		free(w);
		return NULL;
	}
	h->handles++;
	w->poll.data = w;
	w->owner = h;
	w->fd = fd;
	h->lib.curl_multi_assign(h->multi, fd, w);
	return w;
}

static int want_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *mine)
{
	struct http_loop *h = context;
	struct watched *w = mine;
	int events = 0;

	(void)easy;
	if (what == CURL_POLL_REMOVE) {
		if (w)
			uv_close((uv_handle_t *)&w->poll, on_watched_closed);
		return 0;
	}
	if (!w && !(w = watch(h, fd)))
		return -1; /* libcurl gives the transfers up */
	if (what & CURL_POLL_IN)
		events |= UV_READABLE;
	if (what & CURL_POLL_OUT)
		events |= UV_WRITABLE;
	return uv_poll_start(&w->poll, events, on_readiness) ? -1 : 0;
}

/* ---- the beginning ---- */

int http_loop_create(struct http_loop **out, uv_loop_t *loop, pipe_error *err)
{
	struct http_loop *h = calloc(1, sizeof(*h));

	*out = h;
	if (!h)
		return error_nomem(err);
	h->loop = loop;
	h->due = UINT64_MAX;
	uv_timer_init(loop, &h->timer);
	h->timer.data = h;
	h->handles = 1;
	return PIPE_OK;
}

/* Half of the descriptors that the process may have: the jobs need some, too.  Further transfers wait for a connection. */
static long connections_most(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) || limit.rlim_cur / 2 > CONNECTIONS_MOST)
		return CONNECTIONS_MOST;
	return limit.rlim_cur / 2 < CONNECTIONS_LEAST ? CONNECTIONS_LEAST : (long)(limit.rlim_cur / 2);
}

#define SET(option, value) (failed |= h->lib.curl_multi_setopt(h->multi, (option), (value)) != CURLM_OK)

int curl_loop_ready(struct http_loop *h, pipe_error *err)
{
	bool failed = false;
	int rc;

	if (h->multi)
		return PIPE_OK;
	rc = h->handle ? PIPE_OK : curl_library_open(&h->handle, &h->lib, err);
	if (rc)
		return rc;
	h->multi = h->lib.curl_multi_init();
	if (!h->multi)
		return error_set(err, PIPE_EUNSUPPORTED, "libcurl could not be started");
	SET(CURLMOPT_SOCKETFUNCTION, want_socket);
	SET(CURLMOPT_SOCKETDATA, h);
	SET(CURLMOPT_TIMERFUNCTION, want_timer);
	SET(CURLMOPT_TIMERDATA, h);
	SET(CURLMOPT_MAXCONNECTS, (long)IDLE_CONNECTIONS);
	SET(CURLMOPT_MAX_TOTAL_CONNECTIONS, connections_most());
	if (!failed)
		return PIPE_OK;
	h->lib.curl_multi_cleanup(h->multi);
	h->multi = NULL;
	return error_set(err, PIPE_EUNSUPPORTED, "the installed libcurl is too old");
}

int curl_loop_add(struct http_loop *h, struct curl_transfer *t, pipe_error *err)
{
	t->cancelled = false;
	if (h->lib.curl_easy_setopt(t->easy, CURLOPT_PRIVATE, t) != CURLE_OK ||
	    h->lib.curl_multi_add_handle(h->multi, t->easy) != CURLM_OK)
		return error_nomem(err);
	t->previous = NULL;
	t->next = h->first;
	if (h->first)
		h->first->previous = t;
	h->first = t;
	return PIPE_OK;
}

void curl_loop_cancel(struct http_loop *h, struct curl_transfer *t)
{
	t->cancelled = h->cancelling = true;
	arm(h);
}
