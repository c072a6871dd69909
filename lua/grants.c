/*
 * What the pipeline file allows its scripts.  An address is taken apart and put in order before it is compared, so that no way of writing it
 * (case, default port, `..`, `%2e`, a user in front) reaches further than what was granted.
 */
#include "base/arena.h"
#include "lua/limits.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* ---- addresses ---- */

struct address {
	const char *host, *path;
	size_t scheme_length, host_length, path_length;
	const char *scheme;
	unsigned port;
};

static const struct {
	const char *scheme;
	unsigned port;
} default_ports[] = { { "http", 80 }, { "https", 443 }, { "smtp", 25 }, { "smtps", 465 } };

static unsigned port_of_scheme(const char *scheme, size_t length)
{
	for (size_t i = 0; i < sizeof(default_ports) / sizeof(*default_ports); i++)
		if (strlen(default_ports[i].scheme) == length && !strncasecmp(default_ports[i].scheme, scheme, length))
			return default_ports[i].port;
	return 0;
}

/* ":443" or nothing, at the end of an authority. */
static bool parse_port(const char *text, size_t length, unsigned *port)
{
	unsigned value = 0;

	if (!length)
		return true;
	if (*text != ':' || length < 2 || length > 6)
		return false;
	for (size_t i = 1; i < length; i++) {
		if (!isdigit((unsigned char)text[i]))
			return false;
		value = value * 10 + (unsigned)(text[i] - '0');
	}
	*port = value;
	return value > 0 && value <= 65535;
}

static bool host_char(unsigned char c)
{
	return isalnum(c) || c == '.' || c == '-' || c == '_';
}

static size_t host_length(const char *authority, size_t length)
{
	size_t n = 0;

	if (length && *authority == '[') { /* IPv6 */
		while (n < length && authority[n] != ']' &&
		       (isxdigit((unsigned char)authority[n]) || strchr("[:.", authority[n])))
			n++;
		return n < length && authority[n] == ']' ? n + 1 : 0;
	}
	while (n < length && host_char((unsigned char)authority[n]))
		n++;
	return n;
}

/* false: not an absolute address of a known scheme, or one with something that could be read in two ways (a user, a backslash, a space,
 * an escape in the host). */
static bool parse_address(const char *text, struct address *out)
{
	const char *end = strstr(text, "://");
	size_t authority;

	memset(out, 0, sizeof(*out));
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c <= ' ' || *c == '\\' || *c == 0x7f)
			return false;
	if (!end)
		return false;
	out->scheme = text;
	out->scheme_length = (size_t)(end - text);
	out->port = port_of_scheme(out->scheme, out->scheme_length);
	out->host = end + 3;
	authority = strcspn(out->host, "/?#");
	out->host_length = host_length(out->host, authority);
	out->path = out->host + authority;
	out->path_length = strcspn(out->path, "?#");
	return out->port && out->host_length &&
	       parse_port(out->host + out->host_length, authority - out->host_length, &out->port);
}

/* The path with `%2e` read as a dot and `.` and `..` resolved (RFC 3986, 5.2.4), segments divided by one "/", in `out`; false: it holds an
 * escaped slash or backslash, which servers read as they like. */
static bool normal_path(const char *path, size_t length, char *out)
{
	size_t n = 0, segment;

	for (size_t i = 0; i < length; i = segment + 1) {
		char *start = out + n;

		for (segment = i; segment < length && path[segment] != '/'; segment++) {
			if (path[segment] != '%') {
				out[n++] = path[segment];
			} else if (!strncasecmp(path + segment, "%2e", 3)) {
				out[n++] = '.';
				segment += 2;
			} else if (!strncasecmp(path + segment, "%2f", 3) || !strncasecmp(path + segment, "%5c", 3)) {
				return false;
			} else {
				out[n++] = '%';
			}
		}
		out[n] = '\0';
		if (!*start)
			continue;
		if (!strcmp(start, "."))
			n = (size_t)(start - out);
		else if (!strcmp(start, ".."))
			for (n = (size_t)(start - out), n -= n > 0; n && out[n - 1] != '/'; n--)
				;
		else
			out[n++] = '/';
	}
	out[n] = '\0';
	return true;
}

