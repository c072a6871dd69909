/* Expressions: operators by their priorities, variables with what follows them, table constructors. */
#include "lua/syntax/parser.h"

#include <string.h>

enum { PRIORITY_UNARY = 12 };

/* Higher binds closer; right below left: from right to left (https://www.lua.org/manual/5.4/manual.html#3.4.8). */
static const struct {
	enum lexer_kind kind;
	uint8_t left, right;
} operators[] = { { LEXER_PLUS, 10, 10 },	  { LEXER_MINUS, 10, 10 },    { LEXER_TIMES, 11, 11 },
		  { LEXER_MODULO, 11, 11 },	  { LEXER_POWER, 14, 13 },    { LEXER_DIVIDE, 11, 11 },
		  { LEXER_FLOOR_DIVIDE, 11, 11 }, { LEXER_BIT_AND, 6, 6 },    { LEXER_BIT_OR, 4, 4 },
		  { LEXER_TILDE, 5, 5 },	  { LEXER_SHIFT_LEFT, 7, 7 }, { LEXER_SHIFT_RIGHT, 7, 7 },
		  { LEXER_CONCAT, 9, 8 },	  { LEXER_EQUAL, 3, 3 },      { LEXER_LESS, 3, 3 },
		  { LEXER_LESS_EQUAL, 3, 3 },	  { LEXER_NOT_EQUAL, 3, 3 },  { LEXER_GREATER, 3, 3 },
		  { LEXER_GREATER_EQUAL, 3, 3 },  { LEXER_AND, 2, 2 },	      { LEXER_OR, 1, 1 } };

static uint32_t subexpression(struct parser *p, uint8_t limit);

uint32_t parser_expression(struct parser *p)
{
	return subexpression(p, 0);
}

bool parser_expressions(struct parser *p)
{
	bool more = true;

	while (more) {
		uint32_t node = parser_expression(p);

		if (node == SYNTAX_NONE || !parser_push(p, node) || !parser_take(p, LEXER_COMMA, &more))
			return false;
	}
	return true;
}

/* ---- variables and fields ---- */

uint32_t parser_variable(struct parser *p)
{
	struct lexer_token at = p->token;
	const struct parser_name *name = parser_name(p);
	uint32_t node = name ? parser_node(p, name->symbol == SYNTAX_NONE ? SYNTAX_GLOBAL : SYNTAX_LOCAL, &at) : SYNTAX_NONE;
	struct syntax_node *n;

	if (node == SYNTAX_NONE)
		return node;
	n = parser_at(p, node);
	if (n->kind == SYNTAX_GLOBAL) {
		n->text = name->text;
		n->text_length = at.length;
	} else {
		n->symbol = name->symbol;
		n->flags = p->tree->symbols.items[n->symbol].function == p->function ? 0 : SYNTAX_UPVALUE;
	}
	return node;
}

static uint32_t named(struct parser *p, enum syntax_kind kind, uint32_t object)
{
	struct lexer_token at = p->token;
	const struct parser_name *name = parser_name(p);
	uint32_t node = name ? parser_node(p, kind, &at) : SYNTAX_NONE;

	if (node == SYNTAX_NONE)
		return node;
	parser_at(p, node)->object = object;
	parser_at(p, node)->text = name->text;
	parser_at(p, node)->text_length = at.length;
	return node;
}

uint32_t parser_field(struct parser *p, uint32_t object)
{
	return named(p, SYNTAX_FIELD, object);
}

/* object[key], at the bracket; a constant text is a name. */
static uint32_t index_of(struct parser *p, uint32_t object)
{
	struct lexer_token open = p->token, at;
	uint32_t key, node;
	bool name;

	if (!parser_next(p))
		return SYNTAX_NONE;
	at = p->token;
	key = parser_expression(p);
	if (key == SYNTAX_NONE || !parser_close(p, LEXER_CLOSE_BRACKET, &open))
		return SYNTAX_NONE;
	name = parser_at(p, key)->kind == SYNTAX_STRING;
	node = parser_node(p, name ? SYNTAX_FIELD : SYNTAX_INDEX, &at);
	if (node == SYNTAX_NONE)
		return node;
	parser_at(p, node)->object = object;
	if (name) {
		parser_at(p, node)->text = parser_at(p, key)->text;
		parser_at(p, node)->text_length = parser_at(p, key)->text_length;
	} else {
		parser_at(p, node)->other = key;
	}
	return node;
}

