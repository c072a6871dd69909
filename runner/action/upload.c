/* A file to an HTTP server, as it is or as a form's field.  It is sent once: what a second POST would do only the server knows. */
#include "base/error.h"
#include "runner/action/action.h"
#include "runner/net/transfer.h"
#include "runner/net/url.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

enum { IDLE_MS = 60000, ANSWER_MAX = 1 << 20, SHOWN_MAX = 1000 };

struct upload {
	const struct action_upload *a;
	struct action_context *context;
	const char *path, *shown; /* the address without credentials */
	int fd;
	uint64_t length;
};

static int open_file(struct upload *u, pipe_error *err)
{
	struct stat st;

	u->path = action_path(u->context, u->a->file);
	if (!u->path)
		return error_nomem(err);
	u->fd = open(u->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (u->fd < 0 || fstat(u->fd, &st))
		return error_errno(err, PIPE_ENOTFOUND, errno, "cannot read %s", u->a->file);
	if (!S_ISREG(st.st_mode))
		return error_set(err, PIPE_EUSAGE, "%s is not a regular file", u->a->file);
	u->length = (uint64_t)st.st_size;
	return PIPE_OK;
}

static int read_url(struct upload *u, pipe_error *err)
{
	struct url url;

	if (!url_parse(u->a->url, u->context->arena, &url))
		return error_nomem(err);
	u->shown = arena_strndup(u->context->arena, url.text, strcspn(url.text, "?#"));
	if (!u->shown)
		return error_nomem(err);
	if (strcasecmp(url.scheme, "http") != 0 && strcasecmp(url.scheme, "https") != 0)
		return error_set(err, PIPE_EUSAGE, "%s: a file is uploaded to an http:// or https:// address", u->shown);
	return PIPE_OK;
}

/* ---- what the server says ---- */

static bool holds(const char *text, const char *secret)
{
	return secret && strlen(secret) > 3 && strstr(text, secret) != NULL;
}

/* Line by line, into the log; bounded. */
static void show(const struct upload *u, const struct exchange_reply *reply)
{
	char text[SHOWN_MAX + 1];
	size_t n = reply->body.length < SHOWN_MAX ? reply->body.length : SHOWN_MAX;

	if (holds(reply->body.data, u->a->password) || holds(reply->body.data, u->a->token))
		return;
	memcpy(text, reply->body.data, n);
	text[n] = '\0';
	for (char *line = text, *end; *line; line = end) {
		end = line + strcspn(line, "\r\n");
		if (*end)
			*end++ = '\0';
		for (char *c = line; *c; c++)
			if ((unsigned char)*c < ' ' || *c == 0x7f)
				*c = ' ';
		if (*line)
			u->context->say(u->context->payload, line);
	}
}

static int judge(struct upload *u, const struct exchange_reply *reply, pipe_error *err)
{
	static const struct {
		long status;
		enum pipe_code code;
		const char *why;
	} meanings[] = {
		{ 401, PIPE_ENETWORK, "login was refused" },
		{ 403, PIPE_ENETWORK, "access is denied" },
		{ 404, PIPE_ENOTFOUND, "there is nothing at this address" },
		{ 409, PIPE_EBUSY, "it is already there" },
		{ 413, PIPE_ENETWORK, "it is too large for the server" },
		{ 0, PIPE_ENETWORK, "the server did not take it" },
	};
	size_t row = 0;

	show(u, reply);
	if (reply->status / 100 == 2) {
		u->context->answer = arena_strndup(u->context->arena, reply->body.data, reply->body.length);
		return u->context->answer ? PIPE_OK : error_nomem(err);
	}
	if (reply->status / 100 == 3)
		return error_set(err, PIPE_ENETWORK, "%s sends us to another address (status %ld), which a file is not sent to",
				 u->shown, reply->status);
	while (meanings[row].status && meanings[row].status != reply->status)
		row++;
	return error_set(err, meanings[row].code, "cannot upload %s to %s: %s (status %ld)", u->a->file, u->shown,
			 meanings[row].why, reply->status);
}

/* ---- sending ---- */

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static int send_file(struct upload *u, struct transfer *t, pipe_error *err)
{
	const struct action_upload *a = u->a;
	struct transfer_form form = { .field = a->field, .filename = base_name(a->file) };
	const char *ca_file = a->ca_file ? action_path(u->context, a->ca_file) : NULL;
	struct transfer_request q = { .url = a->url,
				      .method = a->method ? a->method : "POST",
				      .content_type = a->content_type ? a->content_type : "application/octet-stream",
				      .fd = &u->fd,
				      .length = u->length,
				      .form = a->field ? &form : NULL,
				      .user = a->user,
				      .password = a->password,
				      .bearer = a->token,
				      .ca_file = ca_file,
				      .insecure = a->insecure,
				      .idle_ms = IDLE_MS,
				      .max_bytes = ANSWER_MAX,
				      .cancel = u->context->cancel };
	struct exchange_reply reply;
	enum transfer_end end;
	pipe_error why = { 0 };
	int rc;

	if (a->ca_file && !ca_file)
		return error_nomem(err);
	exchange_reply_init(&reply);
	rc = transfer_perform(t, &q, &reply, &end, &why);
	if (rc)
		error_set(err, (enum pipe_code)rc, "cannot upload %s to %s: %s", a->file, u->shown, why.text);
	else
		rc = judge(u, &reply, err);
	exchange_reply_clear(&reply);
	return rc;
}

int action_upload(const void *arguments, struct action_context *context, pipe_error *err)
{
	struct upload u = { .a = arguments, .context = context, .fd = -1 };
	struct transfer *t = NULL;
	int rc = read_url(&u, err);

	if (rc == PIPE_OK)
		rc = open_file(&u, err);
	if (rc == PIPE_OK)
		rc = transfer_create(&t, err);
	if (rc == PIPE_OK)
		rc = send_file(&u, t, err);
	transfer_free(t);
	if (u.fd >= 0)
		close(u.fd);
	return rc;
}
