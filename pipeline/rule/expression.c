/* The grammar of `rules:if`: or, and, comparison, operand.  Only parentheses nest, and only so deep. */
#include "pipeline/rule/expression.h"

#include "base/utf8.h"
#include "pipeline/rule/expression_lexer.h"

#include <stdio.h>
#include <string.h>

enum { PARENTHESES_MOST = 100 };

static struct expression *make(struct parser *p, enum expression_kind kind)
{
	struct expression *e = ARENA_NEW(p->a, struct expression);

	if (!e) {
		p->d->nomem = true;
		p->failed = true;
		return NULL;
	}
	e->kind = (uint8_t)kind;
	e->at = p->node->at;
	return e;
}

static struct expression *parse_pattern(struct parser *p)
{
	const struct token t = p->token;
	struct expression *e = make(p, EXPRESSION_PATTERN);
	pipe_error err = { 0 };
	char flags[8];

	if (!e)
		return NULL;
	snprintf(flags, sizeof(flags), "%.*s", (int)(t.end - t.flags), t.flags);
	e->regex = regex_compile(p->a, t.text, t.length, flags, &err);
	if (!e->regex) {
		size_t skip = err.column ? expression_column_offset(t.text, t.length, err.column) : 0;
		expression_complain(p, t.text + skip, t.text + skip, "this pattern cannot be used: %s", err.text);
		return NULL;
	}
	expression_advance(p);
	return e;
}

static struct expression *parse_value(struct parser *p)
{
	struct expression *e = make(p, p->token.operation);

	if (!e)
		return NULL;
	e->text = p->token.text;
	e->length = (uint32_t)p->token.length;
	expression_advance(p);
	return e;
}

static void missing_operand(struct parser *p, const char *where)
{
	static const char *const names[] = {
		[TOKEN_END] = "the end",   [TOKEN_OPEN] = "\"(\"",	  [TOKEN_CLOSE] = "\")\"",
		[TOKEN_AND] = "\"&&\"",	   [TOKEN_OR] = "\"||\"",	  [TOKEN_COMPARE] = "a comparison",
		[TOKEN_VALUE] = "a value", [TOKEN_PATTERN] = "a pattern", [TOKEN_WRONG] = "something",
	};

	expression_complain(p, p->token.start, p->token.end, "%s is missing before %s", where, names[p->token.kind]);
}

static struct expression *parse_or(struct parser *p);

static struct expression *parse_parentheses(struct parser *p)
{
	const char *start = p->token.start;
	struct expression *e;

	if (++p->depth > PARENTHESES_MOST) {
		expression_complain(p, start, start + 1, "parentheses nest deeper than %d", PARENTHESES_MOST);
		return NULL;
	}
	expression_advance(p);
	e = parse_or(p);
	p->depth--;
	if (!e)
		return NULL;
	if (p->token.kind != TOKEN_CLOSE) {
		if (p->token.kind == TOKEN_END)
			expression_complain(p, start, start + 1, "this parenthesis is not closed");
		else
			expression_complain(p, p->token.start, p->token.end, "an operator is missing here");
		return NULL;
	}
	expression_advance(p);
	return e;
}

static struct expression *parse_operand(struct parser *p, const char *what)
{
	switch (p->token.kind) {
	case TOKEN_OPEN:
		return parse_parentheses(p);
	case TOKEN_VALUE:
		return parse_value(p);
	case TOKEN_PATTERN:
		expression_complain(p, p->token.start, p->token.end, "a pattern stands on the right of =~ or !~ only");
		return NULL;
	default:
		missing_operand(p, what);
		return NULL;
	}
}

static bool is_value(const struct expression *e)
{
	return e->kind <= EXPRESSION_PATTERN;
}

/* `$A =~ "text"` is true when the text holds the value of $A, on GitLab and here. */
static void warn_of_text(struct parser *p, struct token t)
{
	bool exact;
	struct mark at = expression_place(p, t.start, &exact);

	diag_warning(p->d, at, "rules-pattern", "a text in quotes is no pattern");
	if (exact)
		diag_span(p->d, (uint32_t)utf8_count(t.start, (size_t)(t.end - t.start)));
	diag_hint(p->d, "a pattern stands between slashes: =~ /^release/");
}

/* The right side of ==, != (`pattern` false: one that stands there never equals, as on GitLab) or of =~, !~. */
static struct expression *parse_right(struct parser *p, bool pattern)
{
	const struct token t = p->token;
	struct expression *e;

	if (t.kind != TOKEN_PATTERN) {
		e = parse_operand(p, "a value");
		if (e && pattern && e->kind == EXPRESSION_TEXT && !expression_pattern_end(e->text, e->length))
			warn_of_text(p, t);
		return e;
	}
	e = parse_pattern(p);
	if (e && !pattern) {
		bool exact;
		diag_warning(p->d, expression_place(p, t.start, &exact), "rules-pattern", "a pattern is never equal to a text");
		diag_hint(p->d, "patterns are matched with =~ and !~");
	}
	return e;
}

static struct expression *parse_comparison(struct parser *p)
{
	const char *start = p->token.start;
	struct expression *left = parse_operand(p, "a value"), *e;
	const char *end;

	if (!left || p->token.kind != TOKEN_COMPARE)
		return left;
	end = p->token.start;
	e = make(p, p->token.operation);
	if (!e)
		return NULL;
	e->left = left;
	expression_advance(p);
	e->right = parse_right(p, e->kind == EXPRESSION_MATCH || e->kind == EXPRESSION_NO_MATCH);
	if (!e->right)
		return NULL;
	if (!is_value(left) || !is_value(e->right)) {
		expression_complain(p, start, end, "a comparison wants a variable, text or null on each side");
		return NULL;
	}
	if (p->token.kind == TOKEN_COMPARE) {
		expression_complain(p, p->token.start, p->token.end, "a second comparison in a row");
		diag_hint(p->d, "join comparisons with && or ||");
		return NULL;
	}
	return e;
}

/* operand (operator operand)*, as one node over a chain. */
static struct expression *parse_chain(struct parser *p, enum token_kind token, enum expression_kind kind,
				      struct expression *(*operand)(struct parser *p))
{
	struct expression *first = operand(p), *last = first, *e;

	if (!first || p->token.kind != token)
		return first;
	e = make(p, kind);
	if (!e)
		return NULL;
	e->left = first;
	while (p->token.kind == token) {
		expression_advance(p);
		last->next = operand(p);
		last = last->next;
		if (!last)
			return NULL;
	}
	return e;
}

static struct expression *parse_and(struct parser *p)
{
	return parse_chain(p, TOKEN_AND, EXPRESSION_AND, parse_comparison);
}

static struct expression *parse_or(struct parser *p)
{
	return parse_chain(p, TOKEN_OR, EXPRESSION_OR, parse_and);
}

struct expression *expression_parse(struct arena *a, const struct node *text, struct diagnostics *d)
{
	struct parser p = { .a = a, .d = d, .node = text, .at = text->text };
	struct expression *e;

	expression_advance(&p);
	if (p.token.kind == TOKEN_END) {
		expression_complain(&p, p.token.start, p.token.end, "the condition is empty");
		return NULL;
	}
	e = parse_or(&p);
	if (!e || p.failed)
		return NULL;
	if (p.token.kind == TOKEN_CLOSE) {
		expression_complain(&p, p.token.start, p.token.end, "this parenthesis closes nothing");
		return NULL;
	}
	if (p.token.kind != TOKEN_END) {
		expression_complain(&p, p.token.start, p.token.end, "an operator is missing here");
		diag_hint(d, "join conditions with && or ||");
		return NULL;
	}
	return e;
}