/* ---- constants ---- */

static uint32_t string(struct parser *p)
{
	struct lexer_token at = p->token;
	uint32_t length, node;
	const char *text = lexer_string(&p->lexer, &at, p->a, &length);

	if (!text || !parser_next(p))
		return SYNTAX_NONE;
	node = parser_node(p, SYNTAX_STRING, &at);
	if (node == SYNTAX_NONE)
		return node;
	parser_at(p, node)->text = text;
	parser_at(p, node)->text_length = length;
	return node;
}

static uint32_t constant(struct parser *p, enum syntax_kind kind)
{
	struct lexer_token at = p->token;

	return parser_next(p) ? parser_node(p, kind, &at) : SYNTAX_NONE;
}

/* ---- table constructors ---- */

/* NAME =, or [expression] =.  *key: SYNTAX_NONE where it is constant or there is none. */
static bool item_key(struct parser *p, struct syntax_item *item, uint32_t *key)
{
	const struct lexer_token *ahead;
	const struct parser_name *name;
	struct lexer_token open = p->token;

	*key = SYNTAX_NONE;
	if (p->token.kind == LEXER_NAME) {
		ahead = parser_ahead(p);
		if (!ahead || ahead->kind != LEXER_ASSIGN)
			return ahead;
		item->key_line = p->token.line;
		item->key_column = p->token.column;
		/* A key, and no variable: `_ENV` is a word as any other here. */
		name = parser_intern(p, p->lexer.text + p->token.offset, p->token.length);
		item->key = name ? name->text : NULL;
		return name && parser_next(p) && parser_next(p);
	}
	if (p->token.kind != LEXER_OPEN_BRACKET)
		return true;
	if (!parser_next(p))
		return false;
	item->key_line = p->token.line;
	item->key_column = p->token.column;
	*key = parser_expression(p);
	if (*key == SYNTAX_NONE || !parser_close(p, LEXER_CLOSE_BRACKET, &open) || !parser_expect(p, LEXER_ASSIGN))
		return false;
	if (parser_at(p, *key)->kind == SYNTAX_STRING && strlen(parser_at(p, *key)->text) == parser_at(p, *key)->text_length) {
		item->key = parser_at(p, *key)->text;
		*key = SYNTAX_NONE;
	}
	return true;
}

static bool item(struct parser *p)
{
	struct syntax_item one = { 0 }, *slot;
	uint32_t key, value;

	if (!item_key(p, &one, &key))
		return false;
	one.line = p->token.line;
	one.column = p->token.column;
	p->naming = one.key;
	value = parser_expression(p);
	if (value == SYNTAX_NONE || !parser_push(p, key) || !parser_push(p, value))
		return false;
	slot = vec_push(p->a, &p->items);
	if (!slot)
		return parser_memory(p);
	*slot = one;
	return true;
}

static bool items(struct parser *p, const struct lexer_token *open)
{
	bool comma = true, semicolon = true;

	while (p->token.kind != LEXER_CLOSE_BRACE && (comma || semicolon)) {
		if (!item(p) || !parser_take(p, LEXER_COMMA, &comma))
			return false;
		semicolon = false;
		if (!comma && !parser_take(p, LEXER_SEMICOLON, &semicolon))
			return false;
	}
	if (p->token.kind != LEXER_CLOSE_BRACE)
		return parser_close(p, LEXER_CLOSE_BRACE, open);
	return true;
}

