/*
 * The meaning of `rules:if`.  null is neither true nor equal to the empty text; as the left side of a match it is the empty text, as
 * GitLab has it.  A right side of =~ that is text but not /pattern/ is searched for the left side, as on GitLab.
 */
#include "base/error.h"
#include "pipeline/rule/expression.h"
#include "pipeline/rule/expression_tree.h"

#include <string.h>

struct evaluation {
	const struct scope *scope;
	struct arena *scratch;
	struct diagnostics *d;
	uint32_t steps;
	uint64_t *budget;
	bool broken; /* reported; the whole condition is false then */
};

struct value {
	const char *text; /* NULL: null */
	size_t length;
};

static struct value variable_value(struct evaluation *x, const struct expression *e)
{
	const struct variable *v = scope_find(x->scope, e->text, e->length);
	bool failed = false;
	const char *text = v ? scope_value_of(x->scope, v, x->scratch, &failed) : NULL;

	if (failed) {
		x->broken = true;
		diag_error(x->d, e->at, "variable-limit", "the value of \"%.*s\" grows too large when it is expanded",
			   (int)(e->length > 100 ? 100 : e->length), e->text);
		diag_hint(x->d, "values that name each other multiply: shorten them, or mark one with expand: false");
	}
	return (struct value){ text, text ? strlen(text) : 0 };
}

static struct value value_of(struct evaluation *x, const struct expression *e)
{
	switch (e->kind) {
	case EXPRESSION_TEXT:
		return (struct value){ e->text, e->length };
	case EXPRESSION_VARIABLE:
		return variable_value(x, e);
	default:
		return (struct value){ NULL, 0 };
	}
}

static bool equal(struct evaluation *x, const struct expression *e)
{
	struct value left, right;

	if (e->left->kind == EXPRESSION_PATTERN || e->right->kind == EXPRESSION_PATTERN)
		return false;
	left = value_of(x, e->left);
	right = value_of(x, e->right);
	if (!left.text || !right.text)
		return !left.text && !right.text;
	return left.length == right.length && !memcmp(left.text, right.text, left.length);
}

static bool search(struct evaluation *x, const struct expression *e, const struct regex *regex, struct value subject)
{
	size_t start, end;
	int rc = regex_search_within(regex, subject.text ? subject.text : "", subject.length, x->steps, x->budget, &start, &end);

	if (rc == -3) {
		x->broken = true;
		diag_error(x->d, e->at, "regex-limit", "a pattern of this condition needs too many steps");
		diag_hint(x->d, "avoid repetitions in repetitions such as (a+)+");
	}
	return rc == 0;
}

/* The right side is text: a pattern in slashes, or what the left side is looked for in. */
static bool search_text(struct evaluation *x, const struct expression *e, struct value left, struct value right)
{
	size_t end = expression_pattern_end(right.text, right.length);
	struct regex *regex;
	pipe_error err = { 0 };

	if (!end)
		return !left.length || memmem(right.text, right.length, left.text, left.length);
	regex = regex_compile(x->scratch, right.text + 1, end - 1,
			      arena_strndup(x->scratch, right.text + end + 1, right.length - end - 1), &err);
	if (regex)
		return search(x, e, regex, left);
	x->broken = true;
	diag_warning(x->d, e->at, "rules-pattern", "a pattern in a variable cannot be used, the condition is false: %s",
		     err.text);
	return false;
}

/* 1, 0; -1: there is nothing to match with. */
static int matches(struct evaluation *x, const struct expression *e)
{
	struct value left = value_of(x, e->left), right;

	if (e->right->kind == EXPRESSION_PATTERN)
		return search(x, e, e->right->regex, left);
	right = value_of(x, e->right);
	if (!right.text)
		return -1;
	return search_text(x, e, left, right);
}

/* Recursion goes as deep as parentheses nest, which the parser limits. */
static bool is_true(struct evaluation *x, const struct expression *e)
{
	switch ((enum expression_kind)e->kind) {
	case EXPRESSION_AND:
		for (e = e->left; e; e = e->next)
			if (!is_true(x, e))
				return false;
		return true;
	case EXPRESSION_OR:
		for (e = e->left; e; e = e->next)
			if (is_true(x, e))
				return true;
		return false;
	case EXPRESSION_EQUAL:
		return equal(x, e);
	case EXPRESSION_UNEQUAL:
		return !equal(x, e);
	case EXPRESSION_MATCH:
		return matches(x, e) == 1;
	case EXPRESSION_NO_MATCH:
		return matches(x, e) != 1;
	default:
		return value_of(x, e).length > 0;
	}
}

bool expression_true_within(const struct expression *e, const struct scope *scope, struct arena *scratch, uint32_t regex_steps,
			    uint64_t *budget, struct diagnostics *d)
{
	struct evaluation x = { scope, scratch, d, regex_steps, budget, false };
	bool result = is_true(&x, e);

	return result && !x.broken;
}

bool expression_true(const struct expression *e, const struct scope *scope, struct arena *scratch, uint32_t regex_steps,
		     struct diagnostics *d)
{
	uint64_t budget = UINT64_MAX;

	return expression_true_within(e, scope, scratch, regex_steps, &budget, d);
}
