/* Finding a type of stage by name, or by what a misspelt name is near to. */
#include "pipeline/keyword/uses.h"
#include "base/suggest.h"

#include <string.h>

const struct uses_type *uses_find(const struct uses_types *types, const char *name)
{
	for (size_t i = 0; types && types->list[i]; i++)
		if (!strcmp(types->list[i]->name, name))
			return types->list[i];
	return NULL;
}

const char *uses_nearest(const struct uses_types *types, const char *name)
{
	struct suggest s;

	suggest_init(&s, name);
	for (size_t i = 0; types && types->list[i]; i++)
		suggest_offer(&s, types->list[i]->name);
	return s.best;
}
