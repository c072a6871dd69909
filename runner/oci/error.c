/*
 * What goes wrong with a registry, in one sentence: where, what was asked, why, and what the registry says to it.  What it says is foreign:
 * it is cut, cleaned, and left out where it repeats what is secret.
 */
#include "base/error.h"
#include "base/utf8.h"
#include "runner/oci/client.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { SAID_MAX = 200, ERRORS_MAX = 3 };

/* ---- what the registry says ---- */

static bool holds(const char *text, const char *secret)
{
	return secret && strlen(secret) > 3 && strstr(text, secret) != NULL;
}

static bool holds_secret(const struct registry *r, const char *text)
{
	const struct credential *c = &r->credential;
	bool found = holds(text, c->password) || holds(text, c->identity_token) || holds(text, c->registry_token);

	for (size_t i = 0; i < REGISTRY_TOKENS; i++)
		found |= holds(text, r->tokens[i].text);
	return found;
}

/* One line of at most SAID_MAX bytes. */
static void clean(char *text, size_t length)
{
	bool utf8 = utf8_valid(text, length) == length;
	size_t n = length < SAID_MAX ? length : SAID_MAX;

	while (utf8 && n < length && n && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	text[n] = '\0';
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];
		if (c < ' ' || c == 0x7f)
			text[i] = ' ';
		else if (c >= 0x80 && !utf8)
			text[i] = '?';
	}
}

/* {"errors":[{"code":"UNAUTHORIZED","message":"...","detail":...}]}; token servers say {"details":"..."} or {"error":"..."}. */
static void read_errors(const json_t *value, struct str *out)
{
	static const char *const others[] = { "details", "error_description", "message", "error" };
	json_t *errors = json_object_get(value, "errors");

	for (size_t i = 0; i < json_array_size(errors) && i < ERRORS_MAX; i++) {
		const json_t *e = json_array_get(errors, i);
		const char *code = json_string_value(json_object_get(e, "code"));
		const char *message = json_string_value(json_object_get(e, "message"));
		str_printf(out, "%s%s%s%s", out->length ? "; " : "", code ? code : "", code && message ? ": " : "",
			   message ? message : "");
	}
	for (size_t i = 0; i < sizeof(others) / sizeof(*others) && !out->length; i++) {
		const char *text = json_string_value(json_object_get(value, others[i]));
		str_adds(out, text ? text : "");
	}
}

/* A page for people says nothing in its first line. */
static void read_line(const char *text, struct str *out)
{
	text += strspn(text, " \t\r\n");
	if (*text != '<' && *text != '{')
		str_add(out, text, strcspn(text, "\r\n"));
}

void registry_said(const struct registry *r, const struct exchange_reply *reply, struct str *out)
{
	json_t *value = reply->body.failed ? NULL : json_loadb(reply->body.data, reply->body.length, 0, NULL);

	if (value)
		read_errors(value, out);
	else
		read_line(reply->body.data, out);
	json_decref(value);
	if (out->failed || !out->length)
		return;
	if (r && holds_secret(r, out->data)) {
		str_reset(out);
		str_adds(out, "(what it says is left out: it repeats a secret)");
	}
	clean(out->data, out->length);
	out->length = strlen(out->data);
}

/* ---- sentences ---- */

int registry_failed(const struct registry *r, const struct registry_call *c, int code, pipe_error *err, const char *format, ...)
{
	bool digest = strchr(c->reference, ':') != NULL;
	struct str text;
	va_list ap;

	str_init(&text);
	str_printf(&text, "%s", r->host);
	if (*c->repository)
		str_printf(&text, "/%s", c->repository);
	if (*c->reference)
		str_printf(&text, "%c%s", digest ? '@' : ':', c->reference);
	str_printf(&text, ": cannot %s: ", c->what);
	va_start(ap, format);
	str_vprintf(&text, format, ap);
	va_end(ap);
	code = text.failed ? error_nomem(err) : error_set(err, (enum pipe_code)code, "%s", text.data);
	str_clear(&text);
	return code;
}

static void say_login(const struct registry *r, struct str *why)
{
	const struct credential *c = &r->credential;

	if (c->user)
		str_printf(why, "login was refused for the user \"%.60s\" (of %s)", c->user, c->source);
	else if (c->identity_token || c->registry_token)
		str_printf(why, "login was refused with the token of %s", c->source);
	else
		str_printf(why, "it wants a login, and there is none for %s (looked for in %s)", r->host,
			   c->source ? c->source : "nothing");
}

/* The first row that fits; 0: any status. */
static const struct {
	long status;
	enum pipe_code code;
	const char *why; /* NULL: say_login */
} meanings[] = {
	{ 401, PIPE_ENETWORK, NULL },
	{ 403, PIPE_ENETWORK, "access is denied" },
	{ 404, PIPE_ENOTFOUND, "it is not there" },
	{ 405, PIPE_EUNSUPPORTED, "the registry does not allow it" },
	{ 413, PIPE_ENETWORK, "it is too large for the registry" },
	{ 429, PIPE_ENETWORK, "the registry is asked too often" },
	{ 507, PIPE_ENETWORK, "the registry has no room left" },
	{ 0, PIPE_ENETWORK, "the registry answered" },
};

int registry_refused(const struct registry *r, const struct registry_call *c, const struct exchange_reply *reply, pipe_error *err)
{
	size_t row = 0;
	struct str why, said;
	int rc;

	while (meanings[row].status && meanings[row].status != reply->status)
		row++;
	str_init(&why);
	str_init(&said);
	if (c->anywhere)
		str_adds(&why, "the host that the registry sends us to says: ");
	if (meanings[row].why)
		str_adds(&why, meanings[row].why);
	else
		say_login(r, &why);
	str_printf(&why, " (status %ld)", reply->status);
	registry_said(r, reply, &said);
	rc = why.failed || said.failed
		     ? error_nomem(err)
		     : registry_failed(r, c, meanings[row].code, err, "%s%s%s", why.data, said.length ? ": " : "", said.data);
	str_clear(&why);
	str_clear(&said);
	return rc;
}
