/*
 * Logging in: Basic as it is, or a token that the registry's own server gives out for a scope
 * (https://distribution.github.io/distribution/spec/auth/token/ and .../oauth/).  A password goes to the address that the registry names
 * and nowhere on from there: redirects of that server are not followed.
 */
#include "base/error.h"
#include "runner/oci/client.h"
#include "stages/scanner/advisory/text.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { TOKEN_ANSWER_MAX = 1 << 20, CHALLENGE_MAX = 8192 };

/* ---- tokens ---- */

static void forget(struct registry_token *t)
{
	free(t->repository);
	free(t->actions);
	free(t->text);
	*t = (struct registry_token){ NULL, NULL, NULL };
}

void registry_tokens_clear(struct registry *r)
{
	for (size_t i = 0; i < REGISTRY_TOKENS; i++)
		forget(&r->tokens[i]);
}

static struct registry_token *find(const struct registry *r, const struct registry_call *c)
{
	for (size_t i = 0; i < REGISTRY_TOKENS; i++) {
		const struct registry_token *t = &r->tokens[i];
		if (t->text && !strcmp(t->repository, c->repository) && !strcmp(t->actions, c->actions))
			return (struct registry_token *)t;
	}
	return NULL;
}

const char *registry_token_for(const struct registry *r, const struct registry_call *c)
{
	const struct registry_token *t = r->scheme == CHALLENGE_BEARER ? find(r, c) : NULL;

	return t ? t->text : NULL;
}

static int keep(struct registry *r, const struct registry_call *c, const char *text, pipe_error *err)
{
	struct registry_token *t = find(r, c), fresh = { strdup(c->repository), strdup(c->actions), strdup(text) };

	if (!fresh.repository || !fresh.actions || !fresh.text) {
		forget(&fresh);
		return error_nomem(err);
	}
	if (!t)
		t = &r->tokens[r->next_token++ % REGISTRY_TOKENS];
	forget(t);
	*t = fresh;
	r->scheme = CHALLENGE_BEARER;
	return PIPE_OK;
}

/* ---- asking for one ---- */

static void add_field(struct str *out, char first, const char *name, const char *value)
{
	str_printf(out, "%c%s=", first, name);
	registry_encode(out, value);
}

/* What the registry asks for, and what we are about to do: the two differ where a push begins with a look. */
static void add_scopes(struct str *out, char first, const struct registry_call *c, const struct challenge *challenge)
{
	struct str own;

	str_init(&own);
	str_printf(&own, "repository:%s:%s", c->repository, c->actions);
	if (*challenge->scope)
		add_field(out, first, "scope", challenge->scope);
	if (*c->repository && strcmp(own.data, challenge->scope) != 0)
		add_field(out, *challenge->scope ? '&' : first, "scope", own.data);
	out->failed |= own.failed;
	str_clear(&own);
}

/* OAuth 2 for an identity token; everybody else asks with GET. */
static void make_request(const struct registry *r, const struct registry_call *c, const struct challenge *challenge,
			 const char *realm, struct transfer_request *q, struct str *url, struct str *body)
{
	const struct credential *login = &r->credential;

	str_adds(url, realm);
	q->method = login->identity_token ? "POST" : "GET";
	if (!login->identity_token) {
		add_field(url, strchr(realm, '?') ? '&' : '?', "service", challenge->service);
		add_scopes(url, '&', c, challenge);
		q->user = login->user;
		q->password = login->password;
	} else {
		str_adds(body, "grant_type=refresh_token&client_id=pipe");
		add_field(body, '&', "service", challenge->service);
		add_scopes(body, '&', c, challenge);
		add_field(body, '&', "refresh_token", login->identity_token);
		q->content_type = "application/x-www-form-urlencoded";
		q->body = body->data;
		q->length = body->length;
	}
	q->url = url->data;
}

/* {"token": "..."}, or {"access_token": "..."} */
static int take_token(struct registry *r, const struct registry_call *c, const struct exchange_reply *reply, pipe_error *err)
{
	json_t *value = NULL;
	const char *token;
	int rc;

	if (advisory_json(reply->body.data, reply->body.length, "the answer", &value, NULL) == PIPE_ENOMEM)
		return error_nomem(err);
	token = json_string_value(json_object_get(value, "token"));
	if (!token || !*token)
		token = json_string_value(json_object_get(value, "access_token"));
	rc = token && *token ? keep(r, c, token, err)
			     : registry_failed(r, c, PIPE_ENETWORK, err, "the server that logs in answers without a token");
	json_decref(value);
	return rc;
}

