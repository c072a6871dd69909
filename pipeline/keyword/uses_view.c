/* The types of stages for people: their help pages, and docs/reference/stages.md. */
#include "pipeline/keyword/keyword_view.h"
#include "pipeline/keyword/uses.h"

#include <string.h>

/* ---- help ---- */

static int widest(const struct keyword *rows)
{
	size_t width = 0;

	for (const struct keyword *k = rows; k->name; k++)
		width = strlen(k->name) > width ? strlen(k->name) : width;
	return (int)width;
}

void uses_list(const struct uses_types *types, bool colour, struct str *out)
{
	size_t width = 0;

	for (size_t i = 0; types && types->list[i]; i++)
		width = strlen(types->list[i]->name) > width ? strlen(types->list[i]->name) : width;
	if (width)
		view_line(out, colour, "Types", " ");
	for (size_t i = 0; types && types->list[i]; i++)
		str_printf(out, "    %-*s  %s\n", (int)width, types->list[i]->name, types->list[i]->help);
}

static void explain_type(const struct uses_type *type, bool colour, struct str *out)
{
	int width = widest(type->parameters);
	struct str title;

	str_init(&title);
	str_printf(&title, "uses: %s", type->name);
	view_title(out, colour, title.data, type->help);
	out->failed |= title.failed;
	str_clear(&title);
	view_line(out, colour, "Since", type->since);
	if (type->parameters->name)
		view_line(out, colour, "With", " ");
	for (const struct keyword *k = type->parameters; k->name; k++)
		str_printf(out, "    %-*s  %s%s\n", width, k->name, k->help, k->required ? "; needed" : "");
	if (!type->example)
		return;
	view_line(out, colour, "Example", " ");
	view_indented(out, "    ", type->example);
}

/* The row of "reports:format" among a type's parameters, or NULL. */
static const struct keyword *row_of(const struct keyword *rows, const char *path)
{
	size_t length = strcspn(path, ":");
	const struct keyword *k = keyword_find(rows, IN_NESTED, path, length);

	while (k && path[length]) {
		path += length + 1;
		length = strcspn(path, ":");
		k = keyword_below(k, IN_NESTED, path, length);
	}
	return k;
}

static void explain_parameter(const struct uses_type *type, const char *path, bool colour, struct str *out)
{
	const struct keyword *k = row_of(type->parameters, path);
	const char *end = strrchr(path, ':');
	struct str text;

	str_init(&text);
	str_printf(&text, "uses: %s, with: %s", type->name, path);
	view_title(out, colour, text.data, k->help);
	str_reset(&text);
	if (end)
		str_printf(&text, "below %.*s", (int)(end - path), path);
	else
		str_printf(&text, "in \"with\" of a job that says \"uses: %s\"", type->name);
	view_line(out, colour, "Where", text.data);
	view_row(out, colour, k);
	out->failed |= text.failed;
	str_clear(&text);
}

bool uses_explain(const struct uses_types *types, const char *path, bool more, bool colour, struct str *out)
{
	static const char prefix[] = "uses:";

	if (!strncmp(path, prefix, sizeof(prefix) - 1))
		path += sizeof(prefix) - 1;
	for (size_t i = 0; types && types->list[i]; i++) {
		const struct uses_type *type = types->list[i];
		size_t length = strlen(type->name);
		const char *below = path + length;

		if (strncmp(path, type->name, length) != 0 || (*below && *below != ':'))
			continue;
		if (*below && !row_of(type->parameters, below + 1))
			return false;
		if (more)
			str_addc(out, '\n');
		if (*below)
			explain_parameter(type, below + 1, colour, out);
		else
			explain_type(type, colour, out);
		return true;
	}
	return false;
}

/* ---- the reference ---- */

static void section(struct str *out, const struct uses_type *type)
{
	str_printf(out, "\n## `%s`\n\n", type->name);
	view_sentence(out, type->help);
	str_printf(out, ".\n\n- Since: %s\n", type->since);
	if (type->instances)
		str_printf(out, "- `%s` makes several jobs of one, as `parallel` does\n", type->instances);
	str_adds(out, "\n```yaml\n");
	view_indented(out, "", type->example);
	str_adds(out, "```\n");
	if (type->parameters->name) {
		str_addc(out, '\n');
		view_table(out, type->parameters, true);
	}
}

void uses_reference(const struct uses_types *types, struct str *out)
{
	str_adds(
		out,
		"# Stages\n\nThe types of stages that `uses` may name, with what each takes in `with`; from the tables that also drive "
		"`pipe lint`, `pipe schema` and `pipe explain`.\nVariables in parameters are replaced, but for a command "
		"that is one text: that is the shell's.\n");
	for (size_t i = 0; types && types->list[i]; i++)
		section(out, types->list[i]);
}
