/* Small pieces of both descriptions. */
#include "lua/api/describe.h"

#include <string.h>

void describe_type(struct str *out, const char *type)
{
	static const char rows[] = "pipe.Rows<";
	const char *at;

	while ((at = strstr(type, rows))) {
		size_t length = strcspn(at + sizeof(rows) - 1, ">");

		str_add(out, type, (size_t)(at - type));
		str_add(out, at + sizeof(rows) - 1, length);
		str_adds(out, "Rows");
		type = at + sizeof(rows) + length;
	}
	str_adds(out, type);
}

size_t describe_next_type(const char **types, const char **type)
{
	int depth = 0;
	size_t length = 0;

	*type = *types + strspn(*types, ", ");
	for (const char *c = *type; *c && (depth || *c != ','); c++, length++)
		depth += (*c == '<' || *c == '(') - (*c == '>' || *c == ')');
	/* What a function returns belongs to its type. */
	if (!strncmp(*type, "fun(", 4))
		length = strlen(*type);
	*types = *type + length;
	return length;
}

bool describe_optional(const char *type, size_t *length)
{
	*length = strlen(type);
	if (*length && type[*length - 1] == '?' && strncmp(type, "fun(", 4) != 0) {
		--*length;
		return true;
	}
	if (*length > 4 && !strcmp(type + *length - 4, "|nil")) {
		*length -= 4;
		return true;
	}
	return false;
}

const char *describe_short(const char *class)
{
	const char *dot = strrchr(class, '.');

	return dot ? dot + 1 : class;
}
