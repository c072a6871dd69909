/* Line by line, as GitLab reads these reports: no `export`, no values over several lines. */
#include "runner/files/dotenv.h"

#include "base/error.h"
#include "base/utf8.h"
#include "runner/files/beneath.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct reader {
	const char *file;
	struct arena *a;
	struct variables *out;
	unsigned line, count;
	pipe_error *err;
};

static int wrong(struct reader *r, unsigned column, const char *what)
{
	error_set(r->err, PIPE_EPIPELINE, "%s", what);
	if (r->err) {
		snprintf(r->err->file, sizeof(r->err->file), "%s", r->file);
		r->err->line = r->line;
		r->err->column = column;
	}
	return PIPE_EPIPELINE;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void trim(const char **text, size_t *length)
{
	while (*length && is_blank((*text)[*length - 1]))
		--*length;
	while (*length && is_blank(**text)) {
		++*text;
		--*length;
	}
}

static size_t name_length(const char *text, size_t length)
{
	size_t n = 0;

	while (n < length && (text[n] == '_' || (text[n] >= '0' && text[n] <= '9') || (text[n] >= 'a' && text[n] <= 'z') ||
			      (text[n] >= 'A' && text[n] <= 'Z')))
		n++;
	return n;
}

static void unquote(const char **value, size_t *length)
{
	char first = *length >= 2 ? **value : '\0';

	if ((first == '"' || first == '\'') && (*value)[*length - 1] == first) {
		++*value;
		*length -= 2;
	}
}

static int take(struct reader *r, const char *name, size_t name_size, const char *value, size_t value_size)
{
	struct variable one = { .name = arena_strndup(r->a, name, name_size), .value = arena_strndup(r->a, value, value_size) };

	if (++r->count > DOTENV_MAX_VARIABLES)
		return wrong(r, 1, "a dotenv report has at most 500 variables");
	if (!one.name || !one.value || !variables_set(r->out, r->a, one))
		return error_nomem(r->err);
	return PIPE_OK;
}

static int read_line(struct reader *r, const char *line, size_t length)
{
	const char *start = line, *equals, *value;
	size_t name_size, value_size;

	trim(&line, &length);
	if (!length || *line == '#')
		return PIPE_OK;
	equals = memchr(line, '=', length);
	if (!equals)
		return wrong(r, (unsigned)(line - start) + 1, "a line of a dotenv report is NAME=VALUE; this one has no \"=\"");
	value = equals + 1;
	value_size = length - (size_t)(value - line);
	length = (size_t)(equals - line);
	trim(&line, &length);
	name_size = name_length(line, length);
	if (!strncmp(line, "export ", length < 7 ? length : 7) && length > 7)
		return wrong(r, (unsigned)(line - start) + 1, "a dotenv report knows no \"export\"; write NAME=VALUE");
	if (!name_size || name_size != length)
		return wrong(r, (unsigned)(line - start + (ptrdiff_t)name_size) + 1,
			     "the name of a variable is made of letters, digits and \"_\"");
	trim(&value, &value_size);
	unquote(&value, &value_size);
	return take(r, line, name_size, value, value_size);
}

int dotenv_parse(const char *file, const char *text, size_t length, struct arena *a, struct variables *out, pipe_error *err)
{
	struct reader r = { .file = file, .a = a, .out = out, .err = err };

	if (length > DOTENV_MAX_BYTES)
		return wrong(&r, 0, "a dotenv report has at most 64 KiB");
	if (length >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
		text += 3;
		length -= 3;
	}
	while (length) {
		const char *end = memchr(text, '\n', length);
		size_t n = end ? (size_t)(end - text) : length;
		int rc;

		r.line++;
		if (memchr(text, '\0', n))
			return wrong(&r, 0, "a NUL byte in a dotenv report");
		if (utf8_valid(text, n) != n)
			return wrong(&r, 0, "a dotenv report is UTF-8; this line is not");
		rc = read_line(&r, text, n);
		if (rc)
			return rc;
		n += end != NULL;
		text += n;
		length -= n;
	}
	return PIPE_OK;
}

int dotenv_read(const char *path, struct arena *a, struct variables *out, pipe_error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc;
	const char *text;
	size_t length;

	if (fd < 0)
		return error_errno(err, errno == ENOENT ? PIPE_ENOTFOUND : error_code_of(errno), errno, "%s", path);
	rc = fd_read_all(fd, path, DOTENV_MAX_BYTES, a, &text, &length, err);
	close(fd);
	return rc ? rc : dotenv_parse(path, text, length, a, out, err);
}