static bool keep_items(struct parser *p, struct syntax_table *t, uint32_t from)
{
	t->count = p->items.count - from;
	t->items = ARENA_ARRAY(p->a, struct syntax_item, t->count);
	if (!t->items)
		return parser_memory(p);
	if (t->count)
		memcpy(t->items, p->items.items + from, t->count * sizeof(*t->items));
	p->items.count = from;
	return true;
}

static bool open_table(struct parser *p, bool argument)
{
	struct syntax_constructor *t = vec_push(p->a, &p->tree->tables);

	if (!t)
		return parser_memory(p);
	t->table.line = p->token.line;
	t->table.column = p->token.column;
	t->open = p->token.offset;
	t->depth = (uint16_t)p->tables;
	t->argument = argument;
	return true;
}

static uint32_t table(struct parser *p, bool argument)
{
	struct lexer_token at = p->token;
	uint32_t number = p->tree->tables.count, from = p->items.count, pending = p->pending.count, node;

	if (!open_table(p, argument) || !parser_next(p))
		return SYNTAX_NONE;
	p->tables++;
	if (!items(p, &at) || !keep_items(p, &p->tree->tables.items[number].table, from))
		return SYNTAX_NONE;
	p->tables--;
	p->tree->tables.items[number].close = p->token.offset;
	node = parser_next(p) ? parser_node(p, SYNTAX_TABLE, &at) : SYNTAX_NONE;
	if (node == SYNTAX_NONE || !parser_list(p, node, pending))
		return SYNTAX_NONE;
	parser_at(p, node)->other = number;
	return node;
}

/* ---- calls ---- */

/* What stands behind a function, onto pending. */
static bool arguments(struct parser *p)
{
	struct lexer_token open = p->token;
	uint32_t node;
	bool empty;

	if (open.kind == LEXER_OPEN_PAREN) {
		if (!parser_next(p))
			return false;
		empty = p->token.kind == LEXER_CLOSE_PAREN;
		return (empty || parser_expressions(p)) && parser_close(p, LEXER_CLOSE_PAREN, &open);
	}
	if (open.kind == LEXER_STRING)
		node = string(p);
	else if (open.kind == LEXER_OPEN_BRACE)
		node = table(p, true);
	else
		return parser_error(p, "\"(\" and arguments");
	return node != SYNTAX_NONE && parser_push(p, node);
}

/* The call's place is that of the name of what is called. */
static uint32_t call(struct parser *p, uint32_t object)
{
	uint32_t from = p->pending.count, node;
	struct lexer_token at = p->token;

	if (!arguments(p))
		return SYNTAX_NONE;
	node = parser_node(p, SYNTAX_CALL, &at);
	if (node == SYNTAX_NONE || !parser_list(p, node, from))
		return SYNTAX_NONE;
	parser_at(p, node)->object = object;
	parser_at(p, node)->line = parser_at(p, object)->line;
	parser_at(p, node)->column = parser_at(p, object)->column;
	parser_at(p, node)->length = parser_at(p, object)->length;
	return node;
}

static uint32_t method(struct parser *p, uint32_t object)
{
	uint32_t from = p->pending.count, node;
	struct lexer_token at;
	const struct parser_name *name;

	if (!parser_next(p))
		return SYNTAX_NONE;
	at = p->token;
	name = parser_name(p);
	if (!name || !arguments(p))
		return SYNTAX_NONE;
	node = parser_node(p, SYNTAX_METHOD, &at);
	if (node == SYNTAX_NONE || !parser_list(p, node, from))
		return SYNTAX_NONE;
	parser_at(p, node)->object = object;
	parser_at(p, node)->text = name->text;
	parser_at(p, node)->text_length = at.length;
	return node;
}

static uint32_t parenthesized(struct parser *p)
{
	struct lexer_token open = p->token;
	uint32_t inner, node;

	if (!parser_next(p))
		return SYNTAX_NONE;
	inner = parser_expression(p);
	if (inner == SYNTAX_NONE || !parser_close(p, LEXER_CLOSE_PAREN, &open))
		return SYNTAX_NONE;
	node = parser_node(p, SYNTAX_PAREN, &open);
	if (node != SYNTAX_NONE)
		parser_at(p, node)->object = inner;
	return node;
}

