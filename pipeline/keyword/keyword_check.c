/*
 * Checking a value against its row of the keyword table, and everything below it.  A fault is reported once, at the place of what
 * is wrong; what decodes a value afterwards passes over parts that are not as they should be without another word.
 */
#include "base/duration.h"
#include "base/size.h"
#include "pipeline/keyword/keyword_fields.h"

#include <string.h>

enum {
	NULL_LENGTH = 4,  /* of "null", the longest spelling of it */
	CHECK_DEPTH = 12, /* rows below rows; the table is not half as deep */
	SCALAR_SHAPES = TAKES_TEXT | TAKES_BOOL | TAKES_INT | TAKES_DURATION | TAKES_ENUM | TAKES_EXPANDED | TAKES_SCALAR |
			TAKES_SIZE
};

struct check {
	struct diagnostics *d;
	struct keyword_uses *uses;
	const struct keyword *path[CHECK_DEPTH];
	unsigned depth;
};

static bool check_value(struct check *c, const struct keyword *k, unsigned shape, const struct node *v);

/* "artifacts:reports:junit"; without "default", so that a fault is the same one where it is inherited. */
static const char *path_text(const struct check *c)
{
	static const char separator[] = ":";
	const char *text = "";

	for (unsigned i = c->depth > 1 && c->path[0]->fields == keywords; text && i < c->depth; i++)
		text = arena_printf(c->d->arena, "%s%s%s", text, *text ? separator : "", c->path[i]->name);
	if (!text)
		c->d->nomem = true;
	return text ? text : "";
}

/* ---- saying what is wrong ---- */

/* More than a sentence should list. */
static bool has_many_values(const struct keyword *k)
{
	enum { MANY = 8 };
	unsigned n = 0;

	while (n <= MANY && k->values[n])
		n++;
	return n > MANY;
}

static void hint_values(struct check *c, const struct keyword *k)
{
	struct str all;

	str_init(&all);
	for (const char *const *value = k->values; *value; value++)
		str_printf(&all, "%s%s", all.length ? ", " : "", *value);
	if (!all.failed)
		diag_hint(c->d, "the values are %s", all.data);
	str_clear(&all);
}

/* What a keyword takes, in words; no list of words that nobody would read. */
static void shape_words(const struct keyword *k, unsigned shape, struct str *words)
{
	static const char *const one_of_many[] = { "one of its values", NULL };
	struct keyword as = *k;

	as.shape = shape;
	if (shape & TAKES_ENUM && has_many_values(k))
		as.values = one_of_many;
	keyword_shape_words(&as, words);
}

/* `artifacts: out/`, `cache: [.cache/]` */
static void hint_for_files(struct check *c, const struct keyword *k, unsigned shape, const struct node *v)
{
	if (v->kind == NODE_SCALAR && node_type(v) == SCALAR_TEXT && shape & TAKES_MAP && k->fields &&
	    keyword_find(k->fields, IN_NESTED, "paths", 5))
		diag_hint(c->d, "files stand under \"paths\": {paths: [%s]}", v->text);
}

/* A list, or a map, where it should be the other. */
static void hint_for_collection(struct check *c, const struct keyword *k, unsigned shape, const struct node *v)
{
	if (v->kind == NODE_MAP) {
		if (shape & TAKES_LIST && k->items & (TAKES_MAP | TAKES_AXES) && v->count)
			diag_hint(c->d, "make it an item of a list: \"- %s: ...\"", v->pairs[0].key->text);
		return;
	}
	if (!v->count || v->items[0]->kind != NODE_SCALAR)
		return;
	if (v->count == 1 && shape & SCALAR_SHAPES)
		diag_hint(c->d, "write it without a list: %s", v->items[0]->text);
	else
		hint_for_files(c, k, shape, v->items[0]);
}

