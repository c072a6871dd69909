/* The mail of pipe.notify, on the loop. */
#include "runner/lua/wait/drive_inside.h"

static void done(void *payload, int code, const pipe_error *err)
{
	struct lua_drive *d = payload;

	d->mail = NULL;
	if (code)
		drive_answer_error(d, code, err);
	else
		drive_answer(d);
}

static int begin(struct lua_drive *d, const struct lua_wait *wait, pipe_error *err)
{
	const struct mail_request request = { .url = wait->mail.url,
					      .from = wait->mail.from,
					      .to = wait->mail.to,
					      .message = wait->mail.message,
					      .length = wait->mail.length,
					      .user = wait->mail.user,
					      .password = wait->mail.password,
					      .timeout_ms = wait->timeout_ms,
					      .done = done,
					      .payload = d };

	return mail_start(&d->mail, d->o.http, &request, err);
}

static void cancel(struct lua_drive *d, bool again)
{
	(void)again;
	if (d->mail)
		mail_cancel(d->mail);
}

const struct drive_kind drive_mail = { begin, cancel };
