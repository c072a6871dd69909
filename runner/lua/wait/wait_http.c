/* pipe.http, on the loop. */
#include "base/error.h"
#include "lua/limits.h"
#include "runner/lua/wait/drive_inside.h"

#include <stdlib.h>

/* The server sends us elsewhere: only to where the pipeline file allows. */
static bool may_follow(void *payload, const char *url)
{
	struct lua_drive *d = payload;
	struct str line;

	if (lua_call_granted(d->call, url))
		return true;
	str_init(&line);
	str_printf(&line, "the server sends us to %.150s, which is not allowed; add to the pipeline file: ", url);
	lua_grant_line(LUA_GRANT_HTTP, url, &line);
	free(d->refusal);
	d->refusal = str_detach(&line);
	str_clear(&line);
	return false;
}

static void done(void *payload, int code, const struct exchange_reply *reply, const pipe_error *err)
{
	struct lua_drive *d = payload;
	pipe_error why = *err;

	d->http = NULL;
	d->answer.ms = reply->ms;
	if (code && d->refusal)
		error_set(&why, PIPE_EUSAGE, "%s", d->refusal);
	if (code) {
		drive_answer_error(d, why.code, &why);
		return;
	}
	d->answer.status = reply->status;
	d->answer.headers = reply->headers.data;
	d->answer.body = reply->body.data;
	d->answer.length = reply->body.length;
	drive_answer(d);
}

static int begin(struct lua_drive *d, const struct lua_wait *wait, pipe_error *err)
{
	const struct http_loop_request request = { .http = { .url = wait->http.url,
							     .method = wait->http.method,
							     .headers = wait->http.headers,
							     .body = wait->http.body,
							     .body_length = wait->http.body_length,
							     .insecure = wait->http.insecure,
							     .follow = wait->http.follow,
							     .timeout_ms = wait->timeout_ms,
							     .max_bytes = wait->http.max_bytes },
						   .may_follow = may_follow,
						   .done = done,
						   .payload = d };

	return http_loop_start(&d->http, d->o.http, &request, err);
}

static void cancel(struct lua_drive *d, bool again)
{
	(void)again;
	if (d->http)
		http_loop_cancel(d->http);
}

const struct drive_kind drive_http = { begin, cancel };