static void hint_for(struct check *c, const struct keyword *k, unsigned shape, const struct node *v)
{
	const char *best = NULL;

	if (v->kind != NODE_SCALAR) {
		hint_for_collection(c, k, shape, v);
		return;
	}
	if (k->id == KEYWORD_WHEN && !strcmp(v->text, "never")) {
		diag_hint(c->d, "\"when: never\" stands in a rule");
		return;
	}
	if (shape & TAKES_ENUM) {
		struct keyword candidates[32] = { { .name = NULL } };
		for (unsigned i = 0; i + 1 < sizeof(candidates) / sizeof(*candidates) && k->values[i]; i++)
			candidates[i] = (struct keyword){ .name = k->values[i], .where = IN_NESTED };
		best = keyword_nearest(candidates, IN_NESTED, v->text);
	}
	if (best)
		diag_hint(c->d, "did you mean \"%s\"?", best);
	else if (shape & TAKES_ENUM && has_many_values(k))
		hint_values(c, k);
	else if (v->style == STYLE_PLAIN && shape & (TAKES_TEXT | TAKES_DURATION | TAKES_LUA) && node_type(v) != SCALAR_TEXT)
		diag_hint(c->d, "put it in quotes: \"%s\"", v->text);
	else if (v->style == STYLE_QUOTED && shape & (TAKES_INT | TAKES_BOOL) && v->count)
		diag_hint(c->d, "write it without quotes: %s", v->text);
	else if (shape & TAKES_DURATION)
		diag_hint(c->d, "durations look like \"90 seconds\", \"1h 30m\" or \"2 days\"");
	else if (shape & TAKES_SIZE)
		diag_hint(c->d, "sizes look like \"64 MiB\", \"200 MB\" or a number of bytes");
	else if (shape & TAKES_LIST && k->items & (TAKES_TEXT | TAKES_SCALAR) && v->count && v->style != STYLE_BLOCK)
		diag_hint(c->d, "write it as a list: [%s]", v->text);
	else
		hint_for_files(c, k, shape, v);
}

static bool wrong(struct check *c, const struct keyword *k, unsigned shape, const struct node *v)
{
	const char *item = shape != k->shape ? "an item of " : "";
	struct str words;

	str_init(&words);
	shape_words(k, shape, &words);
	if (words.failed)
		c->d->nomem = true;
	if (v->kind == NODE_SCALAR && (node_type(v) == SCALAR_TEXT || shape & (TAKES_INT | TAKES_SIZE)) && shape & SCALAR_SHAPES)
		diag_error(c->d, v->at, shape & TAKES_DURATION ? "wrong-duration" : "wrong-value",
			   "%s\"%s\" takes %s, not \"%s\"", item, path_text(c), words.data, v->text);
	else
		diag_error(c->d, v->at, "wrong-type", "%s\"%s\" takes %s, not %s", item, path_text(c), words.data,
			   node_describe(v));
	hint_for(c, k, shape, v);
	str_clear(&words);
	return false;
}

static void say_unknown(struct check *c, const struct keyword *rows, unsigned where, const struct node *key)
{
	const char *best = keyword_nearest(rows, where, key->text);
	struct str all;

	diag_error(c->d, key->at, "unknown-keyword", "\"%s\" has no %s \"%s\"", path_text(c),
		   c->path[0]->id == KEYWORD_WITH ? "parameter" : "keyword", key->text);
	if (rows == keywords && keyword_find(keywords, IN_JOB, key->text, key->count)) {
		diag_hint(c->d, "\"%s\" stands in a job, not in \"default\"", key->text);
		return;
	}
	if (best) {
		diag_hint(c->d, "did you mean \"%s\"?", best);
		return;
	}
	str_init(&all);
	for (const struct keyword *k = rows; k->name; k++)
		if (k->where & where)
			str_printf(&all, "%s%s", all.length ? ", " : "", k->name);
	if (!all.failed)
		diag_hint(c->d, "it takes %s", all.length ? all.data : "none");
	str_clear(&all);
}

/* ---- scalars ---- */