uint32_t parser_suffixed(struct parser *p)
{
	uint32_t node;

	if (p->token.kind == LEXER_OPEN_PAREN)
		node = parenthesized(p);
	else if (p->token.kind == LEXER_NAME)
		node = parser_variable(p);
	else
		return parser_error(p, "a name or a value"), SYNTAX_NONE;
	while (node != SYNTAX_NONE) {
		switch (p->token.kind) {
		case LEXER_DOT:
			node = parser_next(p) ? parser_field(p, node) : SYNTAX_NONE;
			break;
		case LEXER_OPEN_BRACKET:
			node = index_of(p, node);
			break;
		case LEXER_COLON:
			node = method(p, node);
			break;
		case LEXER_OPEN_PAREN:
		case LEXER_STRING:
		case LEXER_OPEN_BRACE:
			node = call(p, node);
			break;
		default:
			return node;
		}
	}
	return node;
}

/* ---- operators ---- */

static uint32_t simple(struct parser *p)
{
	const char *naming = p->naming;
	struct lexer_token at = p->token;

	p->naming = NULL;
	switch (at.kind) {
	case LEXER_NIL:
		return constant(p, SYNTAX_NIL);
	case LEXER_TRUE:
	case LEXER_FALSE:
		return constant(p, SYNTAX_BOOLEAN);
	case LEXER_NUMBER:
		return constant(p, SYNTAX_NUMBER);
	case LEXER_DOTS:
		return constant(p, SYNTAX_VARARG);
	case LEXER_STRING:
		return string(p);
	case LEXER_OPEN_BRACE:
		return table(p, false);
	case LEXER_FUNCTION:
		return parser_next(p) ? parser_function(p, &at, false, naming) : SYNTAX_NONE;
	default:
		return parser_suffixed(p);
	}
}

static bool is_unary(enum lexer_kind kind)
{
	return kind == LEXER_NOT || kind == LEXER_MINUS || kind == LEXER_TILDE || kind == LEXER_LENGTH;
}

static uint32_t unary(struct parser *p)
{
	struct lexer_token at = p->token;
	uint32_t operand, node;

	p->naming = NULL;
	operand = parser_next(p) ? subexpression(p, PRIORITY_UNARY) : SYNTAX_NONE;
	node = operand == SYNTAX_NONE ? SYNTAX_NONE : parser_node(p, SYNTAX_UNARY, &at);
	if (node == SYNTAX_NONE)
		return node;
	parser_at(p, node)->op = (uint8_t)at.kind;
	parser_at(p, node)->object = operand;
	return node;
}

static uint32_t binary(struct parser *p, uint32_t left, uint8_t right_priority)
{
	struct lexer_token at = p->token;
	uint32_t right, node;

	right = parser_next(p) ? subexpression(p, right_priority) : SYNTAX_NONE;
	node = right == SYNTAX_NONE ? SYNTAX_NONE : parser_node(p, SYNTAX_BINARY, &at);
	if (node == SYNTAX_NONE)
		return node;
	parser_at(p, node)->op = (uint8_t)at.kind;
	parser_at(p, node)->object = left;
	parser_at(p, node)->other = right;
	return node;
}

static size_t operator_of(enum lexer_kind kind)
{
	size_t i = 0;

	while (i < sizeof(operators) / sizeof(*operators) && operators[i].kind != kind)
		i++;
	return i;
}

/* Operators that bind closer than limit. */
static uint32_t subexpression(struct parser *p, uint8_t limit)
{
	uint32_t node;

	if (!parser_enter(p))
		return SYNTAX_NONE;
	node = is_unary(p->token.kind) ? unary(p) : simple(p);
	while (node != SYNTAX_NONE) {
		size_t i = operator_of(p->token.kind);

		if (i == sizeof(operators) / sizeof(*operators) || operators[i].left <= limit)
			break;
		node = binary(p, node, operators[i].right);
	}
	parser_leave(p);
	return node;
}
