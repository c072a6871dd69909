/* Where a SARIF result lies: URIs relative to bases that the run defines (3.14.14), and texts with arguments in them (3.11). */
#include "stages/report/sarif/sarif.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { MOST_BASES = 8 };

static bool has_scheme(const char *uri)
{
	const char *colon = strchr(uri, ':');

	return colon && colon > uri + 1 && strcspn(uri, "/?#") > (size_t)(colon - uri);
}

static bool is_file(const char *uri)
{
	return !strncasecmp(uri, "file:", 5);
}

static int hex(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c + 32 : c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* Resolves %20 and its like; evidence_path does it for file: itself. */
static const char *decode(struct arena *a, const char *uri)
{
	char *text, *to;

	if (!strchr(uri, '%'))
		return uri;
	text = arena_strdup(a, uri);
	if (!text)
		return NULL;
	to = text;
	for (const char *p = uri; *p; p++) {
		int high = *p == '%' ? hex(p[1]) : -1, low = high >= 0 ? hex(p[2]) : -1;

		*to++ = low >= 0 && high * 16 + low >= ' ' ? (char)(high * 16 + low) : *p;
		p += low >= 0 && high * 16 + low >= ' ' ? 2 : 0;
	}
	*to = '\0';
	return text;
}

static const char *join(struct arena *a, const char *base, const char *uri)
{
	size_t n = strlen(base);

	if (!n || *uri == '/' || has_scheme(uri))
		return uri;
	return arena_printf(a, "%s%s%s", base, base[n - 1] == '/' ? "" : "/", uri);
}

/* The base's own URI, through the bases that it is relative to. */
static const char *base_uri(struct arena *a, const json_t *bases, const char *name)
{
	const char *uri = "";

	/* A ring of bases leads nowhere. */
	for (int i = 0; i < MOST_BASES && *name && uri; i++) {
		const json_t *base = json_object_get(bases, name);
		const char *own = json_item_text(base, "uri");

		uri = *uri ? join(a, own, uri) : own;
		name = json_item_text(base, "uriBaseId");
	}
	return uri && *name ? "" : uri;
}

/* The base's path below the workspace, or *below is NULL: it is elsewhere (the tool ran in a container, say).  False: no memory. */
static bool base_path(struct arena *a, const char *workspace, const char *uri, const char **below)
{
	const char *here, *anywhere;

	*below = NULL;
	if (!*uri || (has_scheme(uri) && !is_file(uri)))
		return true;
	here = evidence_path(a, workspace, uri);
	anywhere = evidence_path(a, "", uri);
	if (!here || !anywhere)
		return false;
	if (strcmp(here, anywhere) != 0 || (!has_scheme(uri) && *uri != '/'))
		*below = here;
	return true;
}

const char *sarif_path(struct arena *a, const char *workspace, const json_t *bases, const char *base, const char *uri)
{
	const char *at, *below;

	if (has_scheme(uri))
		return is_file(uri) ? evidence_path(a, workspace, uri) : uri;
	uri = decode(a, uri);
	if (!uri || *uri == '/' || !*base || !bases)
		return uri ? evidence_path(a, workspace, uri) : NULL;
	at = base_uri(a, bases, base);
	if (!at || !base_path(a, workspace, at, &below))
		return NULL;
	uri = below ? join(a, below, uri) : uri;
	return uri ? evidence_path(a, workspace, uri) : NULL;
}

bool sarif_bases_matter(struct arena *a, const char *workspace, const json_t *bases)
{
	json_t *map = (json_t *)(uintptr_t)bases;

	for (void *i = json_object_iter(map); i; i = json_object_iter_next(map, i)) {
		const char *uri = base_uri(a, bases, json_object_iter_key(i));
		const char *below;

		/* Where memory ends, nobody can tell that it does not. */
		if (!uri || !base_path(a, workspace, uri, &below) || (below && *below && strcmp(below, ".") != 0))
			return true;
	}
	return false;
}

/* The nth argument; false: there are not so many. */
static bool argument(const char *arguments, unsigned long n, const char **text, size_t *length)
{
	for (;; n--) {
		*length = strcspn(arguments, (char[]){ SARIF_SEPARATOR, '\0' });
		*text = arguments;
		if (!n)
			return true;
		if (!arguments[*length])
			return false;
		arguments += *length + 1;
	}
}

const char *sarif_fill_in(struct arena *a, const char *text, const char *arguments)
{
	struct str out;
	const char *filled;

	if (!strpbrk(text, "{}"))
		return text;
	str_init(&out);
	for (const char *p = text; *p; p++) {
		char *end = NULL;
		unsigned long n = *p == '{' && p[1] >= '0' && p[1] <= '9' ? strtoul(p + 1, &end, 10) : 0;
		const char *with;
		size_t length;

		if (end && *end == '}' && n < 100 && argument(arguments, n, &with, &length)) {
			str_add(&out, with, length);
			p = end;
			continue;
		}
		p += (*p == '{' || *p == '}') && p[1] == *p;
		str_addc(&out, *p);
	}
	filled = out.failed ? NULL : arena_strndup(a, out.data, out.length);
	str_clear(&out);
	return filled;
}
