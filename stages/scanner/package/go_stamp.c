/*
 * -ldflags of a Go program.  Of several versions in them, one of a package in the module's cmd/ is the program's, then one in a package
 * with a usual name, then any other; two of one kind are none.
 */
#include "stages/scanner/package/go_stamp.h"
#include "stages/scanner/version/version.h"

#include <string.h>
#include <strings.h>

/* Without Go's quotes around the whole, its escapes resolved as far as flags have any. */
static char *unquote(struct reader *r, struct piece flags)
{
	bool quoted = flags.length >= 2 && *flags.text == '"';
	char *text = arena_text(r->arena, flags.length + 1), *to = text;

	if (!text)
		return NULL;
	if (flags.length >= 2 && *flags.text == '`')
		flags = (struct piece){ flags.text + 1, flags.length - 2 };
	else if (quoted)
		flags = (struct piece){ flags.text + 1, flags.length - 2 };
	for (size_t i = 0; i < flags.length; i++) {
		if (quoted && flags.text[i] == '\\' && i + 1 < flags.length)
			i++;
		*to++ = flags.text[i];
	}
	*to = '\0';
	return text;
}

/* The next word as a shell would split it, in place; NULL: none. */
static char *next_word(char **rest)
{
	char *p = *rest, *to, *word, quote = '\0';

	while (*p == ' ' || *p == '\t' || *p == '\n')
		p++;
	if (!*p)
		return NULL;
	for (word = to = p; *p && (quote || !strchr(" \t\n", *p)); p++) {
		if (quote ? *p == quote : *p == '"' || *p == '\'')
			quote = quote ? '\0' : *p;
		else
			*to++ = *p;
	}
	*rest = *p ? p + 1 : p;
	*to = '\0';
	return word;
}

enum { IN_CMD, USUAL, OTHER, KINDS };

static unsigned kind_of(const char *key, struct piece module)
{
	static const char *const usual[] = { "main", "common", "version", "cmd" };
	const char *slash = strrchr(key, '/'), *last = slash ? slash + 1 : key;
	size_t n = strcspn(last, ".");

	if (!strncmp(key, module.text, module.length) && !strncmp(key + module.length, "/cmd/", 5))
		return IN_CMD;
	for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++)
		if (strlen(usual[i]) == n && !strncasecmp(last, usual[i], n))
			return USUAL;
	return OTHER;
}

/* PATH.version=1.2.3, also PATH.ver. */
static bool is_version(char *setting, char **value)
{
	const struct version_scheme *semver = version_scheme_named("semver");
	char *equal = strchr(setting, '='), *dot;

	if (!equal)
		return false;
	*equal = '\0';
	*value = equal + 1;
	dot = strrchr(setting, '.');
	if (!dot || (strcasecmp(dot, ".version") != 0 && strcasecmp(dot, ".ver") != 0))
		return false;
	return semver && semver->valid(**value == 'v' ? *value + 1 : *value);
}

const char *go_stamp(struct reader *r, struct piece module, struct piece flags)
{
	char *rest = unquote(r, flags), *word, *value;
	const char *found[KINDS] = { NULL };
	unsigned count[KINDS] = { 0 };

	if (!rest)
		return NULL;
	while ((word = next_word(&rest))) {
		char *setting = NULL;

		if (!strcmp(word, "-X"))
			setting = next_word(&rest);
		else if (!strncmp(word, "-X=", 3))
			setting = word + 3;
		if (setting && is_version(setting, &value)) {
			unsigned kind = kind_of(setting, module);

			found[kind] = value;
			count[kind]++;
		}
	}
	for (unsigned kind = 0; kind < KINDS; kind++)
		if (count[kind])
			return count[kind] == 1 ? found[kind] : "";
	return "";
}
