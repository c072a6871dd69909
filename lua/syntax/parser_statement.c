/* Statements, blocks, functions and the scopes of their names.  The grammar: https://www.lua.org/manual/5.4/manual.html#9. */
#include "base/error.h"
#include "lua/syntax/parser.h"

#include <string.h>

/* ---- scopes ---- */

/* A local that is not in scope yet; the symbols of one statement follow one another. */
static bool declare(struct parser *p, const struct parser_name *name)
{
	struct syntax_symbol *s;

	if (p->tree->symbols.count >= PARSER_NODES)
		return parser_too_large(p);
	s = vec_push(p->a, &p->tree->symbols);
	if (!s)
		return parser_memory(p);
	s->name = name->text;
	s->function = p->function;
	s->shadows = SYNTAX_NONE;
	return true;
}

/* In scope from here on. */
static bool activate(struct parser *p, uint32_t first, uint32_t count)
{
	for (uint32_t i = first; i < first + count; i++) {
		struct syntax_symbol *s = &p->tree->symbols.items[i];
		struct parser_name *name = parser_intern(p, s->name, strlen(s->name));
		uint32_t *slot = vec_push(p->a, &p->active);

		if (!name)
			return false;
		if (!slot)
			return parser_memory(p);
		*slot = i;
		s->shadows = name->symbol;
		name->symbol = i;
	}
	return true;
}

static void leave_scope(struct parser *p, uint32_t from)
{
	while (p->active.count > from) {
		const struct syntax_symbol *s = &p->tree->symbols.items[p->active.items[--p->active.count]];
		struct parser_name *name = map_get(&p->names, s->name, strlen(s->name));

		if (name)
			name->symbol = s->shadows;
	}
}

/* ---- blocks ---- */

static bool statement(struct parser *p);

static bool ends_block(enum lexer_kind kind)
{
	return kind == LEXER_EOF || kind == LEXER_TAIL_END || kind == LEXER_ELSE || kind == LEXER_ELSEIF || kind == LEXER_UNTIL;
}

/* Its locals stay in scope. */
static bool statements(struct parser *p)
{
	while (!ends_block(p->token.kind)) {
		bool last = p->token.kind == LEXER_RETURN;

		if (!statement(p))
			return false;
		if (last)
			break;
	}
	return true;
}

static bool block(struct parser *p)
{
	uint32_t from = p->active.count;

	if (!statements(p))
		return false;
	leave_scope(p, from);
	return true;
}

/* ---- functions ---- */

static bool parameters(struct parser *p)
{
	bool more = p->token.kind != LEXER_CLOSE_PAREN;

	while (more) {
		bool dots;
		const struct parser_name *name;

		if (!parser_take(p, LEXER_DOTS, &dots))
			return false;
		if (dots)
			break;
		name = parser_name(p);
		if (!name || !declare(p, name) || !parser_take(p, LEXER_COMMA, &more))
			return false;
	}
	return true;
}

/* A stage's functions are called with the context. */
static bool takes_context(const char *name)
{
	return name && (!strcmp(name, "compile") || !strcmp(name, "evaluate"));
}

static bool function_head(struct parser *p, const struct lexer_token *at, bool method, const char *name)
{
	uint32_t first = p->tree->symbols.count, count, node;

	if (!parser_expect(p, LEXER_OPEN_PAREN))
		return false;
	if (method) {
		const struct parser_name *self = parser_intern(p, "self", 4);

		if (!self || !declare(p, self))
			return false;
	}
	if (!parameters(p) || !parser_expect(p, LEXER_CLOSE_PAREN))
		return false;
	count = p->tree->symbols.count - first;
	if (!activate(p, first, count))
		return false;
	node = parser_node(p, SYNTAX_PARAMETERS, at);
	if (node == SYNTAX_NONE)
		return false;
	parser_at(p, node)->symbol = first;
	parser_at(p, node)->symbols = count;
	parser_at(p, node)->flags = !method && takes_context(name) ? SYNTAX_CONTEXT : 0;
	return true;
}

