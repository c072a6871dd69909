/*
 * Types are read each time they are looked at: they are short, and nothing has to be kept.  What is asked of a class is asked of the tables
 * by name.
 */
#include "lua/syntax/type.h"

#include "lua/rows.h"

#include <string.h>

/* ---- texts of types ---- */

static struct type slice(const char *text, size_t length)
{
	while (length && *text == ' ') {
		text++;
		length--;
	}
	while (length && text[length - 1] == ' ')
		length--;
	return (struct type){ .text = length ? text : NULL, .length = length };
}

struct type type_of_text(const char *text)
{
	return text ? slice(text, strlen(text)) : TYPE_ANY;
}

bool type_is(struct type t, const char *text)
{
	return t.length == strlen(text) && !memcmp(t.text, text, t.length);
}

static bool begins(struct type t, const char *text)
{
	return t.length >= strlen(text) && !memcmp(t.text, text, strlen(text));
}

static bool ends(struct type t, const char *text)
{
	size_t n = strlen(text);

	return t.length >= n && !memcmp(t.text + t.length - n, text, n);
}

/* Past a bracket with all that is in it, a text in quotes, or one character.  fun(a): b, c stays together: what it returns is behind it. */
static size_t pass(struct type t, size_t at)
{
	int depth = 0;

	do {
		char c = t.text[at++];

		if (c == '"') {
			while (at < t.length && t.text[at] != '"')
				at++;
			at += at < t.length;
		} else if (strchr("(<{", c)) {
			depth++;
		} else if (strchr(")>}", c)) {
			depth--;
		}
	} while (depth > 0 && at < t.length);
	return at;
}

bool type_part(struct type *rest, char separator, struct type *part)
{
	size_t at = 0;

	if (!rest->length)
		return false;
	while (at < rest->length && rest->text[at] != separator)
		at = pass(*rest, at);
	*part = slice(rest->text, at);
	*rest = at < rest->length ? slice(rest->text + at + 1, rest->length - at - 1) : TYPE_ANY;
	return true;
}

static bool is_word(struct type t)
{
	return t.length > 1 && t.text[0] == '"' && pass(t, 0) == t.length;
}

/* Without "?" behind it and parentheses around all of it. */
static struct type unwrap(struct type t)
{
	for (;;) {
		if (ends(t, "?"))
			t = slice(t.text, t.length - 1);
		else if (begins(t, "(") && pass(t, 0) == t.length && t.length > 1)
			t = slice(t.text + 1, t.length - 2);
		else
			return t;
	}
}

bool type_is_words(struct type t)
{
	struct type rest = unwrap(t), part;
	bool some = false;

	while (type_part(&rest, '|', &part)) {
		part = unwrap(part);
		if (is_word(part))
			some = true;
		else if (!type_is(part, "nil"))
			return false;
	}
	return some;
}

struct type type_plain(struct type t)
{
	struct type rest, part, only = TYPE_ANY, whole = t;

	t = begins(t, "fun(") ? t : unwrap(t);
	if (type_is_words(t))
		return t;
	rest = t;
	while (type_part(&rest, '|', &part)) {
		if (type_is(part, "nil"))
			continue;
		if (only.length)
			return TYPE_ANY;
		only = begins(part, "fun(") ? part : unwrap(part);
	}
	if (whole.parameter && type_is(only, "T"))
		return slice(whole.parameter, whole.parameter_length);
	only.path = whole.path;
	only.parameter = whole.parameter;
	only.parameter_length = whole.parameter_length;
	return only;
}

static struct type with_parameter(struct type t, struct type of)
{
	t.parameter = of.parameter;
	t.parameter_length = of.parameter_length;
	return t;
}

struct type type_result(struct type returned, uint32_t n)
{
	struct type rest = returned, part;

	while (type_part(&rest, ',', &part))
		if (!n--) {
			/* "string? why": a name may stand behind the type. */
			size_t word = 0;

			while (word < part.length && part.text[word] != ' ')
				word = pass(part, word);
			part = begins(part, "fun(") ? part : slice(part.text, word);
			return type_plain(with_parameter(part, returned));
		}
	return TYPE_ANY;
}

/* ---- what has members ---- */

static struct type without_parameter(struct type t)
{
	const char *open = t.length ? memchr(t.text, '<', t.length) : NULL;

	return open ? slice(t.text, (size_t)(open - t.text)) : t;
}

static const struct api_class *class_of(struct type t)
{
	t = without_parameter(t);
	for (const struct api_class *c = api_classes; t.length && c->name; c++)
		if (type_is(t, c->name))
			return c;
	return NULL;
}

