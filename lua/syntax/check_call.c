/* Calls of the library's functions: how many arguments, names of options, words of which only some mean something. */
#include "base/utf8.h"
#include "lua/syntax/check.h"

#include <string.h>

enum { SIGNATURE_MOST = 200 };

struct arity {
	uint32_t least, most; /* most UINT32_MAX: any number */
};

/* May it be left out? */
static bool is_optional(const struct api_parameter *p)
{
	struct type t = type_of_text(p->type), rest = t, part;

	if (!t.length || t.text[t.length - 1] == '?' || type_is(t, "any"))
		return true;
	while (type_part(&rest, '|', &part))
		if (type_is(part, "nil") || type_is(part, "any"))
			return true;
	return false;
}

static struct arity arity_of(const struct api_function *f)
{
	struct arity a = { 0, 0 };

	for (const struct api_parameter *p = f->parameters; p && p->name; p++) {
		if (!strncmp(p->name, "...", 3)) {
			a.most = UINT32_MAX;
			return a;
		}
		a.most++;
		if (!is_optional(p))
			a.least = a.most;
	}
	return a;
}

/* "pipe.http(url, options)". */
static const char *signature(struct checking *c, const struct api_function *f, bool method)
{
	bool call = !strcmp(f->name, "__call");
	char *said = check_say(c, "%s%s%s(", f->library, call ? "" : method ? ":" : ".", call ? "" : f->name);

	for (const struct api_parameter *p = f->parameters; said && p && p->name && strlen(said) < SIGNATURE_MOST; p++)
		said = check_say(c, "%s%s%s", said, p == f->parameters ? "" : ", ", p->name);
	return said ? check_say(c, "%s)", said) : NULL;
}

static const char *plural(uint32_t n)
{
	return n == 1 ? "" : "s";
}

static const char *wanted(struct checking *c, struct arity a)
{
	if (a.most == UINT32_MAX)
		return check_say(c, "at least %u argument%s", a.least, plural(a.least));
	if (a.least == a.most)
		return a.most ? check_say(c, "%u argument%s", a.most, plural(a.most)) : "no arguments";
	if (!a.least)
		return check_say(c, "at most %u argument%s", a.most, plural(a.most));
	return check_say(c, "%u to %u arguments", a.least, a.most);
}

static const struct syntax_node *argument(const struct checking *c, const struct syntax_node *call, uint32_t i)
{
	return &c->tree->nodes.items[syntax_list(c->tree, call)[i]];
}

/* Its last argument may be any number of them. */
static bool is_open(const struct checking *c, const struct syntax_node *call)
{
	const struct syntax_node *last = call->count ? argument(c, call, call->count - 1) : NULL;

	return last && (last->kind == SYNTAX_CALL || last->kind == SYNTAX_METHOD || last->kind == SYNTAX_VARARG);
}

static void check_arity(struct checking *c, const struct syntax_node *call, const struct api_function *f, bool method)
{
	struct arity a = arity_of(f);
	bool open = is_open(c, call);
	uint32_t sure = call->count - open;
	const char *want;

	if (sure <= a.most && (open || call->count >= a.least))
		return;
	want = wanted(c, a);
	if (want)
		check_complain(c, call, "lua-argument",
			       check_say(c, "%s takes %s, and this is %s%u", strcmp(f->name, "__call") ? f->name : f->library,
					 want, open ? "at least " : "", sure),
			       signature(c, f, method));
}

/* ---- options and words ---- */

void check_word(struct checking *c, const struct syntax_node *text, struct type words)
{
	struct type rest = words, part;
	struct suggest s;

	if (!type_is_words(words) || strlen(text->text) != text->text_length)
		return;
	suggest_init(&s, text->text);
	rest = words;
	while (type_part(&rest, '|', &part)) {
		char *word;

		while (part.length && part.text[part.length - 1] == '?')
			part.length--;
		if (part.length < 2 || part.text[0] != '"')
			continue;
		word = arena_strndup(c->a, part.text + 1, part.length - 2);
		c->nomem |= !word;
		if (!word || !strcmp(word, text->text))
			return;
		suggest_offer(&s, word);
	}
	check_complain(c, text, "lua-argument",
		       check_say(c, "this is never \"%s\": it is one of %.*s", text->text, (int)words.length, words.text),
		       check_hint(c, &s));
}

static void check_option(struct checking *c, const struct syntax_item *item, const struct syntax_node *value,
			 struct type parameter)
{
	struct suggest s;
	struct type type;

	suggest_init(&s, item->key);
	if (type_option(parameter, item->key, &type, &s) == TYPE_NO_MEMBER)
		check_complain_at(c, item->key_line, item->key_column, (uint32_t)utf8_count(item->key, strlen(item->key)),
				  "lua-field", check_say(c, "there is no option \"%s\" here", item->key), check_hint(c, &s));
	else if (value->kind == SYNTAX_STRING)
		check_word(c, value, type);
}

static void check_options(struct checking *c, const struct syntax_node *table, struct type parameter)
{
	const struct syntax_table *t = syntax_table(c->tree, table->other);
	const uint32_t *parts = syntax_list(c->tree, table);

	for (uint32_t i = 0; t && i < t->count && c->complaints.count < COMPLAINTS_MOST; i++)
		if (t->items[i].key)
			check_option(c, &t->items[i], &c->tree->nodes.items[parts[2 * i + 1]], parameter);
}

static void check_arguments(struct checking *c, const struct syntax_node *call, const struct api_function *f)
{
	const struct api_parameter *p = f->parameters;

	for (uint32_t i = 0; i < call->count && p && p->name; i++, p++) {
		const struct syntax_node *given = argument(c, call, i);

		if (!strncmp(p->name, "...", 3))
			return;
		if (given->kind == SYNTAX_TABLE)
			check_options(c, given, type_of_text(p->type));
		if (given->kind == SYNTAX_STRING)
			check_word(c, given, type_of_text(p->type));
	}
}

void check_call(struct checking *c, const struct syntax_node *call, struct type function)
{
	const struct api_function *f = type_function(function);
	bool colon = call->kind == SYNTAX_METHOD, method = function.function && function.method;

	if (!f)
		return;
	if (colon && !method && function.function) {
		check_complain(c, call, "lua-argument",
			       check_say(c, "%s.%s is no method: it is called with a dot", f->library, f->name),
			       signature(c, f, false));
		return;
	}
	/* A method called with a dot is given its object in its own way. */
	if (colon || !method) {
		check_arity(c, call, f, method);
		check_arguments(c, call, f);
	}
}
