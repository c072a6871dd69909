/* Package URLs taken apart, and compared: letters of names in any case, and PyPI's `_` is its `-`. */
#include "stages/scanner/suppress/suppress_purl.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 0x20);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* What is no escape, or would be a NUL, stays as it is. */
static char *decode(struct arena *a, const char *text, size_t length)
{
	char *out = arena_text(a, length + 1), *to = out;

	for (size_t i = 0; out && i < length; i++) {
		int value = text[i] == '%' && length - i > 2 && digit(text[i + 1]) >= 0 && digit(text[i + 2]) >= 0
				    ? digit(text[i + 1]) * 16 + digit(text[i + 2])
				    : 0;

		*to++ = value ? (char)value : text[i];
		i += value ? 2 : 0;
	}
	if (out)
		*to = '\0';
	return out;
}

static bool read_qualifiers(struct arena *a, struct purl *p, const char *text, size_t length)
{
	for (const char *end = text + length; text < end && p->count < PURL_QUALIFIERS;) {
		const char *stop = memchr(text, '&', (size_t)(end - text));
		size_t n = (size_t)((stop ? stop : end) - text);
		const char *equals = memchr(text, '=', n);

		if (equals) {
			struct purl_qualifier *q = &p->qualifiers[p->count++];

			q->key = decode(a, text, (size_t)(equals - text));
			q->value = decode(a, equals + 1, n - (size_t)(equals - text) - 1);
			if (!q->key || !q->value)
				return false;
		}
		text += n + 1;
	}
	return true;
}

struct purl *purl_parse(struct arena *a, const char *text)
{
	struct purl *p = strncasecmp(text, "pkg:", 4) ? NULL : ARENA_NEW(a, struct purl);
	size_t whole, path;
	const char *slash, *at;

	if (!p)
		return NULL;
	text += 4;
	text += strspn(text, "/");
	whole = strcspn(text, "#");
	path = strcspn(text, "?#");
	slash = memchr(text, '/', path);
	if (!slash || slash == text)
		return NULL;
	p->type = decode(a, text, (size_t)(slash - text));
	p->subpath = decode(a, text + whole + (text[whole] == '#'), strlen(text + whole) - (text[whole] == '#'));
	if (path < whole && !read_qualifiers(a, p, text + path + 1, whole - path - 1))
		return NULL;
	at = memrchr(slash, '@', path - (size_t)(slash - text));
	/* A scope's `@` that nobody encoded begins a segment. */
	if (at && (at[-1] == '/' || memchr(at, '/', path - (size_t)(at - text))))
		at = NULL;
	p->version = at ? decode(a, at + 1, path - (size_t)(at - text) - 1) : "";
	slash += strspn(slash, "/");
	p->path = decode(a, slash, (size_t)((at ? at : text + path) - slash));
	return p->type && p->subpath && p->version && p->path && *p->path ? p : NULL;
}

static bool same_path(const char *one, const char *two, bool pypi)
{
	for (; *one && *two; one++, two++) {
		char a = (char)tolower((unsigned char)*one), b = (char)tolower((unsigned char)*two);

		if (pypi && a == '_')
			a = '-';
		if (pypi && b == '_')
			b = '-';
		if (a != b)
			return false;
	}
	return !*one && !*two;
}

static bool has_qualifier(const struct purl *p, const struct purl_qualifier *wanted)
{
	for (uint32_t i = 0; i < p->count; i++)
		if (!strcasecmp(p->qualifiers[i].key, wanted->key))
			return !strcmp(p->qualifiers[i].value, wanted->value);
	return false;
}

bool purl_matches(const struct purl *pattern, const struct purl *package)
{
	if (strcasecmp(pattern->type, package->type) ||
	    !same_path(pattern->path, package->path, !strcasecmp(pattern->type, "pypi")))
		return false;
	if (*pattern->version && strcmp(pattern->version, package->version) != 0)
		return false;
	if (*pattern->subpath && strcmp(pattern->subpath, package->subpath) != 0)
		return false;
	for (uint32_t i = 0; i < pattern->count; i++)
		if (!has_qualifier(package, &pattern->qualifiers[i]))
			return false;
	return true;
}
