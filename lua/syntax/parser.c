/* What the parser is made of: tokens and what is missing among them, names, nodes and their lists. */
#include "lua/syntax/parser.h"

#include "base/error.h"
#include "base/utf8.h"

#include <string.h>

/* ---- tokens ---- */

bool parser_next(struct parser *p)
{
	if (p->has_ahead) {
		p->token = p->ahead;
		p->has_ahead = false;
		return true;
	}
	if (!lexer_next(&p->lexer))
		return false;
	p->token = p->lexer.token;
	return true;
}

const struct lexer_token *parser_ahead(struct parser *p)
{
	if (!p->has_ahead) {
		if (!lexer_next(&p->lexer))
			return NULL;
		p->ahead = p->lexer.token;
		p->has_ahead = true;
	}
	return &p->ahead;
}

bool parser_take(struct parser *p, enum lexer_kind kind, bool *taken)
{
	*taken = p->token.kind == kind;
	return !*taken || parser_next(p);
}

bool parser_error(struct parser *p, const char *wanted)
{
	const struct lexer_token *t = &p->token;

	if (t->kind == LEXER_EOF)
		return lexer_error(&p->lexer, t, "%s is missing at the end of the text", wanted);
	return lexer_error(&p->lexer, t, "%s is missing before \"%.*s\"", wanted, t->length > 40 ? 40 : (int)t->length,
			   p->lexer.text + t->offset);
}

bool parser_expect(struct parser *p, enum lexer_kind kind)
{
	char wanted[32] = "\"";

	if (p->token.kind == kind)
		return parser_next(p);
	if (kind >= LEXER_NAME)
		return parser_error(p, lexer_kind_text(kind));
	strncat(wanted, lexer_kind_text(kind), sizeof(wanted) - 3);
	strncat(wanted, "\"", 2);
	return parser_error(p, wanted);
}

bool parser_close(struct parser *p, enum lexer_kind kind, const struct lexer_token *open)
{
	if (p->token.kind == kind)
		return parser_next(p);
	if (open->line == p->token.line)
		return parser_expect(p, kind);
	return lexer_error(&p->lexer, &p->token, "\"%s\" is missing: it closes \"%.*s\" of line %u", lexer_kind_text(kind),
			   (int)open->length, p->lexer.text + open->offset, open->line);
}

bool parser_memory(struct parser *p)
{
	if (!p->lexer.failed)
		error_nomem(p->lexer.err);
	p->lexer.failed = true;
	return false;
}

bool parser_enter(struct parser *p)
{
	if (p->depth >= PARSER_DEPTH)
		return lexer_error(&p->lexer, &p->token, "nested more than %d deep", PARSER_DEPTH);
	p->depth++;
	return true;
}

void parser_leave(struct parser *p)
{
	p->depth--;
}

struct parser_name *parser_intern(struct parser *p, const char *text, size_t length)
{
	struct parser_name *name = map_get(&p->names, text, length);
	const char *kept;

	if (name)
		return name;
	name = ARENA_NEW(p->a, struct parser_name);
	kept = arena_strndup(p->a, text, length);
	if (!name || !kept || !map_put(&p->names, p->a, kept, length, name)) {
		parser_memory(p);
		return NULL;
	}
	*name = (struct parser_name){ kept, SYNTAX_NONE };
	return name;
}

struct parser_name *parser_name(struct parser *p)
{
	struct parser_name *name;

	if (p->token.kind != LEXER_NAME) {
		parser_error(p, "a name");
		return NULL;
	}
	name = parser_intern(p, p->lexer.text + p->token.offset, p->token.length);
	if (name && !strcmp(name->text, "_ENV"))
		p->tree->env = true;
	return name && parser_next(p) ? name : NULL;
}

/* ---- nodes ---- */

bool parser_too_large(struct parser *p)
{
	return lexer_error(&p->lexer, &p->token, "the text is too large to be looked at: more than %d parts", PARSER_NODES);
}

uint32_t parser_node(struct parser *p, enum syntax_kind kind, const struct lexer_token *at)
{
	struct syntax_node *n;
	const char *text = p->lexer.text + at->offset, *line = memchr(text, '\n', at->length);

	if (p->tree->nodes.count >= PARSER_NODES) {
		parser_too_large(p);
		return SYNTAX_NONE;
	}
	n = vec_push(p->a, &p->tree->nodes);
	if (!n) {
		parser_memory(p);
		return SYNTAX_NONE;
	}
	n->kind = (uint8_t)kind;
	n->line = at->line;
	n->column = at->column;
	n->length = (uint32_t)utf8_count(text, line ? (size_t)(line - text) : at->length);
	n->object = n->other = SYNTAX_NONE;
	return p->tree->nodes.count - 1;
}

struct syntax_node *parser_at(struct parser *p, uint32_t node)
{
	return &p->tree->nodes.items[node];
}

bool parser_push(struct parser *p, uint32_t value)
{
	uint32_t *slot = vec_push(p->a, &p->pending);

	if (!slot)
		return parser_memory(p);
	*slot = value;
	return true;
}

bool parser_list(struct parser *p, uint32_t node, uint32_t from)
{
	struct syntax_node *n = parser_at(p, node);

	n->first = p->tree->links.count;
	n->count = p->pending.count - from;
	if (n->count > PARSER_NODES - p->tree->links.count)
		return parser_too_large(p);
	for (uint32_t i = from; i < p->pending.count; i++) {
		uint32_t *link = vec_push(p->a, &p->tree->links);

		if (!link)
			return parser_memory(p);
		*link = p->pending.items[i];
	}
	p->pending.count = from;
	return true;
}
