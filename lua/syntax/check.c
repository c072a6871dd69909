/*
 * `pipe lua check`: one walk over the nodes from the first to the last, in which each gets its type from its parts.  A complaint is made
 * only where a name is certainly wrong: what cannot be known is any type.
 */
#include "lua/syntax/check.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

/* ---- complaints ---- */

char *check_say(struct checking *c, const char *format, ...)
{
	va_list ap;
	char *said;

	va_start(ap, format);
	said = arena_vprintf(c->a, format, ap);
	va_end(ap);
	c->nomem |= !said;
	return said;
}

void check_complain_at(struct checking *c, uint32_t line, uint32_t column, uint32_t length, const char *code, const char *message,
		       const char *hint)
{
	struct syntax_complaint *one;

	if (c->complaints.count >= COMPLAINTS_MOST || !message)
		return;
	one = vec_push(c->a, &c->complaints);
	if (one)
		*one = (struct syntax_complaint){ line, column, length, code, message, hint };
	c->nomem |= !one;
}

void check_complain(struct checking *c, const struct syntax_node *at, const char *code, const char *message, const char *hint)
{
	check_complain_at(c, at->line, at->column, at->length, code, message, hint);
}

const char *check_hint(struct checking *c, const struct suggest *s)
{
	return s->best ? check_say(c, "did you mean \"%s\"?", s->best) : NULL;
}

/* ---- globals ---- */

static const struct syntax_node *node_at(const struct checking *c, uint32_t node)
{
	return &c->tree->nodes.items[node];
}

static bool is_assigned(const struct checking *c, const struct syntax_node *global)
{
	return map_get(&c->assigned, global->text, global->text_length);
}

static bool is_ours(const struct checking *c, const char *name)
{
	struct type ignored;

	return type_global(name, c->test, &ignored, NULL) == TYPE_MEMBER;
}

/* The first place of each global that the file makes for itself. */
static void note_assigned(struct checking *c, uint32_t node)
{
	const struct syntax_node *n = node_at(c, node);

	if (is_assigned(c, n))
		return;
	if (!map_put(&c->assigned, c->a, n->text, n->text_length, (void *)(uintptr_t)(node + 1)))
		c->nomem = true;
	if (c->tree->env || is_ours(c, n->text))
		return;
	check_complain(c, n, "lua-global", check_say(c, "\"%s\" is a global variable", n->text),
		       check_say(c, "write \"local\" in front of it where it is first assigned"));
}

static void find_assigned(struct checking *c)
{
	for (uint32_t i = 0; i < c->tree->nodes.count && !c->nomem; i++)
		if (node_at(c, i)->kind == SYNTAX_GLOBAL && node_at(c, i)->flags & SYNTAX_TARGET)
			note_assigned(c, i);
}

static struct type type_global_node(struct checking *c, const struct syntax_node *n)
{
	struct type type = TYPE_ANY;
	struct suggest s;
	const char *why;

	if (c->tree->env || n->flags & SYNTAX_TARGET || is_assigned(c, n))
		return type;
	if (type_global(n->text, c->test, &type, NULL) == TYPE_MEMBER || c->complaints.count >= COMPLAINTS_MOST)
		return type;
	suggest_init(&s, n->text);
	type_global(n->text, c->test, &type, &s);
	why = type_missing(n->text);
	if (why)
		check_complain(c, n, "lua-global", check_say(c, "there is no \"%s\" here", n->text), why);
	else
		check_complain(c, n, "lua-global", check_say(c, "there is no variable \"%s\"", n->text), check_hint(c, &s));
	return TYPE_ANY;
}

/* ---- expressions ---- */

/* What the value is called: "ctx.job", or "a pipe.Finding". */
static const char *name_of(struct checking *c, struct type t)
{
	struct type plain = type_plain(t);

	if (t.path)
		return t.path;
	return type_is_words(plain) ? "a text" : check_say(c, "a %.*s", (int)plain.length, plain.length ? plain.text : "");
}

static void complain_field(struct checking *c, const struct syntax_node *n, struct type object, const struct suggest *s)
{
	const char *name = name_of(c, object), *dotted = object.path ? check_say(c, "%s.%s", object.path, n->text) : NULL;
	const char *why = dotted ? type_missing(dotted) : NULL;

	if (name)
		check_complain(c, n, "lua-field", check_say(c, "%s has no field \"%s\"", name, n->text),
			       why ? why : check_hint(c, s));
}

static struct type type_field(struct checking *c, const struct syntax_node *n)
{
	struct type object = c->types[n->object], member;
	struct suggest s;

	/* A word with a NUL byte in it is no name. */
	if (strlen(n->text) != n->text_length)
		return TYPE_ANY;
	if (type_member(object, n->text, &member, NULL) != TYPE_NO_MEMBER || n->flags & SYNTAX_TARGET ||
	    c->complaints.count >= COMPLAINTS_MOST)
		return member;
	suggest_init(&s, n->text);
	type_member(object, n->text, &member, &s);
	complain_field(c, n, object, &s);
	return member;
}

static bool is_empty_table(const struct syntax_node *n)
{
	return n->kind == SYNTAX_TABLE && !n->count;
}

static bool same_type(struct type a, struct type b)
{
	return a.length == b.length && a.length && !memcmp(a.text, b.text, a.length) && a.function == b.function;
}

static struct type type_binary(const struct checking *c, const struct syntax_node *n)
{
	struct type left = c->types[n->object], right = c->types[n->other];

	switch (n->op) {
	case LEXER_AND:
		return right;
	case LEXER_OR:
		/* `x or {}` is x, or nothing to look into. */
		if (same_type(left, right) || is_empty_table(node_at(c, n->other)))
			return left;
		return TYPE_ANY;
	case LEXER_CONCAT:
		return type_of_text("string");
	default:
		return TYPE_ANY;
	}
}

