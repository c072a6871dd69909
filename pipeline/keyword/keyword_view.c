/* The keyword table for people: what a keyword takes in words, its help page, and docs/reference/keywords.md. */
#include "pipeline/keyword/keyword_view.h"
#include "pipeline/keyword/uses.h"

#include <stdio.h>
#include <string.h>

enum { VIEW_DEPTH = 6 };

/* ---- shapes in words ---- */

/* A list with commas and a last "or", whose length is known beforehand. */
struct words {
	struct str *out;
	unsigned total, done;
};

static void word(struct words *w, const char *text)
{
	if (w->done)
		str_adds(w->out, w->done + 1 == w->total ? " or " : ", ");
	str_adds(w->out, text);
	w->done++;
}

static const struct {
	unsigned shape;
	const char *one, *many;
} shape_words[] = {
	{ TAKES_TEXT, "text", "text" },
	{ TAKES_LUA, "Lua", "Lua" },
	{ TAKES_SCALAR, "text, a number or a boolean", "values" },
	{ TAKES_BOOL, "true or false", "booleans" },
	{ TAKES_INT, "a number", "numbers" },
	{ TAKES_DURATION, "a duration", "durations" },
	{ TAKES_EXPANDED, "text with a variable in it", "text with variables in it" },
	{ TAKES_SCRIPT, "text or a list of text", "scripts" },
	{ TAKES_LIST, "", "lists" },
	{ TAKES_MAP, "a map", "maps" },
	{ TAKES_VARIABLES, "a map of variables", "maps of variables" },
	{ TAKES_NAMED, "a map", "maps" },
	{ TAKES_AXES, "a map of variables to lists of values", "maps of variables to lists of values" },
	{ TAKES_SIZE, "a size", "sizes" },
	{ TAKES_ANY, "any value", "any values" },
};
enum { SHAPE_WORDS = sizeof(shape_words) / sizeof(*shape_words) };

static unsigned count_values(const struct keyword *k)
{
	unsigned n = 0;

	while (k->values && k->values[n])
		n++;
	return n;
}

static void values_words(const struct keyword *k, struct words *w)
{
	for (unsigned i = 0; k->values && k->values[i]; i++)
		word(w, k->values[i]);
}

static void list_words(const struct keyword *k, struct words *w)
{
	struct words items = { .out = w->out, .total = (unsigned)__builtin_popcount(k->items) };

	word(w, "a list of ");
	if (k->items & TAKES_ENUM && k->shape & TAKES_ENUM) {
		word(&items, "them");
	} else if (k->items & TAKES_ENUM) {
		items.total = count_values(k);
		values_words(k, &items);
	}
	for (int i = 0; i < SHAPE_WORDS; i++)
		if (k->items & shape_words[i].shape)
			word(&items, shape_words[i].many);
}

static void number_words(const struct keyword *k, struct words *w)
{
	char text[64];

	if (k->most)
		snprintf(text, sizeof(text), "a number from %d to %d", k->least, k->most);
	else if (k->least)
		snprintf(text, sizeof(text), "a number from %d on", k->least);
	else
		snprintf(text, sizeof(text), "a number");
	word(w, text);
}

void keyword_shape_words(const struct keyword *k, struct str *out)
{
	struct words w = { .out = out };
	unsigned shape = k->shape & ~(unsigned)TAKES_ENUM;

	w.total = (unsigned)__builtin_popcount(shape) + (k->shape & TAKES_ENUM ? count_values(k) : 0);
	if (k->shape & TAKES_ENUM)
		values_words(k, &w);
	for (int i = 0; i < SHAPE_WORDS; i++) {
		if (!(shape & shape_words[i].shape))
			continue;
		if (shape_words[i].shape == TAKES_LIST)
			list_words(k, &w);
		else if (shape_words[i].shape == TAKES_INT)
			number_words(k, &w);
		else
			word(&w, shape_words[i].one);
	}
}

/* ---- one keyword ---- */

static const char *fate_words(const struct keyword *k)
{
	static const char *const words[] = {
		[HONOURED] = NULL,
		[LATER] = "checked, but the local executor does not honour it yet: a run says so, and --strict refuses it",
		[MEANINGLESS] = "has no meaning outside GitLab: read with a warning and then passed over",
	};

	return words[k->fate];
}

static void where_words(const struct keyword *k, struct str *out)
{
	static const struct {
		unsigned where;
		const char *text;
	} places[] = { { IN_GLOBAL, "the top level" }, { IN_DEFAULT, "default" }, { IN_JOB, "a job" } };
	struct words w = { .out = out, .total = (unsigned)__builtin_popcount(k->where) };

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++)
		if (k->where & places[i].where)
			word(&w, places[i].text);
}

static void field_names(const struct keyword *k, struct str *out)
{
	size_t before = out->length;

	for (const struct keyword *f = keyword_takes_lua(k) ? fields_lua_text : NULL; f && f->name; f++)
		str_printf(out, "%s%s", out->length == before ? "" : ", ", f->name);
	for (const struct keyword *f = k->fields; f && f->name; f++)
		if (k->fields != keywords || f->where & IN_DEFAULT)
			str_printf(out, "%s%s", out->length == before ? "" : ", ", f->name);
}

void view_line(struct str *out, bool colour, const char *label, const char *text)
{
	if (text && *text)
		str_printf(out, "  %s%-8s%s %s\n", colour ? "\033[2m" : "", label, colour ? "\033[0m" : "", text);
}

