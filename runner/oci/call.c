/*
 * The way of a call.  Invariant: our login goes to the registry's own address (scheme, host and port) and to the server that it names for
 * logging in, and nowhere else.
 */
#include "base/error.h"
#include "runner/oci/client.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { REDIRECTS_MAX = 5, PAUSE_MS = 250, PAUSE_MAX_MS = 8000, LOOK_MS = 50, RETRY_AFTER_MAX_S = 120 };

/* ---- waiting ---- */

int registry_wait(const struct registry *r, int64_t ms)
{
	const atomic_bool *cancel = r->options.cancel;

	for (; ms > 0 && !(cancel && atomic_load(cancel)); ms -= LOOK_MS) {
		struct timespec pause = { .tv_nsec = (ms < LOOK_MS ? ms : LOOK_MS) * 1000000 };
		nanosleep(&pause, NULL);
	}
	return cancel && atomic_load(cancel) ? PIPE_ENETWORK : PIPE_OK;
}

/* Many jobs that were turned away at once must not come back at once. */
int64_t registry_pause(unsigned attempt)
{
	int64_t ms = attempt < 5 ? (int64_t)PAUSE_MS << attempt : PAUSE_MAX_MS;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return ms * 3 / 4 + (now.tv_nsec / 1000) % (ms / 2);
}

/* ---- one request ---- */

static int send_request(struct registry *r, struct registry_call *c, const char *url, struct exchange_reply *reply,
			enum transfer_end *end, pipe_error *err)
{
	bool own = transfer_same_origin(r->transfer, r->base, url);
	struct transfer_request q = {
		.url = url,
		.method = c->method,
		.headers = c->headers,
		.content_type = c->content_type,
		.body = c->body,
		.fd = c->fd,
		.offset = c->offset,
		.length = c->length,
		.bearer = own ? registry_token_for(r, c) : NULL,
		.ca_file = r->ca_file,
		.certificate = own ? r->certificate : NULL,
		.key = own ? r->key : NULL,
		.insecure = r->options.insecure,
		.idle_ms = r->options.timeout_ms,
		.max_bytes = c->max_bytes,
		.take = c->take,
		.payload = c->payload,
		.cancel = r->options.cancel,
	};

	if (own && r->scheme == CHALLENGE_BASIC && r->credential_repository && !strcmp(r->credential_repository, c->repository)) {
		q.user = r->credential.user;
		q.password = r->credential.password;
	}
	c->anywhere = !own;
	return transfer_perform(r->transfer, &q, reply, end, err);
}

/* GET and HEAD may be sent anywhere else; what changes something only where it is to be the same request (RFC 9110, 15.4). */
static bool is_redirect(const struct registry_call *c, long status)
{
	bool reads = !strcmp(c->method, "GET") || !strcmp(c->method, "HEAD");

	return status == 307 || status == 308 || (reads && (status == 301 || status == 302 || status == 303));
}

static int follow(struct registry *r, struct registry_call *c, const struct exchange_reply *reply, char **url, pipe_error *err)
{
	char location[8192], *next;
	pipe_error why = { 0 };
	int rc;

	if (!registry_header(reply, "Location", location, sizeof(location)))
		return registry_failed(r, c, PIPE_ENETWORK, err, "the registry sends us elsewhere (status %ld), but not where",
				       reply->status);
	rc = transfer_resolve(r->transfer, *url, location, &next, &why);
	if (rc)
		return registry_failed(r, c, rc, err, "the registry sends us elsewhere: %s", why.text);
	if (r->base == r->https && !r->options.insecure && strncmp(next, "https:", 6) != 0) {
		free(next);
		return registry_failed(r, c, PIPE_ENETWORK, err, "the registry sends us to an address without TLS");
	}
	free(*url);
	*url = next;
	return PIPE_OK;
}

