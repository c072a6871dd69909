#include "stages/image/ignore.h"

#include "base/glob.h"

#include <string.h>

/* The clean form of a pattern, with `/` in front, `.` and doubled slashes taken off; and as base/glob.h writes it: braces mean nothing
 * here, and a set is negated by `^`. */
static const char *translated(struct arena *a, const char *text, size_t length)
{
	char *out = arena_text(a, length * 2 + 1);
	size_t n = 0;

	for (size_t i = 0; out && i < length; i++) {
		bool begins = !n || out[n - 1] == '/';

		if (begins && (text[i] == '/' || (text[i] == '.' && (i + 1 == length || text[i + 1] == '/'))))
			continue;
		if (text[i] == '{' || text[i] == '}')
			out[n++] = '\\';
		out[n++] = i && text[i] == '^' && text[i - 1] == '[' ? '!' : text[i];
	}
	while (out && n && out[n - 1] == '/')
		n--;
	if (out)
		out[n] = '\0';
	return out;
}

static bool add(struct ignore_patterns *out, struct arena *a, const char *line, size_t length)
{
	struct ignore_pattern *p;
	bool taken_back = false;
	const char *glob;

	while (length && strchr(" \t\r", line[length - 1]))
		length--;
	while (length && strchr(" \t", *line)) {
		line++;
		length--;
	}
	if (!length || *line == '#')
		return true;
	if (*line == '!') {
		taken_back = true;
		line++;
		length--;
	}
	glob = translated(a, line, length);
	if (!glob)
		return false;
	if (!*glob)
		return true;
	p = vec_push(a, &out->list);
	if (p)
		*p = (struct ignore_pattern){ glob, taken_back };
	return p != NULL;
}

bool ignore_read(struct ignore_patterns *out, struct arena *a, const char *text)
{
	if (!strncmp(text, "\xef\xbb\xbf", 3))
		text += 3;
	while (*text) {
		size_t length = strcspn(text, "\n");
		if (!add(out, a, text, length))
			return false;
		text += length + (text[length] == '\n');
	}
	return true;
}

/* The path, or a directory that it lies in. */
static bool fits(const char *glob, char *path)
{
	for (char *slash = strchr(path, '/'); slash; slash = strchr(slash + 1, '/')) {
		bool match;

		*slash = '\0';
		match = glob_match(glob, path);
		*slash = '/';
		if (match)
			return true;
	}
	return glob_match(glob, path);
}

bool ignore_covers(const struct ignore_patterns *p, struct arena *a, const char *path)
{
	char *copy = p->list.count ? arena_strdup(a, path) : NULL;
	bool ignored = false;

	for (uint32_t i = 0; copy && i < p->list.count; i++)
		if (p->list.items[i].taken_back == ignored && fits(p->list.items[i].glob, copy))
			ignored = !p->list.items[i].taken_back;
	return ignored;
}