/* One of several words, compared with another one: never equal. */
static void check_comparison(struct checking *c, const struct syntax_node *n)
{
	const struct syntax_node *left = node_at(c, n->object), *right = node_at(c, n->other);
	struct type words = c->types[n->object];

	if (n->op != LEXER_EQUAL && n->op != LEXER_NOT_EQUAL)
		return;
	if (left->kind == SYNTAX_STRING) {
		words = c->types[n->other];
		right = left;
	}
	if (right->kind == SYNTAX_STRING)
		check_word(c, right, words);
}

static struct type type_expression(struct checking *c, const struct syntax_node *n)
{
	struct type function;

	switch (n->kind) {
	case SYNTAX_STRING:
		return type_of_text("string");
	case SYNTAX_LOCAL:
		return c->tree->symbols.items[n->symbol].assigned ? TYPE_ANY : c->symbols[n->symbol];
	case SYNTAX_GLOBAL:
		return type_global_node(c, n);
	case SYNTAX_FIELD:
		return type_field(c, n);
	case SYNTAX_INDEX:
		return type_item(c->types[n->object]);
	case SYNTAX_CALL:
		check_call(c, n, c->types[n->object]);
		return type_result(type_called(c->types[n->object]), 0);
	case SYNTAX_METHOD:
		function = type_field(c, n);
		check_call(c, n, function);
		return type_result(type_called(function), 0);
	case SYNTAX_PAREN:
		return c->types[n->object];
	case SYNTAX_BINARY:
		check_comparison(c, n);
		return type_binary(c, n);
	default:
		return TYPE_ANY;
	}
}

/* ---- locals ---- */

/* All that a call returns. */
static struct type returned(const struct checking *c, const struct syntax_node *n)
{
	struct type function = TYPE_ANY;

	if (n->kind == SYNTAX_CALL)
		return type_called(c->types[n->object]);
	if (n->kind == SYNTAX_METHOD)
		type_member(c->types[n->object], n->text, &function, NULL);
	return type_called(function);
}

static bool is_call(const struct syntax_node *n)
{
	return n->kind == SYNTAX_CALL || n->kind == SYNTAX_METHOD;
}

/* The last value fills what is left, where it is a call. */
static void type_locals(struct checking *c, const struct syntax_node *n)
{
	const uint32_t *values = syntax_list(c->tree, n);

	for (uint32_t i = 0; n->count && i < n->symbols; i++) {
		const struct syntax_node *last = node_at(c, values[n->count - 1]);

		if (i + 1 >= n->count && is_call(last))
			c->symbols[n->symbol + i] = type_result(returned(c, last), i + 1 - n->count);
		else if (i < n->count)
			c->symbols[n->symbol + i] = c->types[values[i]];
	}
}

/* `pairs(list)`, `ipairs(list)`: its items. */
static bool is_pairs(const struct checking *c, const struct syntax_node *n)
{
	const struct syntax_node *f = n->kind == SYNTAX_CALL ? node_at(c, n->object) : NULL;

	return f && f->kind == SYNTAX_GLOBAL && n->count == 1 && (!strcmp(f->text, "ipairs") || !strcmp(f->text, "pairs"));
}

static void type_loop(struct checking *c, const struct syntax_node *n)
{
	uint32_t value = syntax_list(c->tree, n)[0];
	const struct syntax_node *v = node_at(c, value);

	if (is_pairs(c, v)) {
		if (n->symbols > 1)
			c->symbols[n->symbol + 1] = type_item(c->types[syntax_list(c->tree, v)[0]]);
		return;
	}
	for (uint32_t i = 0; i < n->symbols; i++)
		c->symbols[n->symbol + i] = type_iterated(c->types[value], i);
}

static void visit(struct checking *c, uint32_t node)
{
	const struct syntax_node *n = node_at(c, node);
	static const char context[] = "ctx";

	switch (n->kind) {
	case SYNTAX_DECLARE:
		type_locals(c, n);
		break;
	case SYNTAX_FOR_IN:
		type_loop(c, n);
		break;
	case SYNTAX_PARAMETERS:
		if (n->flags & SYNTAX_CONTEXT && n->symbols)
			type_global(context, c->test, &c->symbols[n->symbol], NULL);
		break;
	default:
		c->types[node] = type_expression(c, n);
	}
}

/* ---- all of it ---- */

static int compare(const void *a, const void *b)
{
	const struct syntax_complaint *x = a, *y = b;

	if (x->line != y->line)
		return x->line < y->line ? -1 : 1;
	return x->column < y->column ? -1 : x->column > y->column;
}

int syntax_check(const struct syntax_tree *tree, struct arena *a, bool test,
		 int (*each)(void *payload, const struct syntax_complaint *complaint), void *payload, pipe_error *err)
{
	struct checking c = { .tree = tree, .a = a, .test = test };

	c.types = ARENA_ARRAY(a, struct type, tree->nodes.count);
	c.symbols = ARENA_ARRAY(a, struct type, tree->symbols.count);
	if (!c.types || !c.symbols)
		return error_nomem(err);
	find_assigned(&c);
	for (uint32_t i = 0; i < tree->nodes.count && !c.nomem; i++)
		visit(&c, i);
	if (c.nomem)
		return error_nomem(err);
	if (c.complaints.count)
		qsort(c.complaints.items, c.complaints.count, sizeof(*c.complaints.items), compare);
	for (uint32_t i = 0; i < c.complaints.count; i++)
		if (each(payload, &c.complaints.items[i]))
			break;
	return PIPE_OK;
}
