#include "stages/probe_text.h"

#include "base/error.h"
#include "pipeline/rule/expression.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PORT_DIGITS = 5, PORT_MOST = 65535, HOST_MOST = 255 };

static bool no(pipe_error *why, const char *what)
{
	error_set(why, PIPE_EPIPELINE, "%s", what);
	return false;
}

/* ---- addresses ---- */

static bool is_port(const char *text, size_t length)
{
	return length && length <= PORT_DIGITS && strspn(text, "0123456789") >= length && strtol(text, NULL, 10) > 0 &&
	       strtol(text, NULL, 10) <= PORT_MOST;
}

static bool is_host(const char *text, size_t length)
{
	if (!length || length > HOST_MOST)
		return false;
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f || strchr("/?#@\\[]", text[i]))
			return false;
	return true;
}

bool probe_address_split(const char *text, const char **host, size_t *host_length, const char **port)
{
	const char *colon = strrchr(text, ':');
	size_t length = colon ? (size_t)(colon - text) : 0;

	if (!length || !is_port(colon + 1, strlen(colon + 1)))
		return false;
	if (*text == '[' && text[length - 1] == ']') {
		text++;
		length -= 2;
	} else if (memchr(text, ':', length)) {
		return false;
	}
	*host = text;
	*host_length = length;
	*port = colon + 1;
	return is_host(text, length);
}

bool probe_address_check(const char *text, pipe_error *why)
{
	const char *host, *port;
	size_t length;

	return probe_address_split(text, &host, &length, &port) || no(why, "write host:port, or [address]:port with IPv6");
}

/* The part that names the server; NULL: there is no scheme, or no server. */
static const char *server_of_url(const char *text, const char **end)
{
	const char *host = !strncasecmp(text, "http://", 7) ? text + 7 : !strncasecmp(text, "https://", 8) ? text + 8 : NULL;

	if (!host)
		return NULL;
	*end = host + strcspn(host, "/?#");
	return *end > host ? host : NULL;
}

bool probe_url_check(const char *text, pipe_error *why)
{
	const char *end;

	if (!server_of_url(text, &end))
		return no(why, "write an address that begins with http:// or https://");
	for (; *text; text++)
		if ((unsigned char)*text <= ' ' || *text == 0x7f)
			return no(why, "an address has no blanks: write %20 for one");
	return true;
}

bool probe_grpc_check(const char *text, pipe_error *why)
{
	const char *end = NULL;

	if (probe_address_check(text, NULL))
		return true;
	if (server_of_url(text, &end) && !strcmp(end + (*end == '/'), "") && probe_url_check(text, NULL))
		return true;
	return no(why, "write host:port, or https://host:port with TLS");
}

/* ---- methods and status ---- */

bool probe_method_check(const char *text, pipe_error *why)
{
	size_t n = strlen(text);

	for (size_t i = 0; i < n; i++)
		if (!isalnum((unsigned char)text[i]) && !strchr("!#$%&'*+-.^_`|~", text[i]))
			n = 0;
	return n || no(why, "write a method such as GET, POST or HEAD");
}

/* "200", "2xx", "200-299" at *at, which moves behind it. */
static bool read_range(const char **at, long *low, long *high)
{
	const char *p = *at;
	char *end;

	if (*p >= '1' && *p <= '9' && (p[1] | 0x20) == 'x' && (p[2] | 0x20) == 'x') {
		*low = (*p - '0') * 100L;
		*high = *low + 99;
		*at = p + 3;
		return true;
	}
	if (!isdigit((unsigned char)*p))
		return false;
	*low = *high = strtol(p, &end, 10);
	if (*end == '-') {
		if (!isdigit((unsigned char)end[1]))
			return false;
		*high = strtol(end + 1, &end, 10);
	}
	*at = end;
	return true;
}

/* Do all of its ranges make sense, and is the status in one of them? */
static bool read_status(const char *text, long status, bool *fits)
{
	const char *at = text + strspn(text, " ");
	long low, high;

	*fits = false;
	do {
		if (!read_range(&at, &low, &high) || low > high || low < 100 || high > 999)
			return false;
		*fits |= status >= low && status <= high;
		at += strspn(at, " ");
	} while (*at == ',' && (at += 1 + strspn(at + 1, " ")));
	return !*at;
}

bool probe_status_fits(const char *text, long status)
{
	bool fits;

	return read_status(text, status, &fits) && fits;
}

bool probe_status_check(const char *text, pipe_error *why)
{
	bool fits;

	return read_status(text, 0, &fits) || no(why, "write a status such as 200, 2xx or 200-299, several with commas");
}

/* ---- patterns ---- */

bool probe_pattern(const char *text, const char **pattern, size_t *length)
{
	size_t n = strlen(text);

	if (n < 3 || text[0] != '/' || text[n - 1] != '/')
		return false;
	*pattern = text + 1;
	*length = n - 2;
	return true;
}

bool probe_pattern_check(const char *text, pipe_error *why)
{
	struct regex *regex;
	const char *pattern;
	size_t length;

	if (!probe_pattern(text, &pattern, &length))
		return true;
	regex = regex_compile(NULL, pattern, length, NULL, why);
	regex_free(regex);
	return regex != NULL;
}

/* ---- JSONPath ---- */

const char *probe_path_start(const char *path)
{
	return path + (*path == '$');
}

static bool add_byte(struct probe_path_step *out, char c)
{
	if (out->length + 1 == sizeof(out->name))
		return false;
	out->name[out->length++] = c;
	return true;
}

/* What stands for a character behind a backslash; 0: nothing. */
static char unescape(char c)
{
	static const char from[] = "bfnrt/\\'\"", to[] = "\b\f\n\r\t/\\'\"";
	const char *at = c ? strchr(from, c) : NULL;

	return at ? to[at - from] : '\0';
}

/* 'name' or "name" in brackets. */
static const char *read_quoted(const char *at, struct probe_path_step *out)
{
	char quote = *at++;

	for (; *at && *at != quote; at++) {
		char c = *at != '\\' ? *at : unescape(*++at);
		if (!c || !add_byte(out, c))
			return NULL;
	}
	return *at == quote && at[1] == ']' ? at + 2 : NULL;
}

static const char *read_index(const char *at, struct probe_path_step *out)
{
	const char *digits = at + (*at == '-');
	char *end;

	if (!isdigit((unsigned char)*digits))
		return NULL;
	out->is_index = true;
	out->index = strtol(at, &end, 10);
	return *end == ']' ? end + 1 : NULL;
}

const char *probe_path_step(const char *at, struct probe_path_step *out)
{
	size_t n;

	memset(out, 0, sizeof(*out));
	if (*at == '[')
		return at[1] == '\'' || at[1] == '"' ? read_quoted(at + 1, out) : read_index(at + 1, out);
	if (*at != '.')
		return NULL;
	n = strcspn(++at, ".[");
	if (!n || n >= sizeof(out->name) || strcspn(at, "*?]()'\" ") < n)
		return NULL;
	memcpy(out->name, at, n);
	out->length = n;
	return at + n;
}

bool probe_path_check(const char *text, pipe_error *why)
{
	const char *at = probe_path_start(text);
	struct probe_path_step step;

	if (!*text)
		return no(why, "write a JSONPath such as $.name[0].other");
	while (at && *at)
		at = probe_path_step(at, &step);
	return at || no(why, "write a JSONPath such as $.name[0].other, without wildcards, slices and filters");
}