static bool is_value(const struct keyword *k, const char *text)
{
	for (const char *const *v = k->values; v && *v; v++)
		if (!strcmp(*v, text))
			return true;
	return false;
}

static bool in_range(const struct keyword *k, int64_t value)
{
	return (!k->least && !k->most) || (value >= k->least && (!k->most || value <= k->most));
}

static bool is_duration(const char *text)
{
	int64_t ms;

	return duration_parse(text, &ms) && ms > 0;
}

static bool is_size(const char *text)
{
	uint64_t bytes;

	return size_parse(text, &bytes) && bytes > 0;
}

static bool check_scalar(struct check *c, const struct keyword *k, unsigned shape, const struct node *v)
{
	bool yes;
	int64_t number;

	if (shape & (TAKES_ANY | TAKES_SCALAR))
		return true;
	if (shape & TAKES_TEXT && (v->style != STYLE_PLAIN || node_type(v) == SCALAR_TEXT))
		return true;
	if (shape & TAKES_BOOL && node_bool(v, &yes))
		return true;
	if (shape & TAKES_INT && v->style == STYLE_PLAIN && node_int(v, &number) && in_range(k, number))
		return true;
	if (shape & TAKES_ENUM && is_value(k, v->text))
		return true;
	if (shape & TAKES_EXPANDED && strchr(v->text, '$'))
		return true;
	if (shape & TAKES_DURATION && node_type(v) == SCALAR_TEXT && is_duration(v->text))
		return true;
	if (shape & TAKES_SIZE && is_size(v->text))
		return true;
	return wrong(c, k, shape, v);
}

/* ---- scripts ---- */

/* `- echo: this` */
static bool colon_in_command(struct check *c, const struct node *v)
{
	const struct pair *p = v->pairs;

	diag_error(c->d, v->at, "script-colon", "a command of \"%s\" must be text, not a map", path_text(c));
	if (v->count == 1 && p->value->kind == NODE_SCALAR && !strchr(p->key->text, '\'') && !strchr(p->value->text, '\''))
		diag_hint(c->d, "a colon and a space make a map: put the line in quotes, '%s: %s'", p->key->text, p->value->text);
	else
		diag_hint(c->d, "a colon and a space make a map: put the whole line in quotes");
	return false;
}

static bool check_command(struct check *c, const struct node *v)
{
	enum scalar_type type = v->style == STYLE_PLAIN ? node_type(v) : SCALAR_TEXT;

	if (v->style == STYLE_PLAIN && v->text[0] == '-' && type == SCALAR_TEXT) {
		diag_warning(c->d, v->at, "script-dash", "this command begins with \"-\"");
		diag_hint(c->d, "a blank stands between the \"-\" of a list item and its text");
	}
	if (type == SCALAR_TEXT || type == SCALAR_NULL)
		return true;
	diag_warning(c->d, v->at, "script-not-text", "this command is %s to YAML", node_describe(v));
	diag_hint(c->d, "put it in quotes: \"%s\"", v->text);
	return true;
}

/* `-` with nothing behind it. */
static bool empty_command(struct check *c, const struct node *v)
{
	diag_error(c->d, v->at, "script-blank", "a command of \"%s\" is missing", path_text(c));
	diag_hint(c->d, "write it behind the \"-\", or take the \"-\" away");
	return false;
}

static bool check_script(struct check *c, const struct node *v, unsigned depth)
{
	bool ok = true;

	if (depth > 0 && v->tag == TAG_NONE && node_is_null(v))
		return empty_command(c, v);
	if (v->kind == NODE_MAP)
		return colon_in_command(c, v);
	if (v->kind == NODE_SCALAR)
		return check_command(c, v);
	if (depth >= LIMIT_SCRIPT_DEPTH) {
		diag_error(c->d, v->at, "nested-too-deep", "the lists of \"%s\" are nested more than %d deep", path_text(c),
			   LIMIT_SCRIPT_DEPTH);
		return false;
	}
	for (uint32_t i = 0; i < v->count; i++)
		ok &= check_script(c, v->items[i], depth + 1);
	return ok;
}