static const struct lua_rows_kind *row_of(struct type t)
{
	for (int i = 0; t.length && i < LUA_ROWS_COUNT; i++)
		if (lua_rows_kinds[i].row && type_is(t, lua_rows_kinds[i].row))
			return &lua_rows_kinds[i];
	return NULL;
}

/* Members of "pipe.Rows<pipe.Finding>" have pipe.Finding for their T. */
static struct type of_object(struct type member, struct type object)
{
	const char *open = object.length ? memchr(object.text, '<', object.length) : NULL;

	if (open && object.text[object.length - 1] == '>') {
		member.parameter = open + 1;
		member.parameter_length = object.length - (size_t)(open - object.text) - 2;
	}
	return member;
}

/* ---- calls ---- */

/* "fun(a: b): c, d" -> "c, d". */
static struct type fun_returns(struct type t)
{
	size_t at = pass(t, 3);

	while (at < t.length && t.text[at] == ' ')
		at++;
	return at < t.length && t.text[at] == ':' ? slice(t.text + at + 1, t.length - at - 1) : TYPE_ANY;
}

static const struct api_function *function_named(const char *library, size_t length, const char *name)
{
	for (const struct api_function *f = api_functions; library && f->name; f++)
		if (strlen(f->library) == length && !memcmp(f->library, library, length) && !strcmp(f->name, name))
			return f;
	return NULL;
}

const struct api_function *type_function(struct type t)
{
	struct type class = without_parameter(type_plain(t));
	const struct api_function *f = t.function;

	if (!f)
		f = function_named(class.text, class.length, "__call");
	return f || !t.path ? f : function_named(t.path, strlen(t.path), "__call");
}

struct type type_called(struct type t)
{
	struct type plain = type_plain(t);
	const struct api_function *f = type_function(t);

	if (!f)
		return begins(plain, "fun(") ? with_parameter(fun_returns(plain), plain) : TYPE_ANY;
	return t.function ? with_parameter(type_of_text(f->returns), t) : of_object(type_of_text(f->returns), plain);
}

/* ---- items ---- */

struct type type_item(struct type t)
{
	struct type plain = type_plain(t), rest, part;

	if (ends(plain, "[]"))
		return type_plain(with_parameter(slice(plain.text, plain.length - 2), plain));
	if (!begins(plain, "table<") || !ends(plain, ">"))
		return TYPE_ANY;
	rest = slice(plain.text + 6, plain.length - 7);
	return type_part(&rest, ',', &part) ? type_plain(rest) : TYPE_ANY;
}

struct type type_iterated(struct type t, uint32_t n)
{
	return type_result(type_called(t), n);
}

/* ---- members ---- */

/* "pipe" and "json": "pipe.json", where functions have that for a library. */
static const char *longer_path(const char *path, const char *name)
{
	size_t n = path ? strlen(path) : 0;

	for (const struct api_function *f = api_functions; path && f->name; f++)
		if (!strncmp(f->library, path, n) && f->library[n] == '.' && !strcmp(f->library + n + 1, name))
			return f->library;
	return NULL;
}

static void offer(struct suggest *s, struct type t)
{
	const struct api_class *c = class_of(t);
	const struct lua_rows_kind *row = row_of(t);

	for (const struct api_field *f = c ? c->fields : NULL; f && f->name; f++)
		suggest_offer(s, f->name);
	for (unsigned i = 0; row && i < row->count; i++)
		suggest_offer(s, row->columns[i].name);
	t = without_parameter(t);
	for (const struct api_function *f = api_functions; f->name; f++)
		if (type_is(t, f->library) || (t.path && !strcmp(f->library, t.path)))
			suggest_offer(s, f->name);
}

static bool member_of_class(const struct api_class *c, const char *name, struct type *member)
{
	for (const struct api_field *f = c->fields; f && f->name; f++)
		if (!strcmp(f->name, name)) {
			*member = type_of_text(f->type);
			return true;
		}
	return false;
}

static enum type_member member_of_row(const struct lua_rows_kind *row, struct type t, const char *name, struct type *member,
				      struct suggest *s)
{
	int i = lua_column_index(row, name);

	if (i >= 0) {
		*member = type_of_text(row->columns[i].type_name);
		return TYPE_MEMBER;
	}
	if (s)
		offer(s, t);
	return TYPE_NO_MEMBER;
}

