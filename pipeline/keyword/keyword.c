/* Finding a row of the keyword table, by name, by path, or by what a misspelt name is near to. */
#include "pipeline/keyword/keyword.h"
#include "base/suggest.h"
#include "pipeline/keyword/keyword_fields.h"

#include <string.h>

/* <0, 0, >0 as name sorts before, is, or sorts behind the row's name. */
static int compare(const char *name, size_t length, const char *row)
{
	int order = length ? (unsigned char)name[0] - (unsigned char)row[0] : 0;

	if (!order)
		order = strncmp(name, row, length);
	return order ? order : -(row[length] != '\0');
}

/* The main table is sorted and large: each key of each job is looked for in it. */
static const struct keyword *find_main(const char *name, size_t length)
{
	size_t low = 0, high = KEYWORD_ROWS;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare(name, length, keywords[middle].name);
		if (!order)
			return &keywords[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

const struct keyword *keyword_find(const struct keyword *rows, unsigned where, const char *name, size_t length)
{
	const struct keyword *k;

	if (!rows || memchr(name, '\0', length))
		return NULL;
	if (rows == keywords) {
		k = find_main(name, length);
		return k && k->where & where ? k : NULL;
	}
	for (k = rows; k->name; k++)
		if (k->where & where && !compare(name, length, k->name))
			return k;
	return NULL;
}

const char *keyword_nearest(const struct keyword *rows, unsigned where, const char *name)
{
	struct suggest s;

	suggest_init(&s, name);
	for (const struct keyword *k = rows; k && k->name; k++)
		if (k->where & where)
			suggest_offer(&s, k->name);
	return s.best;
}

const struct keyword *keyword_below(const struct keyword *k, unsigned where, const char *name, size_t length)
{
	const struct keyword *found = keyword_find(k->fields, where, name, length);

	return found || !keyword_takes_lua(k) ? found : keyword_find(fields_lua_text, where, name, length);
}

const struct keyword *keyword_by_path(const char *path)
{
	size_t length = strcspn(path, ":");
	const struct keyword *k = keyword_find(keywords, IN_GLOBAL | IN_DEFAULT | IN_JOB, path, length);

	while (k && path[length]) {
		path += length + 1;
		length = strcspn(path, ":");
		k = keyword_below(k, k->fields == keywords ? IN_DEFAULT : IN_NESTED, path, length);
	}
	return k;
}
