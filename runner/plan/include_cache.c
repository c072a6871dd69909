#include "runner/plan/include_cache.h"

#include "base/error.h"
#include "runner/files/beneath.h"
#include "runner/files/digest.h"
#include "runner/net/http.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct cached {
	const struct include_cached *request;
	struct arena *a;
	const char *path, *etag_path;
	const char *text; /* NULL: nothing is cached */
	size_t length;
	const char *etag; /* or NULL */
};

static int read_file(const char *path, uint64_t max, struct arena *a, const char **text, size_t *length)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc;

	if (fd < 0)
		return PIPE_ENOTFOUND;
	rc = fd_read_all(fd, path, max, a, text, length, NULL);
	close(fd);
	return rc;
}

static int look_up(struct cached *c, pipe_error *err)
{
	char hex[DIGEST_TEXT];
	struct digest *d;
	size_t length;
	int rc = digest_create(&d, "sha256", err);

	if (rc)
		return rc;
	digest_add(d, c->request->url, strlen(c->request->url));
	rc = digest_hex(d, hex, err);
	digest_free(d);
	if (rc)
		return rc;
	c->path = arena_printf(c->a, "%s/includes/%.40s", c->request->state_directory, hex);
	c->etag_path = arena_printf(c->a, "%s/includes/%.40s.etag", c->request->state_directory, hex);
	if (!c->path || !c->etag_path)
		return error_nomem(err);
	if (read_file(c->path, c->request->max_bytes, c->a, &c->text, &c->length))
		c->text = NULL;
	if (!c->text || read_file(c->etag_path, 256, c->a, &c->etag, &length))
		c->etag = NULL;
	return PIPE_OK;
}

/* There is a whole file or none; one that cannot be kept is only fetched again. */
static bool keep_file(struct cached *c, const char *path, const char *text, size_t length)
{
	char *temporary = arena_printf(c->a, "%s.XXXXXX", path);
	int fd = temporary ? mkostemp(temporary, O_CLOEXEC) : -1;
	bool ok;

	if (fd < 0)
		return false;
	ok = !fd_write_all(fd, text, length) && !fchmod(fd, 0644);
	ok = !close(fd) && ok && !rename(temporary, path);
	if (!ok)
		unlink(temporary);
	return ok;
}

/* The tag goes first and comes last: a new text is never found beside an old tag. */
static void keep(struct cached *c, const char *etag)
{
	const char *directory = arena_printf(c->a, "%s/includes", c->request->state_directory);

	if (!directory)
		return;
	(void)mkdir(c->request->state_directory, 0777);
	(void)mkdir(directory, 0777);
	unlink(c->etag_path);
	if (keep_file(c, c->path, c->text, c->length) && *etag)
		(void)keep_file(c, c->etag_path, etag, strlen(etag));
}

static int ask(struct cached *c, bool *stale, const char **why, pipe_error *err)
{
	const struct include_cached *r = c->request;
	struct http_get get = {
		.url = r->url, .timeout_ms = r->timeout_ms, .max_bytes = r->max_bytes, .etag = c->etag, .integrity = r->integrity
	};
	struct http_reply reply;
	pipe_error failed;
	int rc = http_get(&get, &reply, &failed);

	if (rc == PIPE_ENETWORK && c->text) {
		*stale = true;
		*why = arena_strdup(c->a, failed.text);
		return *why ? PIPE_OK : error_nomem(err);
	}
	if (rc) {
		if (err)
			*err = failed;
		return rc;
	}
	if (reply.status != 304) {
		c->length = reply.body.length;
		c->text = arena_strndup(c->a, reply.body.data, reply.body.length);
		if (c->text)
			keep(c, reply.etag);
	}
	http_reply_clear(&reply);
	return c->text ? PIPE_OK : error_nomem(err);
}

int include_cache_fetch(const struct include_cached *request, struct arena *a, const char **text, size_t *length, bool *stale,
			const char **why, pipe_error *err)
{
	struct cached c = { .request = request, .a = a };
	int rc = look_up(&c, err);

	*stale = false;
	if (rc)
		return rc;
	/* What has the hash that is asked for cannot have changed. */
	if (c.text && request->integrity && integrity_check(request->integrity, c.text, c.length, NULL) == PIPE_OK)
		goto found;
	if (request->offline && !c.text)
		return error_set(err, PIPE_ENOTFOUND, "%s has not been fetched yet, and this is offline", request->url);
	if (!request->offline)
		rc = ask(&c, stale, why, err);
	if (rc == PIPE_OK && request->integrity)
		rc = integrity_check(request->integrity, c.text, c.length, err);
	if (rc)
		return rc;
found:
	*text = c.text;
	*length = c.length;
	return PIPE_OK;
}