uint32_t parser_function(struct parser *p, const struct lexer_token *at, bool method, const char *name)
{
	uint32_t outer = p->function, from = p->active.count, tables = p->tables;
	struct lexer_token open = *at;

	p->function = ++p->functions;
	p->tables = 0;
	if (!function_head(p, &open, method, name) || !statements(p) || !parser_close(p, LEXER_TAIL_END, &open))
		return SYNTAX_NONE;
	leave_scope(p, from);
	p->function = outer;
	p->tables = tables;
	return parser_node(p, SYNTAX_FUNCTION, &open);
}

static bool assign_function(struct parser *p, const struct lexer_token *at, uint32_t target, uint32_t function)
{
	uint32_t node = parser_node(p, SYNTAX_ASSIGN, at), from = p->pending.count;
	struct syntax_node *t = parser_at(p, target);

	if (node == SYNTAX_NONE || !parser_push(p, target) || !parser_push(p, function))
		return false;
	t->flags |= SYNTAX_TARGET;
	if (t->kind == SYNTAX_LOCAL)
		p->tree->symbols.items[t->symbol].assigned = true;
	parser_at(p, node)->other = 1;
	parser_at(p, node)->flags = SYNTAX_NAMED;
	return parser_list(p, node, from);
}

/* function a.b:c(...) */
static bool function_statement(struct parser *p)
{
	struct lexer_token at = p->token;
	bool method = false, more = true;
	uint32_t target, function;

	if (!parser_next(p))
		return false;
	target = parser_variable(p);
	while (target != SYNTAX_NONE && more && !method) {
		method = p->token.kind == LEXER_COLON;
		more = method || p->token.kind == LEXER_DOT;
		if (more)
			target = parser_next(p) ? parser_field(p, target) : SYNTAX_NONE;
	}
	if (target == SYNTAX_NONE)
		return false;
	function = parser_function(p, &at, method,
				   parser_at(p, target)->kind == SYNTAX_FIELD ? parser_at(p, target)->text : NULL);
	return function != SYNTAX_NONE && assign_function(p, &at, target, function);
}

/* ---- locals ---- */

static bool attribute(struct parser *p)
{
	struct lexer_token at;
	const struct parser_name *name;
	bool taken;

	if (!parser_take(p, LEXER_LESS, &taken) || !taken)
		return !taken && !p->lexer.failed;
	at = p->token;
	name = parser_name(p);
	if (!name)
		return false;
	if (strcmp(name->text, "const") != 0 && strcmp(name->text, "close") != 0)
		return lexer_error(&p->lexer, &at, "\"%.40s\" is no attribute: there are <const> and <close>", name->text);
	return parser_expect(p, LEXER_GREATER);
}

/* NAME {, NAME}, with attributes where that is allowed. */
static bool declare_names(struct parser *p, bool attributes)
{
	bool more = true;

	while (more) {
		const struct parser_name *name = parser_name(p);

		if (!name || !declare(p, name) || (attributes && !attribute(p)) || !parser_take(p, LEXER_COMMA, &more))
			return false;
	}
	return true;
}

/* The node over symbols that were declared, with the list from `from` on; from here on they are in scope. */
static bool declaration(struct parser *p, enum syntax_kind kind, const struct lexer_token *at, uint32_t first, uint32_t count,
			uint32_t from)
{
	uint32_t node = parser_node(p, kind, at);

	if (node == SYNTAX_NONE)
		return false;
	parser_at(p, node)->symbol = first;
	parser_at(p, node)->symbols = count;
	return parser_list(p, node, from) && activate(p, first, count);
}

static bool local_function(struct parser *p)
{
	struct lexer_token at = p->token;
	uint32_t first = p->tree->symbols.count;
	const struct parser_name *name;

	if (!parser_next(p))
		return false;
	name = parser_name(p);
	return name && declare(p, name) && activate(p, first, 1) && parser_function(p, &at, false, NULL) != SYNTAX_NONE;
}

