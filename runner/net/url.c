#include "runner/net/url.h"

#include <string.h>

/* host:path, where no slash stands before the colon (git's own rule); "c:" alone would be a drive. */
static const char *scp_colon(const char *text)
{
	const char *colon = strchr(text, ':');

	if (!colon || colon - text < 2 || memchr(text, '/', (size_t)(colon - text)))
		return NULL;
	return colon;
}

static const char *without_suffix(const char *path, struct arena *a)
{
	size_t n = strlen(path);

	while (n && path[n - 1] == '/')
		n--;
	if (n > 4 && !memcmp(path + n - 4, ".git", 4))
		n -= 4;
	while (n && path[n - 1] == '/')
		n--;
	return arena_strndup(a, path, n);
}

/* "/srv/git/group/me.git" -> "group/me" */
static bool parse_file(struct arena *a, struct url *out)
{
	const char *path = without_suffix(out->text, a), *p;
	int parts = 0;

	if (!path)
		return false;
	for (p = path + strlen(path); p > path && (p[-1] != '/' || ++parts < 2); p--)
		;
	out->scheme = "file";
	out->path = p;
	out->before_path = (size_t)(p - path);
	return true;
}

static bool parse_scp(const char *colon, struct arena *a, struct url *out)
{
	const char *at = memchr(out->text, '@', (size_t)(colon - out->text)), *host = at ? at + 1 : out->text, *path = colon + 1;

	path += strspn(path, "/");
	out->scheme = "ssh";
	out->host = arena_strndup(a, host, (size_t)(colon - host));
	out->path = without_suffix(path, a);
	out->before_path = (size_t)(path - out->text);
	return out->host && out->path;
}

/* "https://user:word@host:8443/group/project.git": start is behind "://". */
static bool parse_scheme(size_t scheme, struct arena *a, struct url *out)
{
	const char *start = out->text + scheme + 3, *slash = start + strcspn(start, "/?#"), *host = start, *end, *path;

	for (const char *p = start; p < slash; p++)
		if (*p == '@')
			host = p + 1;
	end = slash;
	for (const char *p = host; p < slash && *host != '['; p++)
		if (*p == ':') {
			end = p;
			break;
		}
	path = slash + strspn(slash, "/");
	out->scheme = arena_strndup(a, out->text, scheme);
	out->host = arena_strndup(a, host, (size_t)(end - host));
	out->port = end < slash ? arena_strndup(a, end + 1, (size_t)(slash - end) - 1) : "";
	out->path = without_suffix(path, a);
	out->before_path = (size_t)(path - out->text);
	return out->scheme && out->host && out->port && out->path;
}

/* The user of ssh says nothing secret and is needed; everything else before the "@" goes to *login. */
static const char *without_credentials(const char *text, size_t scheme, struct arena *a, const char **login)
{
	const char *start = text + scheme + 3, *slash = start + strcspn(start, "/?#"), *at = NULL, *keep, *colon;

	for (const char *p = start; p < slash; p++)
		if (*p == '@')
			at = p;
	if (!at)
		return arena_strdup(a, text);
	if (scheme == 3 && !memcmp(text, "ssh", 3)) {
		colon = memchr(start, ':', (size_t)(at - start));
		keep = colon ? colon : at;
		return arena_printf(a, "%.*s%s", (int)(keep - text), text, at);
	}
	*login = arena_strndup(a, start, (size_t)(at - start));
	return *login ? arena_printf(a, "%.*s%s", (int)(start - text), text, at + 1) : NULL;
}

bool url_parse(const char *text, struct arena *a, struct url *out)
{
	const char *mark = strstr(text, "://"), *colon;
	size_t scheme = mark ? (size_t)(mark - text) : 0;

	*out = (struct url){ .text = "", .login = "", .scheme = "", .host = "", .port = "", .path = "" };
	if (!*text)
		return true;
	out->text = mark ? without_credentials(text, scheme, a, &out->login) : arena_strdup(a, text);
	if (!out->text)
		return false;
	if (mark && strncmp(text, "file://", 7))
		return parse_scheme(scheme, a, out);
	colon = mark ? NULL : scp_colon(out->text);
	return colon ? parse_scp(colon, a, out) : parse_file(a, out);
}

const char *url_sibling(const struct url *url, const char *project, struct arena *a)
{
	return arena_printf(a, "%.*s%s.git", (int)url->before_path, url->text, project);
}

bool url_is_project_path(const char *path)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.+/";

	if (!*path || path[strspn(path, allowed)])
		return false;
	for (const char *p = path; p; p = strchr(p, '/'), p = p ? p + 1 : NULL)
		if (*p == '.' || *p == '-' || *p == '/' || !*p)
			return false;
	return true;
}
