/* Git's configuration as far as the facts need it; https://git-scm.com/docs/git-config describes the syntax.  Values in quotes, over
 * several lines or with escapes, included files and extensions are libgit2's business. */
#include "runner/files/beneath.h"
#include "runner/git/git_quick.h"
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { CONFIG_MAX = 1 << 20 };

struct reader {
	struct arena *a;
	struct git_quick_config *out;
	char section[128]; /* "user", "remote.origin"; lower case but for the quoted part */
};

/* Names (lower case) that change what the repository is, or bring other files; a value that is false changes nothing. */
static const char *const not_plain[] = { "include.path", "core.worktree", "core.bare", NULL };

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

static void trim(const char **text, size_t *length)
{
	while (*length && is_space(**text)) {
		++*text;
		--*length;
	}
	while (*length && is_space((*text)[*length - 1]))
		--*length;
}

/* [user], [remote "origin"] */
static bool read_section(struct reader *r, const char *line, size_t length)
{
	const char *quote = memchr(line, '"', length);
	size_t n = 0, i = 1;

	if (line[length - 1] != ']' || length >= sizeof(r->section) || memchr(line, '\\', length))
		return false;
	for (; i < length - 1 && line[i] != '"' && !is_space(line[i]); i++)
		r->section[n++] = (char)(line[i] >= 'A' && line[i] <= 'Z' ? line[i] + 32 : line[i]);
	if (quote) {
		r->section[n++] = '.';
		for (i = (size_t)(quote - line) + 1; i < length && line[i] != '"'; i++)
			r->section[n++] = line[i];
		i++;
	}
	r->section[n] = '\0';
	return i == length - 1;
}

static const char **field_of(struct git_quick_config *c, const char *name)
{
	return !strcmp(name, "user.name")	     ? &c->user_name
	       : !strcmp(name, "user.email")	     ? &c->user_email
	       : !strcmp(name, "remote.origin.url")  ? &c->remote
	       : !strcmp(name, "init.defaultbranch") ? &c->default_branch
						     : NULL;
}

static bool is_plain(const char *name, const char *value, size_t length)
{
	bool no = (length == 5 && !strncasecmp(value, "false", 5)) || (length == 1 && *value == '0');

	if (!strncmp(name, "includeif.", 10) || !strncmp(name, "extensions.", 11))
		return no;
	for (const char *const *p = not_plain; *p; p++)
		if (!strcmp(name, *p))
			return no;
	return true;
}

static bool converts(const char *name)
{
	return !strcmp(name, "core.autocrlf") || !strcmp(name, "core.eol") || !strcmp(name, "core.attributesfile");
}

static bool read_value(struct reader *r, const char *line, size_t length)
{
	const char *equals = memchr(line, '=', length), *value = equals ? equals + 1 : line + length, **field;
	size_t key = equals ? (size_t)(equals - line) : length, size = length - (size_t)(value - line), n = strlen(r->section);
	char name[256];

	trim(&line, &key);
	trim(&value, &size);
	if (!n || n + key + 2 > sizeof(name))
		return false;
	memcpy(name, r->section, n);
	name[n++] = '.';
	for (size_t i = 0; i < key; i++)
		name[n++] = (char)(line[i] >= 'A' && line[i] <= 'Z' ? line[i] + 32 : line[i]);
	name[n] = '\0';
	if (!is_plain(name, value, size) || (size && value[size - 1] == '\\'))
		return false;
	r->out->converts |= converts(name);
	field = field_of(r->out, name);
	if (!field)
		return true;
	if (!size || memchr(value, '"', size) || memchr(value, '\\', size) || memchr(value, '#', size) ||
	    memchr(value, ';', size))
		return false;
	*field = arena_strndup(r->a, value, size);
	return *field != NULL;
}

static bool read_lines(struct reader *r, const char *text, size_t length)
{
	while (length) {
		const char *end = memchr(text, '\n', length), *line = text;
		size_t whole = end ? (size_t)(end - text) : length, n = whole;

		trim(&line, &n);
		if (n && *line == '[' ? !read_section(r, line, n) : n && *line != '#' && *line != ';' && !read_value(r, line, n))
			return false;
		whole += end != NULL;
		text += whole;
		length -= whole;
	}
	return true;
}

/* A file that is not there sets nothing. */
static bool read_file(struct git_quick_config *out, const char *path, struct arena *a)
{
	struct reader r = { .a = a, .out = out };
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK) : -1;
	const char *text;
	size_t length;
	bool ok;

	if (!path)
		return false;
	if (fd < 0)
		return true;
	ok = fd_read_all(fd, path, CONFIG_MAX, a, &text, &length, NULL) == PIPE_OK && read_lines(&r, text, length);
	close(fd);
	return ok;
}

bool git_quick_config(const char *repository_file, struct arena *a, struct git_quick_config *out)
{
	const char *home = getenv("HOME"), *xdg = getenv("XDG_CONFIG_HOME");

	*out = (struct git_quick_config){ "", "", "", "", false };
	if (!read_file(out, "/etc/gitconfig", a))
		return false;
	if (xdg && *xdg ? !read_file(out, arena_printf(a, "%s/git/config", xdg), a)
			: home && !read_file(out, arena_printf(a, "%s/.config/git/config", home), a))
		return false;
	return (!home || read_file(out, arena_printf(a, "%s/.gitconfig", home), a)) && read_file(out, repository_file, a);
}
