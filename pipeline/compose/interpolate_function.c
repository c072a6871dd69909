/* The functions of interpolation blocks (https://docs.gitlab.com/ci/inputs/#predefined-interpolation-functions), a row each. */
#include "pipeline/compose/interpolate.h"

#include "base/error.h"
#include "base/str.h"
#include "base/suggest.h"
#include "base/utf8.h"
#include <string.h>

typedef const char *function(struct loading *l, const char *argument, const char *text, pipe_error *err);

/* The str's text in the load's arena. */
static const char *keep(struct loading *l, struct str *s)
{
	const char *text = s->failed ? NULL : arena_strndup(l->arena, s->data, s->length);

	str_clear(s);
	if (!text)
		l->d->nomem = true;
	return text;
}

/* Masked variables are secrets, and what is interpolated becomes part of the pipeline's definition. */
static bool uses_masked(const struct scope *scope, const char *text)
{
	for (const char *p = strchr(text, '$'); p; p = strchr(p + 1, '$')) {
		const char *name = p[1] == '{' ? p + 2 : p + 1;
		size_t length = strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_");
		const struct variable *v = length ? scope_find(scope, name, length) : NULL;
		if (v && v->masked)
			return true;
	}
	return false;
}

static const char *expand_vars(struct loading *l, const char *argument, const char *text, pipe_error *err)
{
	const struct scope *scope = l->options->variables;
	const char *expanded;
	bool failed = false;

	(void)argument;
	if (!scope)
		return text;
	if (uses_masked(scope, text)) {
		error_set(err, PIPE_EPIPELINE, "expand_vars cannot use a masked variable");
		return NULL;
	}
	expanded = scope_expand(scope, text, l->arena, &failed);
	if (!expanded || failed) {
		error_set(err, PIPE_ELIMIT, "expand_vars makes the text too long");
		return NULL;
	}
	return expanded;
}

/* Digits and nothing else, as far as 9 of them. */
static const char *take_number(const char *p, size_t *value)
{
	size_t digits = strspn(p, "0123456789");

	if (!digits || digits > 9)
		return NULL;
	for (*value = 0; digits; digits--)
		*value = *value * 10 + (size_t)(*p++ - '0');
	return p;
}

static const char *truncate_text(struct loading *l, const char *argument, const char *text, pipe_error *err)
{
	size_t offset = 0, count = 0, left = strlen(text), n;
	const char *p = argument ? take_number(argument, &offset) : NULL;
	const char *start;
	uint32_t code;

	p = p ? p + strspn(p, " ") : NULL;
	p = p && *p == ',' ? take_number(p + 1 + strspn(p + 1, " "), &count) : NULL;
	if (!p || *p) {
		error_set(err, PIPE_EPIPELINE, "truncate takes an offset and a length: truncate(0,8)");
		return NULL;
	}
	for (; offset && (n = utf8_decode(text, left, &code)); offset--, left -= n)
		text += n;
	start = text;
	for (; count && (n = utf8_decode(text, left, &code)); count--, left -= n)
		text += n;
	start = arena_strndup(l->arena, start, (size_t)(text - start));
	if (!start)
		l->d->nomem = true;
	return start;
}

/* As Ruby's Shellwords.escape does: every other character gets a backslash, a line break stands in quotes. */
static const char *posix_escape(struct loading *l, const char *argument, const char *text, pipe_error *err)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-.,:+/@";
	struct str s;

	(void)argument;
	(void)err;
	str_init(&s);
	if (!*text)
		str_adds(&s, "''");
	for (; *text; text++) {
		if (*text == '\n') {
			str_adds(&s, "'\n'");
			continue;
		}
		/* Bytes of a longer character follow their first one as they are. */
		if (!strchr(plain, *text) && ((unsigned char)*text & 0xc0) != 0x80)
			str_addc(&s, '\\');
		str_addc(&s, *text);
	}
	return keep(l, &s);
}

static const struct {
	const char *name;
	bool takes_argument;
	function *call;
} functions[] = {
	{ "expand_vars", false, expand_vars },
	{ "truncate", true, truncate_text },
	{ "posix_escape", false, posix_escape },
};

const char *interpolate_function_nearest(const char *name)
{
	struct suggest s;

	suggest_init(&s, name);
	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++)
		suggest_offer(&s, functions[i].name);
	return s.best;
}

const char *interpolate_function(struct loading *l, const char *call, size_t length, const char *text, pipe_error *err)
{
	const char *paren = memchr(call, '(', length);
	size_t name = paren ? (size_t)(paren - call) : length;
	const char *argument = NULL;

	while (name && call[name - 1] == ' ')
		name--;
	if (paren && call[length - 1] == ')')
		argument = arena_strndup(l->arena, paren + 1, (size_t)(call + length - 1 - (paren + 1)));
	for (size_t i = 0; i < sizeof(functions) / sizeof(*functions); i++) {
		if (strlen(functions[i].name) != name || memcmp(functions[i].name, call, name))
			continue;
		if (functions[i].takes_argument && !argument) {
			error_set(err, PIPE_EPIPELINE, "%s takes two numbers: %s(0,8)", functions[i].name, functions[i].name);
			return NULL;
		}
		if (!functions[i].takes_argument && paren) {
			error_set(err, PIPE_EPIPELINE, "%s takes no argument", functions[i].name);
			return NULL;
		}
		return functions[i].call(l, argument, text, err);
	}
	error_set(err, PIPE_ENOTFOUND, "there is no function \"%.*s\"", (int)(name < 100 ? name : 100), call);
	return NULL;
}