/* ---- lists ---- */

/* `-` with nothing behind it, where nothing is no value. */
static bool is_missing(const struct keyword *k, const struct node *item)
{
	return item->kind == NODE_SCALAR && item->count <= NULL_LENGTH && item->tag == TAG_NONE && !(k->items & TAKES_ANY) &&
	       node_is_null(item);
}

static bool check_items(struct check *c, const struct keyword *k, const struct node *list, unsigned depth, uint32_t *count)
{
	bool ok = true;

	if (depth >= LIMIT_SCRIPT_DEPTH) {
		diag_error(c->d, list->at, "nested-too-deep", "the lists of \"%s\" are nested more than %d deep", path_text(c),
			   LIMIT_SCRIPT_DEPTH);
		return false;
	}
	for (uint32_t i = 0; i < list->count; i++) {
		const struct node *item = list->items[i];
		if (item->kind == NODE_LIST && item->tag != TAG_REFERENCE && !(k->items & TAKES_LIST)) {
			ok &= check_items(c, k, item, depth + 1, count);
		} else if (is_missing(k, item)) {
			diag_warning(c->d, item->at, "empty-item", "an item of \"%s\" is missing", path_text(c));
			diag_hint(c->d, "write it behind the \"-\", or take the \"-\" away");
		} else {
			++*count;
			ok &= check_value(c, k, k->items, item);
		}
	}
	return ok;
}

static bool check_list(struct check *c, const struct keyword *k, const struct node *list)
{
	uint32_t count = 0;
	bool ok = check_items(c, k, list, 0, &count);
	bool counted = !(k->shape & TAKES_INT) && (k->least || k->most); /* otherwise the bounds are those of the number */

	if (!ok || !counted || ((int64_t)count >= k->least && (!k->most || (int64_t)count <= k->most)))
		return ok;
	if (!count)
		diag_error(c->d, list->at, "wrong-count", "\"%s\" must not be empty", path_text(c));
	else
		diag_error(c->d, list->at, "wrong-count", "\"%s\" takes at most %d items, not %u", path_text(c), k->most, count);
	return false;
}

/* ---- maps ---- */

void keyword_fate_check(const struct keyword *outer, const struct keyword *k, const struct node *key, struct diagnostics *d,
			struct keyword_uses *uses)
{
	const char *before = outer ? outer->name : "";

	if (k->fate == MEANINGLESS) {
		diag_warning(d, key->at, "no-meaning", "\"%s%s%s\" has no meaning outside GitLab", before, outer ? ":" : "",
			     k->name);
		diag_hint(d, "it is read and then passed over");
	}
	if (k->fate != LATER || !uses)
		return;
	for (unsigned i = 0; i < uses->count; i++)
		if (uses->list[i].row == k && uses->list[i].outer == outer)
			return;
	if (uses->count < KEYWORD_LATER_MOST)
		uses->list[uses->count++] = (struct keyword_use){ outer, k };
}

static bool check_required(struct check *c, const struct keyword *rows, const struct node *map)
{
	bool ok = true;

	for (const struct keyword *k = rows; k->name; k++) {
		if (!k->required || !node_is_null(node_get(map, k->name)))
			continue;
		diag_error(c->d, map->at, "missing-keyword", "\"%s\" needs \"%s\"", path_text(c), k->name);
		ok = false;
	}
	return ok;
}

static bool check_fields(struct check *c, const struct keyword *k, const struct node *map)
{
	unsigned where = k->fields == keywords ? IN_DEFAULT : IN_NESTED;
	bool ok = true, unknown = false;

	for (uint32_t i = 0; k->fields && i < map->count; i++) {
		const struct node *key = map->pairs[i].key;
		const struct keyword *field = keyword_find(k->fields, where, key->text, key->count);

		if (!field) {
			say_unknown(c, k->fields, where, key);
			ok = false;
			unknown = true;
		} else if (!node_is_null(map->pairs[i].value)) {
			keyword_fate_check(where == IN_DEFAULT ? NULL : k, field, key, c->d, c->uses);
			c->path[c->depth++] = field;
			ok &= check_value(c, field, field->shape, map->pairs[i].value);
			c->depth--;
		}
	}
	/* A key that is not known is most often one that is required, misspelt. */
	if (k->fields && where == IN_NESTED && !unknown)
		ok &= check_required(c, k->fields, map);
	return ok;
}

