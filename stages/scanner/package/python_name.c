/* Names of Python packages: see python_name.h. */
#include "stages/scanner/package/python_name.h"

#include <string.h>

const char *python_name(struct reader *r, struct piece name)
{
	char *text = arena_text(r->arena, name.length + 1), *to = text;

	if (!text)
		return NULL;
	for (size_t i = 0; i < name.length; i++) {
		char c = name.text[i];

		if (c == '-' || c == '_' || c == '.') {
			if (to == text || to[-1] != '-')
				*to++ = '-';
		} else {
			*to++ = (char)(c >= 'A' && c <= 'Z' ? c | 32 : c);
		}
	}
	*to = '\0';
	return text;
}

struct piece python_requirement(struct piece requirement)
{
	struct piece s = piece_trim(requirement);
	size_t n = 0;

	while (n < s.length && !strchr(" \t<>=!~;([@", s.text[n]))
		n++;
	s.length = n;
	return s;
}