static bool local_statement(struct parser *p)
{
	struct lexer_token at = p->token;
	uint32_t from = p->pending.count, first = p->tree->symbols.count, count;
	bool values;

	if (!parser_next(p))
		return false;
	if (p->token.kind == LEXER_FUNCTION)
		return local_function(p);
	if (!declare_names(p, true))
		return false;
	count = p->tree->symbols.count - first;
	return parser_take(p, LEXER_ASSIGN, &values) && (!values || parser_expressions(p)) &&
	       declaration(p, SYNTAX_DECLARE, &at, first, count, from);
}

/* ---- loops and conditions ---- */

/* `for i = 1, 2`: behind the names.  count is 1 where it is numeric. */
static bool for_values(struct parser *p, const struct lexer_token *at, uint32_t first)
{
	uint32_t from = p->pending.count, count = p->tree->symbols.count - first;
	enum syntax_kind kind = SYNTAX_FOR_IN;

	if (p->token.kind == LEXER_ASSIGN && count == 1)
		kind = SYNTAX_FOR;
	else if (p->token.kind != LEXER_IN)
		return parser_error(p, count == 1 ? "\"=\" or \"in\"" : "\"in\"");
	return parser_next(p) && parser_expressions(p) && declaration(p, kind, at, first, count, from);
}

static bool for_statement(struct parser *p)
{
	struct lexer_token at = p->token;
	uint32_t first = p->tree->symbols.count, from = p->active.count;

	if (!parser_next(p) || !declare_names(p, false) || !for_values(p, &at, first) || !parser_expect(p, LEXER_DO) ||
	    !block(p) || !parser_close(p, LEXER_TAIL_END, &at))
		return false;
	leave_scope(p, from);
	return true;
}

static bool while_statement(struct parser *p)
{
	struct lexer_token at = p->token;

	return parser_next(p) && parser_expression(p) != SYNTAX_NONE && parser_expect(p, LEXER_DO) && block(p) &&
	       parser_close(p, LEXER_TAIL_END, &at);
}

/* What stands behind `until` sees the locals of the block. */
static bool repeat_statement(struct parser *p)
{
	struct lexer_token at = p->token;
	uint32_t from = p->active.count;

	if (!parser_next(p) || !statements(p) || !parser_close(p, LEXER_UNTIL, &at) || parser_expression(p) == SYNTAX_NONE)
		return false;
	leave_scope(p, from);
	return true;
}

static bool if_statement(struct parser *p)
{
	struct lexer_token at = p->token;
	bool otherwise;

	do {
		if (!parser_next(p) || parser_expression(p) == SYNTAX_NONE || !parser_expect(p, LEXER_THEN) || !block(p))
			return false;
	} while (p->token.kind == LEXER_ELSEIF);
	return parser_take(p, LEXER_ELSE, &otherwise) && (!otherwise || block(p)) && parser_close(p, LEXER_TAIL_END, &at);
}

static bool do_statement(struct parser *p)
{
	struct lexer_token at = p->token;

	return parser_next(p) && block(p) && parser_close(p, LEXER_TAIL_END, &at);
}

/* ---- the other statements ---- */

static bool return_statement(struct parser *p)
{
	struct lexer_token at = p->token;
	uint32_t from = p->pending.count, node;
	bool semicolon;

	if (!parser_next(p))
		return false;
	if (!ends_block(p->token.kind) && p->token.kind != LEXER_SEMICOLON && !parser_expressions(p))
		return false;
	node = parser_node(p, SYNTAX_RETURN, &at);
	if (node == SYNTAX_NONE || !parser_list(p, node, from) || !parser_take(p, LEXER_SEMICOLON, &semicolon))
		return false;
	return ends_block(p->token.kind) || parser_error(p, "the block's end (nothing stands behind `return`)");
}

static bool goto_statement(struct parser *p)
{
	return parser_next(p) && parser_name(p);
}

static bool label_statement(struct parser *p)
{
	return parser_next(p) && parser_name(p) && parser_expect(p, LEXER_LABEL);
}

/* A target, onto pending. */
static bool target(struct parser *p, uint32_t node, const struct lexer_token *at)
{
	struct syntax_node *n = parser_at(p, node);

	if (n->kind != SYNTAX_LOCAL && n->kind != SYNTAX_GLOBAL && n->kind != SYNTAX_FIELD && n->kind != SYNTAX_INDEX)
		return lexer_error(&p->lexer, at, "nothing can be assigned to this: it is no variable and no field");
	n->flags |= SYNTAX_TARGET;
	if (n->kind == SYNTAX_LOCAL)
		p->tree->symbols.items[n->symbol].assigned = true;
	return parser_push(p, node);
}