/* What no process can have in its environment is refused; what no shell can name is warned of. */
static bool check_name(struct check *c, const struct node *key)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";

	if (!key->count || strchr(key->text, '=')) {
		diag_error(c->d, key->at, "variable-name", "\"%s\" cannot be the name of a variable", key->text);
		diag_hint(c->d, "names are made of letters, digits and \"_\"");
		return false;
	}
	if (strspn(key->text, letters) != key->count || (key->text[0] >= '0' && key->text[0] <= '9')) {
		diag_warning(c->d, key->at, "variable-name", "\"%s\" is a name that no shell can use", key->text);
		diag_hint(c->d, "names are made of letters, digits and \"_\", and do not begin with a digit");
	}
	return true;
}

/* A value that is not among its own options. */
static bool check_options(struct check *c, const struct node *name, const struct node *map)
{
	const struct node *value = node_get(map, "value");
	const struct node *options = node_get(map, "options");

	if (!options || options->kind != NODE_LIST || !value || value->kind != NODE_SCALAR)
		return true;
	for (uint32_t i = 0; i < options->count; i++)
		if (options->items[i]->kind != NODE_SCALAR || node_equals(options->items[i], value->text))
			return true;
	diag_error(c->d, value->at, "wrong-value", "the value of \"%s\" is none of its options", name->text);
	return false;
}

static bool check_variables(struct check *c, const struct keyword *k, const struct node *map)
{
	bool ok = true;

	for (uint32_t i = 0; i < map->count; i++) {
		const struct node *key = map->pairs[i].key;
		const struct node *v = map->pairs[i].value;

		ok &= check_name(c, key);
		if (v->kind == NODE_SCALAR || v->tag == TAG_REFERENCE)
			continue;
		if (v->kind == NODE_MAP) {
			ok &= check_fields(c, k, v) && check_options(c, key, v);
			continue;
		}
		diag_error(c->d, v->at, "wrong-type", "the variable \"%s\" takes text, a number, a boolean or a map, not %s",
			   key->text, node_describe(v));
		ok = false;
	}
	return ok;
}

static bool check_named(struct check *c, const struct keyword *k, const struct node *map)
{
	bool ok = true;

	for (uint32_t i = 0; i < map->count; i++)
		ok &= check_value(c, k, k->items, map->pairs[i].value);
	return ok;
}

static bool check_axis(struct check *c, const struct node *key, const struct node *v, unsigned depth)
{
	bool ok = true;

	if (v->kind == NODE_SCALAR || v->tag == TAG_REFERENCE)
		return true;
	if (v->kind == NODE_LIST && v->count && depth < LIMIT_SCRIPT_DEPTH) {
		for (uint32_t i = 0; i < v->count; i++)
			ok &= check_axis(c, key, v->items[i], depth + 1);
		return ok;
	}
	diag_error(c->d, v->at, "wrong-type", "the variable \"%s\" of \"%s\" takes text, a number or a list of them, not %s",
		   key->text, path_text(c), v->kind == NODE_LIST && !v->count ? "an empty list" : node_describe(v));
	return false;
}

static bool check_axes(struct check *c, const struct node *map)
{
	bool ok = true;

	for (uint32_t i = 0; i < map->count; i++) {
		const struct node *key = map->pairs[i].key;
		ok &= check_name(c, key);
		ok &= check_axis(c, key, map->pairs[i].value, 0);
	}
	return ok;
}

/* ---- Lua ---- */