/* Does the wanted path begin with the granted one, segment by segment?  Both are normal, and end in "/". */
static bool path_below(const char *granted, const char *wanted)
{
	return !strncmp(granted, wanted, strlen(granted));
}

static bool paths_match(const struct address *granted, const struct address *wanted)
{
	char *buffer = malloc(granted->path_length + wanted->path_length + 4);
	char *second = buffer ? buffer + granted->path_length + 2 : NULL;
	bool match = buffer && normal_path(granted->path, granted->path_length, buffer) &&
		     normal_path(wanted->path, wanted->path_length, second) && path_below(buffer, second);

	free(buffer);
	return match;
}

static bool address_granted(const char *granted, const char *wanted)
{
	struct address g, w;

	return parse_address(granted, &g) && parse_address(wanted, &w) && g.scheme_length == w.scheme_length &&
	       !strncasecmp(g.scheme, w.scheme, g.scheme_length) && g.host_length == w.host_length &&
	       !strncasecmp(g.host, w.host, g.host_length) && g.port == w.port && paths_match(&g, &w);
}

/* ---- the others ---- */

static bool text_granted(const char *granted, const char *wanted)
{
	return !strcmp(granted, wanted);
}

/* An absolute, normal path below a directory. */
static bool path_granted(const char *granted, const char *wanted)
{
	size_t length = strlen(granted);

	if (*granted != '/' || *wanted != '/' || strstr(wanted, "/../") || strstr(wanted, "/./"))
		return false;
	if (strlen(wanted) >= 3 && !strcmp(wanted + strlen(wanted) - 3, "/.."))
		return false;
	while (length && granted[length - 1] == '/')
		length--;
	return !strncmp(granted, wanted, length) && (!wanted[length] || wanted[length] == '/');
}

static const struct {
	const char *key;
	bool (*granted)(const char *granted, const char *wanted);
} grant_kinds[] = {
	[LUA_GRANT_HTTP] = { "http", address_granted }, [LUA_GRANT_EXEC] = { "exec", text_granted },
	[LUA_GRANT_READ] = { "read", path_granted },	[LUA_GRANT_SECRET] = { "secrets", text_granted },
	[LUA_GRANT_MAIL] = { "mail", address_granted },
};

static const char *const *list_of(const struct lua_grants *grants, enum lua_grant what)
{
	const char *const *const lists[] = {
		[LUA_GRANT_HTTP] = grants->http,      [LUA_GRANT_EXEC] = grants->exec, [LUA_GRANT_READ] = grants->read,
		[LUA_GRANT_SECRET] = grants->secrets, [LUA_GRANT_MAIL] = grants->mail,
	};

	return lists[what];
}

bool lua_granted(const struct lua_grants *grants, enum lua_grant what, const char *wanted)
{
	const char *const *list = grants ? list_of(grants, what) : NULL;

	if (grants && grants->all & 1u << what)
		return true;
	for (; list && *list; list++)
		if (grant_kinds[what].granted(*list, wanted))
			return true;
	return false;
}

/* ---- the line to add ---- */

size_t lua_grant_shown(enum lua_grant what, const char *wanted)
{
	struct address a;

	if ((what != LUA_GRANT_HTTP && what != LUA_GRANT_MAIL) || !parse_address(wanted, &a))
		return strcspn(wanted, "\n");
	return (size_t)(a.path - wanted);
}

static bool plain(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (!isalnum((unsigned char)text[i]) && !strchr("_./-", text[i]))
			return false;
	return length > 0 && (isalpha((unsigned char)*text) || *text == '/');
}

void lua_grant_line(enum lua_grant what, const char *wanted, struct str *out)
{
	size_t length = lua_grant_shown(what, wanted);

	str_printf(out, "lua: {allow: {%s: [", grant_kinds[what].key);
	if (plain(wanted, length)) {
		str_add(out, wanted, length);
	} else {
		str_addc(out, '"');
		for (size_t i = 0; i < length; i++) {
			if (wanted[i] == '"' || wanted[i] == '\\')
				str_addc(out, '\\');
			str_addc(out, wanted[i]);
		}
		str_addc(out, '"');
	}
	str_adds(out, "]}}");
}