/* A text has the functions of the library `string`. */
static enum type_member member_of_library(const char *library, const char *name, struct suggest *s)
{
	const char *const *names = type_library(library);

	if (!names)
		return TYPE_UNKNOWN;
	for (const char *const *n = names; *n; n++)
		if (!strcmp(*n, name))
			return TYPE_UNKNOWN;
	for (const char *const *n = names; s && *n; n++)
		suggest_offer(s, *n);
	return TYPE_NO_MEMBER;
}

enum type_member type_member(struct type t, const char *name, struct type *member, struct suggest *s)
{
	struct type plain = type_plain(t), bare;
	const struct api_class *c = class_of(plain);
	const struct lua_rows_kind *row = row_of(plain);
	const struct api_function *f;

	*member = TYPE_ANY;
	plain.path = t.path;
	if (row)
		return member_of_row(row, plain, name, member, s);
	if (type_is(plain, "string") || type_is_words(plain))
		return member_of_library("string", name, s);
	if (!c && !plain.length && plain.path)
		return member_of_library(plain.path, name, s);
	if (!c) {
		*member = type_item(plain);
		return TYPE_UNKNOWN;
	}
	bare = without_parameter(plain);
	f = function_named(bare.text, bare.length, name);
	if (!f && plain.path)
		f = function_named(plain.path, strlen(plain.path), name);
	if (!member_of_class(c, name, member) && !f && !longer_path(plain.path, name)) {
		if (s && !c->open)
			offer(s, plain);
		return c->open ? TYPE_UNKNOWN : TYPE_NO_MEMBER;
	}
	*member = of_object(*member, plain);
	member->function = f;
	member->method = f && (!plain.path || strcmp(f->library, plain.path) != 0);
	member->path = longer_path(plain.path, name);
	return TYPE_MEMBER;
}

/* ---- options ---- */

/* The one table that a parameter takes: a class, or the filter of a kind of rows; neither: any, or none. */
struct options {
	const struct api_class *class;
	const struct lua_rows_kind *rows;
};

static const struct lua_rows_kind *filtered_rows(struct type t)
{
	static const char suffix[] = "Filter";

	return ends(t, suffix) ? row_of(slice(t.text, t.length - strlen(suffix))) : NULL;
}

static struct options options_of(struct type t)
{
	struct type rest = unwrap(t), part;
	struct options o = { NULL, NULL };

	while (type_part(&rest, '|', &part)) {
		const struct api_class *class = class_of(unwrap(part));
		const struct lua_rows_kind *rows = filtered_rows(unwrap(part));

		if (!o.class && !o.rows && (class || rows))
			o = (struct options){ class, rows };
		else if (!type_is(part, "nil") && !type_is(part, "string") && !type_is(part, "number") && !is_word(part))
			return (struct options){ NULL, NULL };
	}
	return o;
}

/* What a filter may say beside columns: some of it of some kinds of rows only, which the call itself says. */
static const struct {
	const char *name, *type;
} filter_words[] = { { "limit", "integer" },
		     { "new", "boolean" },
		     { "suppressed", "boolean" },
		     { "touched", "\"files\"|\"lines\"" },
		     { "run", "integer" } };

static enum type_member filter_of(const struct lua_rows_kind *rows, const char *name, struct type *value, struct suggest *s)
{
	int i = lua_column_index(rows, name);

	if (i >= 0 && rows->columns[i].filter) {
		*value = type_of_text(rows->columns[i].type_name);
		return TYPE_MEMBER;
	}
	for (size_t k = 0; k < sizeof(filter_words) / sizeof(*filter_words); k++) {
		if (!strcmp(filter_words[k].name, name)) {
			*value = type_of_text(filter_words[k].type);
			return TYPE_MEMBER;
		}
		if (s)
			suggest_offer(s, filter_words[k].name);
	}
	for (unsigned k = 0; s && k < rows->count; k++)
		if (rows->columns[k].filter)
			suggest_offer(s, rows->columns[k].name);
	return TYPE_NO_MEMBER;
}

enum type_member type_option(struct type parameter, const char *name, struct type *value, struct suggest *s)
{
	struct options o = options_of(parameter);

	*value = TYPE_ANY;
	if (o.rows)
		return filter_of(o.rows, name, value, s);
	if (!o.class || o.class->open)
		return TYPE_UNKNOWN;
	if (member_of_class(o.class, name, value))
		return TYPE_MEMBER;
	for (const struct api_field *f = o.class->fields; s && f && f->name; f++)
		suggest_offer(s, f->name);
	return TYPE_NO_MEMBER;
}