/* `lua` and `file` with the row's own fields, for what is said of an unknown one. */
static void say_unknown_lua(struct check *c, const struct keyword *k, const struct node *key)
{
	enum { MOST = 24 };
	struct keyword rows[MOST + 1] = { { .name = NULL } };
	unsigned n = 0;

	for (const struct keyword *f = fields_lua_text; f->name; f++)
		rows[n++] = *f;
	for (const struct keyword *f = k->fields; f && f->name && n < MOST; f++)
		rows[n++] = *f;
	say_unknown(c, rows, IN_NESTED, key);
}

/* One of `lua` and `file`. */
static bool check_lua_source(struct check *c, const struct node *map)
{
	const struct pair *text = node_pair(map, "lua"), *file = node_pair(map, "file");

	if (text && file) {
		diag_error(c->d, file->key->at, "conflicting-keywords", "\"lua\" and \"file\" cannot stand together");
		diag_related(c->d, text->key->at, "\"lua\" is here");
		return false;
	}
	if ((text && !node_is_null(text->value)) || (file && !node_is_null(file->value)))
		return true;
	diag_error(c->d, map->at, "missing-keyword", "\"%s\" needs \"lua\", a text, or \"file\"", path_text(c));
	return false;
}

static bool check_lua(struct check *c, const struct keyword *k, unsigned shape, const struct node *v)
{
	bool ok = true;

	if (v->kind == NODE_SCALAR)
		return v->style != STYLE_PLAIN || node_type(v) == SCALAR_TEXT || wrong(c, k, shape, v);
	for (uint32_t i = 0; i < v->count; i++) {
		const struct node *key = v->pairs[i].key;
		const struct keyword *field = keyword_below(k, IN_NESTED, key->text, key->count);

		if (!field) {
			say_unknown_lua(c, k, key);
			ok = false;
		} else if (!node_is_null(v->pairs[i].value)) {
			c->path[c->depth++] = field;
			ok &= check_value(c, field, field->shape, v->pairs[i].value);
			c->depth--;
		}
	}
	return ok && check_lua_source(c, v);
}

static bool check_map(struct check *c, const struct keyword *k, unsigned shape, const struct node *v)
{
	if (shape & TAKES_VARIABLES)
		return check_variables(c, k, v);
	if (shape & TAKES_AXES)
		return check_axes(c, v);
	if (shape & TAKES_NAMED)
		return check_named(c, k, v);
	if (shape & TAKES_MAP)
		return check_fields(c, k, v);
	return shape & TAKES_ANY ? true : wrong(c, k, shape, v);
}

static bool check_value(struct check *c, const struct keyword *k, unsigned shape, const struct node *v)
{
	if (v->tag == TAG_REFERENCE || v->tag == TAG_LOST) /* it was reported where it could not be understood */
		return true;
	if (v->tag == TAG_OTHER) {
		diag_error(c->d, v->at, "unknown-tag", "the value of \"%s\" has a YAML tag that means nothing here",
			   path_text(c));
		diag_hint(c->d, "the only tag is !reference");
		return false;
	}
	if (v->kind == NODE_SCALAR && v->count <= NULL_LENGTH && node_is_null(v))
		return true;
	if (shape & TAKES_SCRIPT)
		return v->kind == NODE_MAP ? wrong(c, k, shape, v) : check_script(c, v, 0);
	if (shape & TAKES_LUA && v->kind != NODE_LIST)
		return check_lua(c, k, shape, v);
	if (v->kind == NODE_SCALAR)
		return check_scalar(c, k, shape, v);
	if (v->kind == NODE_MAP)
		return check_map(c, k, shape, v);
	if (shape & TAKES_LIST)
		return check_list(c, k, v);
	return shape & TAKES_ANY ? true : wrong(c, k, shape, v);
}

bool keyword_check(const struct keyword *k, const struct node *value, struct diagnostics *d, struct keyword_uses *uses)
{
	struct check c = { .d = d, .uses = uses, .path = { k }, .depth = 1 };

	return check_value(&c, k, k->shape, value);
}