/* One request with the redirects and the login that it needs: an answer that is neither, or why there is none (c->lost). */
static int converse(struct registry *r, struct registry_call *c, const char *first, struct exchange_reply *reply, pipe_error *err)
{
	char *url = strdup(first);
	enum transfer_end end;
	unsigned redirects = 0;
	bool logged_in = false;
	pipe_error why = { 0 };
	int rc = url ? PIPE_OK : error_nomem(err);

	while (rc == PIPE_OK) {
		rc = send_request(r, c, url, reply, &end, &why);
		if (rc) {
			c->lost = end == TRANSFER_LOST;
			registry_failed(r, c, rc, err, "%s", why.text);
		} else if (is_redirect(c, reply->status)) {
			rc = redirects++ < REDIRECTS_MAX ? follow(r, c, reply, &url, err)
							 : registry_failed(r, c, PIPE_ENETWORK, err,
									   "the registry sends us from one address to the next");
		} else if (reply->status == 401 && !c->anywhere && !logged_in) {
			logged_in = true;
			rc = registry_login(r, c, reply, err);
		} else {
			break;
		}
	}
	free(url);
	return rc;
}

/* ---- http or https ---- */

static int speaks(struct registry *r, const char *base, bool *lost, pipe_error *err)
{
	char *url = NULL;
	struct transfer_request q = { .method = "GET",
				      .ca_file = r->ca_file,
				      .certificate = r->certificate,
				      .key = r->key,
				      .insecure = r->options.insecure,
				      .idle_ms = r->options.timeout_ms,
				      .max_bytes = REGISTRY_JSON_MAX,
				      .cancel = r->options.cancel };
	struct exchange_reply reply;
	enum transfer_end end;
	int rc = transfer_resolve(r->transfer, base, "/v2/", &url, err);

	*lost = false;
	if (rc)
		return rc;
	q.url = url;
	exchange_reply_init(&reply);
	rc = transfer_perform(r->transfer, &q, &reply, &end, err);
	*lost = end == TRANSFER_LOST;
	exchange_reply_clear(&reply);
	free(url);
	return rc;
}

/* TLS first.  Only a server that speaks none is taken at its word: a certificate that is wrong stays an error. */
static int find_base(struct registry *r, struct registry_call *c, pipe_error *err)
{
	pipe_error why = { 0 };
	bool lost, lost_too;
	int rc;

	if (r->base)
		return PIPE_OK;
	rc = speaks(r, r->https, &lost, &why);
	if (rc == PIPE_OK) {
		r->base = r->https;
	} else if (lost && speaks(r, r->http, &lost_too, NULL) == PIPE_OK) {
		r->base = r->http;
		rc = PIPE_OK;
	} else {
		c->lost = lost;
		registry_failed(r, c, rc, err, "%s", why.text);
	}
	return rc;
}

/* ---- the whole ---- */

static char *address_of(const struct registry *r, const struct registry_call *c)
{
	struct str url;

	if (c->url)
		return strdup(c->url);
	str_init(&url);
	str_printf(&url, "%s/v2/%s/%s", r->base, c->repository, c->path);
	return str_detach(&url);
}

static int attempt(struct registry *r, struct registry_call *c, struct exchange_reply *reply, pipe_error *err)
{
	char *url;
	int rc;

	c->lost = false;
	c->anywhere = false;
	rc = find_base(r, c, err);
	if (rc)
		return rc;
	url = address_of(r, c);
	rc = url ? converse(r, c, url, reply, err) : error_nomem(err);
	free(url);
	return rc;
}

static bool is_temporary(const struct registry_call *c, long status)
{
	static const long busy[] = { 408, 500, 502, 503, 504 };

	for (size_t i = 0; !c->once && i < sizeof(busy) / sizeof(*busy); i++)
		if (status == busy[i])
			return true;
	return status == 429;
}

/* Answered, but come again later: after how long; negative: not in our time. */
static int64_t asked_to_wait(const struct registry *r, unsigned tried)
{
	int64_t seconds = transfer_retry_after(r->transfer);

	if (seconds > RETRY_AFTER_MAX_S)
		return -1;
	return seconds > 0 ? seconds * 1000 : registry_pause(tried);
}

int registry_call(struct registry *r, struct registry_call *c, struct exchange_reply *reply, pipe_error *err)
{
	for (unsigned tried = 0;; tried++) {
		int rc = attempt(r, c, reply, err);
		int64_t pause = registry_pause(tried);

		if (rc ? !c->lost || c->once : !is_temporary(c, reply->status))
			return rc;
		if (rc == PIPE_OK)
			pause = asked_to_wait(r, tried);
		if (tried >= r->options.retries || pause < 0)
			return rc;
		if (registry_wait(r, pause))
			return registry_failed(r, c, PIPE_ENETWORK, err, "cancelled");
	}
}