static bool assignment(struct parser *p, uint32_t node, struct lexer_token at)
{
	uint32_t from = p->pending.count, targets, assign;
	struct lexer_token begin = at;
	bool more = true;

	while (more) {
		if (!target(p, node, &at) || !parser_take(p, LEXER_COMMA, &more))
			return false;
		at = p->token;
		node = more ? parser_suffixed(p) : node;
		if (node == SYNTAX_NONE)
			return false;
	}
	targets = p->pending.count - from;
	if (!parser_expect(p, LEXER_ASSIGN) || !parser_expressions(p))
		return false;
	assign = parser_node(p, SYNTAX_ASSIGN, &begin);
	if (assign == SYNTAX_NONE)
		return false;
	parser_at(p, assign)->other = targets;
	return parser_list(p, assign, from);
}

static bool expression_statement(struct parser *p)
{
	struct lexer_token at = p->token;
	uint32_t node = parser_suffixed(p);

	if (node == SYNTAX_NONE)
		return false;
	if (p->token.kind == LEXER_ASSIGN || p->token.kind == LEXER_COMMA)
		return assignment(p, node, at);
	if (parser_at(p, node)->kind == SYNTAX_CALL || parser_at(p, node)->kind == SYNTAX_METHOD)
		return true;
	return parser_error(p, "\"=\" or a call");
}

static bool empty_statement(struct parser *p)
{
	return parser_next(p);
}

static bool statement(struct parser *p)
{
	static const struct {
		enum lexer_kind kind;
		bool (*read)(struct parser *);
	} kinds[] = { { LEXER_SEMICOLON, empty_statement }, { LEXER_BREAK, empty_statement },
		      { LEXER_IF, if_statement },	    { LEXER_WHILE, while_statement },
		      { LEXER_DO, do_statement },	    { LEXER_FOR, for_statement },
		      { LEXER_REPEAT, repeat_statement },   { LEXER_FUNCTION, function_statement },
		      { LEXER_LOCAL, local_statement },	    { LEXER_LABEL, label_statement },
		      { LEXER_RETURN, return_statement },   { LEXER_GOTO, goto_statement } };
	bool (*read)(struct parser *) = expression_statement;

	for (size_t i = 0; i < sizeof(kinds) / sizeof(*kinds); i++)
		if (p->token.kind == kinds[i].kind)
			read = kinds[i].read;
	if (!parser_enter(p) || !read(p))
		return false;
	parser_leave(p);
	return true;
}

int syntax_parse(struct syntax_tree **out, struct arena *a, const char *text, size_t length, pipe_error *err)
{
	pipe_error own = { 0 };
	struct parser p = { .a = a };

	*out = NULL;
	if (length > PARSER_BYTES)
		return error_set(err, PIPE_ELIMIT, "the text is longer than %d MiB", PARSER_BYTES >> 20);
	p.tree = ARENA_NEW(a, struct syntax_tree);
	if (!p.tree)
		return error_nomem(err);
	p.tree->a = a;
	p.tree->text = text;
	p.tree->length = (uint32_t)length;
	lexer_init(&p.lexer, text, length, &own);
	if (parser_next(&p) && statements(&p) && p.token.kind != LEXER_EOF)
		parser_error(&p, "the end of the text");
	if (p.lexer.failed) {
		if (err)
			*err = own;
		return own.code;
	}
	*out = p.tree;
	return PIPE_OK;
}

void syntax_refine(const char *text, size_t length, pipe_error *err)
{
	struct arena a = ARENA_INIT;
	struct syntax_tree *tree;
	pipe_error own = { 0 };

	if (syntax_parse(&tree, &a, text, length, &own) == PIPE_EPIPELINE && own.line == err->line) {
		err->column = own.column;
		memcpy(err->text, own.text, sizeof(err->text));
	}
	arena_clear(&a);
}