static int judge_token(struct registry *r, struct registry_call *c, const struct exchange_reply *reply, pipe_error *err)
{
	struct exchange_reply refusal = *reply;
	struct str said;
	int rc;

	if (reply->status / 100 == 2)
		return take_token(r, c, reply, err);
	if (reply->status == 401 || reply->status == 403) {
		refusal.status = 401;
		return registry_refused(r, c, &refusal, err);
	}
	c->lost = reply->status == 429 || reply->status >= 500;
	str_init(&said);
	registry_said(r, reply, &said);
	rc = registry_failed(r, c, PIPE_ENETWORK, err, "the server that logs in answers with status %ld%s%s", reply->status,
			     said.length ? ": " : "", said.data);
	str_clear(&said);
	return rc;
}

static int ask(struct registry *r, struct registry_call *c, const struct challenge *challenge, const char *realm, pipe_error *err)
{
	struct transfer_request q = { .ca_file = r->ca_file,
				      .insecure = r->options.insecure,
				      .idle_ms = r->options.timeout_ms,
				      .max_bytes = TOKEN_ANSWER_MAX,
				      .cancel = r->options.cancel };
	struct exchange_reply reply;
	struct str url, body;
	enum transfer_end end;
	pipe_error why = { 0 };
	int rc;

	str_init(&url);
	str_init(&body);
	exchange_reply_init(&reply);
	make_request(r, c, challenge, realm, &q, &url, &body);
	if (url.failed || body.failed) {
		rc = error_nomem(err);
	} else if ((rc = transfer_perform(r->transfer, &q, &reply, &end, &why))) {
		c->lost = end == TRANSFER_LOST;
		registry_failed(r, c, rc, err, "the server that logs in: %s", why.text);
	} else {
		rc = judge_token(r, c, &reply, err);
	}
	exchange_reply_clear(&reply);
	str_clear(&url);
	str_clear(&body);
	return rc;
}

static int fetch(struct registry *r, struct registry_call *c, const struct challenge *challenge, pipe_error *err)
{
	bool known = r->credential.user || r->credential.identity_token;
	pipe_error why = { 0 };
	char *realm;
	int rc = registry_address(r, challenge->realm, &realm, &why);

	if (rc)
		return registry_failed(r, c, rc, err, "the server that logs in has no address that can be used");
	if (known && !r->options.insecure && r->base == r->https && strncasecmp(realm, "https:", 6) != 0)
		rc = registry_failed(r, c, PIPE_ENETWORK, err, "the registry wants the login sent to an address without TLS");
	else
		rc = ask(r, c, challenge, realm, err);
	free(realm);
	return rc;
}

/* ---- the choice ---- */

static bool read_challenges(const struct exchange_reply *reply, struct arena *a, struct challenge *out)
{
	const char *value = NULL;
	size_t length = 0;

	while (exchange_header(reply, "WWW-Authenticate", &value, &length))
		if (!challenge_read(value, length < CHALLENGE_MAX ? length : CHALLENGE_MAX, a, out))
			return false;
	return true;
}

static int know_credential(struct registry *r, const struct registry_call *c, pipe_error *err)
{
	pipe_error why = { 0 };
	int rc;

	if (r->credential_repository && !strcmp(r->credential_repository, c->repository))
		return PIPE_OK;
	r->credential_repository = NULL;
	rc = credential_find(&r->options, r->host, c->repository, &r->arena, &r->credential, &why);
	if (rc)
		return registry_failed(r, c, rc, err, "%s", why.text);
	r->credential_repository = arena_strdup(&r->arena, c->repository);
	return r->credential_repository ? PIPE_OK : error_nomem(err);
}

static int use_basic(struct registry *r, const struct registry_call *c, bool known, pipe_error *err,
		     const struct exchange_reply *reply)
{
	if (!r->credential.user || (known && r->scheme == CHALLENGE_BASIC))
		return registry_refused(r, c, reply, err);
	r->scheme = CHALLENGE_BASIC;
	return PIPE_OK;
}

int registry_login(struct registry *r, struct registry_call *c, const struct exchange_reply *reply, pipe_error *err)
{
	struct challenge challenge = CHALLENGE_INIT;
	struct arena a = ARENA_INIT;
	bool known = r->credential_repository && !strcmp(r->credential_repository, c->repository);
	int rc = read_challenges(reply, &a, &challenge) ? know_credential(r, c, err) : error_nomem(err);

	if (rc == PIPE_OK && challenge.scheme == CHALLENGE_BEARER && r->credential.registry_token)
		rc = registry_token_for(r, c) ? registry_refused(r, c, reply, err)
					      : keep(r, c, r->credential.registry_token, err);
	else if (rc == PIPE_OK && challenge.scheme == CHALLENGE_BEARER)
		rc = fetch(r, c, &challenge, err);
	else if (rc == PIPE_OK && challenge.scheme == CHALLENGE_BASIC)
		rc = use_basic(r, c, known, err, reply);
	else if (rc == PIPE_OK)
		rc = registry_refused(r, c, reply, err);
	arena_clear(&a);
	return rc;
}
