/* The library as LuaCATS annotations (https://luals.github.io/wiki/annotations/): a file of Lua that editors read and nobody runs. */
#include "lua/api/describe.h"

#include <string.h>

/* ---- functions ---- */

static void parameter(struct str *out, const struct api_parameter *p)
{
	size_t length;
	bool optional = describe_optional(p->type, &length);
	struct str type;

	str_init(&type);
	describe_type(&type, p->type);
	str_printf(out, "---@param %s%s ", p->name, optional ? "?" : "");
	str_add(out, type.data, optional ? type.length - (strlen(p->type) - length) : type.length);
	str_printf(out, " %s\n", p->help);
	out->failed = out->failed || type.failed;
	str_clear(&type);
}

static void one_type(struct str *out, const char *type, size_t length)
{
	struct str copy;

	str_init(&copy);
	str_add(&copy, type, length);
	describe_type(out, copy.data);
	out->failed = out->failed || copy.failed;
	str_clear(&copy);
}

static void results(struct str *out, const struct api_function *f)
{
	const char *types = f->returns, *type;
	bool first = true;
	size_t length;

	while (types && (length = describe_next_type(&types, &type))) {
		str_adds(out, "---@return ");
		one_type(out, type, length);
		if (first && f->returned)
			str_printf(out, " # %s", f->returned);
		str_addc(out, '\n');
		first = false;
	}
}

static void example(struct str *out, const char *lines)
{
	if (!lines)
		return;
	str_adds(out, "---\n---```lua\n");
	while (*lines) {
		size_t length = strcspn(lines, "\n");

		str_adds(out, "---");
		str_add(out, lines, length);
		str_addc(out, '\n');
		lines += length + (lines[length] == '\n');
	}
	str_adds(out, "---```\n");
}

static void function(struct str *out, const struct api_function *f)
{
	str_printf(out, "---%s\n", f->help);
	if (f->grant)
		str_printf(out, "---\n---Has to be allowed: `lua: {allow: {%s: [...]}}`.\n", f->grant);
	if (f->waits)
		str_adds(out, "---\n---Waits: other jobs and scripts go on meanwhile.\n");
	example(out, f->example);
	for (const struct api_parameter *p = f->parameters; p && p->name; p++)
		parameter(out, p);
	results(out, f);
	str_printf(out, "function %s.%s(", f->library, f->name);
	for (const struct api_parameter *p = f->parameters; p && p->name; p++)
		str_printf(out, "%s%s", p == f->parameters ? "" : ", ", p->name);
	str_adds(out, ") end\n\n");
}

/* ---- classes ---- */

static void field(struct str *out, const char *name, const char *type, const char *help)
{
	str_printf(out, "---@field %s ", name);
	describe_type(out, type);
	str_printf(out, " %s\n", help);
}

static const struct api_function *call_of(const char *class)
{
	for (const struct api_function *f = api_functions; f->name; f++)
		if (!strcmp(f->library, class) && !strcmp(f->name, "__call"))
			return f;
	return NULL;
}

static void overload(struct str *out, const struct api_function *f)
{
	if (!f)
		return;
	str_adds(out, "---@overload fun(");
	for (const struct api_parameter *p = f->parameters; p && p->name; p++) {
		size_t length;
		bool optional = describe_optional(p->type, &length);

		str_printf(out, "%s%s%s: %.*s", p == f->parameters ? "" : ", ", p->name, optional ? "?" : "", (int)length,
			   p->type);
	}
	str_adds(out, "): ");
	describe_type(out, f->returns);
	str_addc(out, '\n');
}

static bool is_library(const char *class)
{
	return !strcmp(class, "pipe") || !strcmp(class, "pipe.json") || !strcmp(class, "pipe.yaml");
}

static void class(struct str *out, const struct api_class *c)
{
	str_printf(out, "---%s\n---@class %s\n", c->help, c->name);
	for (const struct api_field *f = c->fields; f && f->name; f++)
		field(out, f->name, f->type, f->help);
	if (!strcmp(c->name, "pipe.Metrics"))
		str_adds(out, "---@field [string] number?\n");
	if (!strcmp(c->name, "pipe.Variables"))
		str_adds(out, "---@field [string] string?\n");
	overload(out, call_of(c->name));
	if (is_library(c->name))
		str_printf(out, "%s = {}\n", c->name);
	str_addc(out, '\n');
}

/* ---- rows ---- */

static void row_class(struct str *out, const struct lua_rows_kind *kind)
{
	str_printf(out, "---%s\n---@class %s\n", kind->help, kind->row);
	for (const struct lua_column *c = kind->columns; c->name; c++)
		field(out, c->name, c->type_name, c->help);
	str_addc(out, '\n');
}

static void filter_class(struct str *out, const struct lua_rows_kind *kind, unsigned rows)
{
	str_printf(out, "---Which of the %s: all that is said must hold.\n---@class %sFilter\n", kind->name, kind->row);
	for (const struct lua_column *c = kind->columns; c->name; c++) {
		size_t length;

		if (!c->filter || !strcmp(c->name, "run"))
			continue;
		describe_optional(c->type_name, &length);
		str_printf(out, "---@field %s? %.*s %s\n", c->name, (int)length, c->type_name, c->help);
	}
	for (const struct api_word *w = api_words; w->name; w++)
		if (w->kinds & 1u << rows)
			str_printf(out, "---@field %s? %s %s\n", w->name, w->type, w->help);
	str_addc(out, '\n');
}

static void rows_class(struct str *out, const struct lua_rows_kind *kind)
{
	const char *row = kind->row;

	str_printf(out,
		   "---@class %sRows: pipe.Rows\n"
		   "---@field list fun(self: %sRows, limit?: integer): %s[] the rows as a list\n"
		   "---@field first fun(self: %sRows): %s? the first row\n"
		   "---@field count fun(self: %sRows): integer how many there are\n"
		   "---@overload fun(): %s?\n\n",
		   row, row, row, row, row, row, row);
}

/* ---- the whole ---- */

void api_annotations(struct str *out)
{
	str_adds(out, "---@meta pipe\n\n-- The library of pipe's scripts, for editors: made from the table that it is made from. "
		      "`pipe lua annotations` writes it.\n\n");
	for (const struct api_class *c = api_classes; c->name; c++)
		class(out, c);
	for (unsigned i = 0; i < LUA_ROWS_COUNT; i++) {
		if (i == LUA_CHANGES)
			continue;
		row_class(out, &lua_rows_kinds[i]);
		filter_class(out, &lua_rows_kinds[i], i);
		rows_class(out, &lua_rows_kinds[i]);
	}
	for (const struct api_function *f = api_functions; f->name; f++)
		if (is_library(f->library))
			function(out, f);
	for (const struct api_global *g = api_globals; g->name; g++)
		if (g->type && strcmp(g->name, "pipe") != 0)
			str_printf(out, "---%s\n---@type %s\n%s = nil\n\n", g->help, g->type, g->name);
}