void view_indented(struct str *out, const char *indent, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");
		str_adds(out, indent);
		str_add(out, text, n);
		str_addc(out, '\n');
		text += n + (text[n] == '\n');
	}
}

static void explain_where(const struct keyword *k, const char *path, bool colour, struct str *out)
{
	const char *end = strrchr(path, ':');
	struct str text;

	str_init(&text);
	if (end) {
		str_adds(&text, "below ");
		str_add(&text, path, (size_t)(end - path));
	} else {
		str_adds(&text, "in ");
		where_words(k, &text);
	}
	view_line(out, colour, "Where", text.data);
	out->failed |= text.failed;
	str_clear(&text);
}

void view_title(struct str *out, bool colour, const char *title, const char *help)
{
	str_printf(out, "%s%s%s\n  %s\n\n", colour ? "\033[1m" : "", title, colour ? "\033[0m" : "", help);
}

void view_row(struct str *out, bool colour, const struct keyword *k)
{
	struct str text;

	str_init(&text);
	keyword_shape_words(k, &text);
	view_line(out, colour, "Takes", text.data);
	view_line(out, colour, "Default", k->fallback);
	view_line(out, colour, "Needed", k->required ? "yes" : NULL);
	view_line(out, colour, "Here", fate_words(k));
	str_reset(&text);
	field_names(k, &text);
	view_line(out, colour, "Below", text.data);
	view_line(out, colour, "Since", k->since);
	if (k->example) {
		view_line(out, colour, "Example", " ");
		view_indented(out, "    ", k->example);
	}
	out->failed |= text.failed;
	str_clear(&text);
}

bool keyword_explain(const char *path, const struct uses_types *types, bool colour, struct str *out)
{
	const struct keyword *k = keyword_by_path(path);

	if (k) {
		view_title(out, colour, path, k->help);
		explain_where(k, path, colour, out);
		view_row(out, colour, k);
		if (k->id == KEYWORD_USES)
			uses_list(types, colour, out);
	}
	return uses_explain(types, path, k != NULL, colour, out) || k;
}

/* ---- the reference ---- */

static void table_cell(struct str *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '|')
			str_addc(out, '\\');
		str_addc(out, *text);
	}
}

static void table_row(struct str *out, const char *prefix, const struct keyword *k, bool since)
{
	struct str words;

	str_init(&words);
	keyword_shape_words(k, &words);
	str_printf(out, "| `%s%s` | ", prefix, k->name);
	table_cell(out, words.data);
	str_adds(out, " | ");
	table_cell(out, k->fallback ? k->fallback : "");
	str_adds(out, " | ");
	table_cell(out, k->help);
	if (k->required)
		str_adds(out, "; needed");
	if (k->fate != HONOURED)
		str_printf(out, " (%s)", fate_words(k));
	if (since)
		str_printf(out, " | %s", k->since);
	str_adds(out, " |\n");
	out->failed |= words.failed;
	str_clear(&words);
}

static void table_rows(struct str *out, const char *prefix, const struct keyword *fields, bool since, unsigned depth)
{
	struct str below;

	for (const struct keyword *k = fields; k && k->name && depth; k++) {
		table_row(out, prefix, k, since);
		if (!k->fields && !keyword_takes_lua(k))
			continue;
		str_init(&below);
		str_printf(&below, "%s%s:", prefix, k->name);
		if (keyword_takes_lua(k))
			table_rows(out, below.data, fields_lua_text, since, depth - 1);
		table_rows(out, below.data, k->fields, since, depth - 1);
		out->failed |= below.failed;
		str_clear(&below);
	}
}

void view_table(struct str *out, const struct keyword *rows, bool since)
{
	str_printf(out, "| key | takes | default | meaning |%s\n|---|---|---|---|%s\n", since ? " since |" : "",
		   since ? "---|" : "");
	table_rows(out, "", rows, since, VIEW_DEPTH);
}

void view_sentence(struct str *out, const char *help)
{
	str_addc(out, *help >= 'a' && *help <= 'z' ? (char)(*help & ~0x20) : *help);
	str_adds(out, *help ? help + 1 : "");
}

static void section(struct str *out, const struct keyword *k)
{
	str_printf(out, "\n## `%s`\n\n", k->name);
	view_sentence(out, k->help);
	str_adds(out, ".\n\n- Where: ");
	where_words(k, out);
	str_adds(out, "\n- Takes: ");
	keyword_shape_words(k, out);
	str_addc(out, '\n');
	if (k->fallback)
		str_printf(out, "- Default: %s\n", k->fallback);
	if (k->fate != HONOURED)
		str_printf(out, "- Here: %s\n", fate_words(k));
	str_printf(out, "- Since: %s\n", k->since);
	if (k->example) {
		str_adds(out, "\n```yaml\n");
		view_indented(out, "", k->example);
		str_adds(out, "```\n");
	}
	if (k->fields == keywords) {
		str_adds(out, "\nIt takes ");
		field_names(k, out);
		str_adds(out, ".\n");
	} else if (k->fields) {
		str_addc(out, '\n');
		view_table(out, k->fields, false);
	}
}

void keyword_reference(struct str *out)
{
	str_adds(
		out,
		"# Keywords\n\nEvery keyword of a pipeline file, from the table that also drives `pipe lint`, `pipe schema` and "
		"`pipe explain`.\nA null value is as if the keyword were not written. A list may hold lists: they are flattened.\n");
	for (const struct keyword *k = keywords; k->name; k++)
		section(out, k);
}
