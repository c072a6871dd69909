/*
 * spec:inputs:NAME:rules (https://docs.gitlab.com/ci/inputs/#define-conditional-input-options-with-specinputsrules): options and
 * default of one input by the values of others.  A condition is written in the language of rules:if with `$[[ inputs.x ]]` for the
 * variables and true and false for texts; it is rewritten into that language and handed to it.
 */
#include "pipeline/compose/inputs.h"

#include "base/str.h"
#include "pipeline/document/root.h"
#include "pipeline/rule/expression.h"
#include <string.h>

static const char prefix[] = "PIPE_INPUT_";

static const struct node no_value = { .kind = NODE_SCALAR, .text = "" };

/* The variable of `$[[ inputs.x ]]` at *p, which is moved behind it; false: it is not that. */
static bool take_input(struct inputs *in, const char **p, struct str *out, struct variables *values)
{
	const char *name = *p + 3, *end = strstr(name, "]]");
	const struct input *one;
	struct variable v = { .raw = true };
	size_t length;

	if (!end)
		return false;
	name += strspn(name, " \t");
	if (strncmp(name, "inputs.", 7))
		return false;
	name += 7;
	for (length = (size_t)(end - name); length && strchr(" \t", name[length - 1]); length--)
		;
	one = inputs_find(in, name, length);
	if (!one)
		return false;
	v.name = arena_printf(in->l->arena, "%s%td", prefix, one - in->list.items);
	v.value = node_value(one->value && one->value->kind == NODE_SCALAR ? one->value : &no_value, in->l->arena);
	if (!v.name || !v.value || !variables_set(values, in->l->arena, v)) {
		in->l->d->nomem = true;
		return false;
	}
	str_printf(out, "$%s", v.name);
	*p = end + 2;
	return true;
}

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$';
}

/* Copies one word, a bare boolean in quotes. */
static void take_word(const char **p, struct str *out)
{
	const char *start = *p;
	size_t length;
	bool literal;

	while (is_word(**p))
		++*p;
	length = (size_t)(*p - start);
	literal = (length == 4 && !memcmp(start, "true", 4)) || (length == 5 && !memcmp(start, "false", 5));
	if (literal)
		str_addc(out, '"');
	str_add(out, start, length);
	if (literal)
		str_addc(out, '"');
}

/* Texts in quotes go over as they are. */
static void take_quoted(const char **p, struct str *out)
{
	const char *end = strchr(*p + 1, **p);
	size_t length = end ? (size_t)(end - *p) + 1 : strlen(*p);

	str_add(out, *p, length);
	*p += length;
}

static bool rewrite(struct inputs *in, const struct node *condition, struct str *out, struct variables *values)
{
	const char *p = condition->text;

	while (*p) {
		if (!strncmp(p, "$[[", 3)) {
			if (!take_input(in, &p, out, values)) {
				diag_error(in->l->d, condition->at, "input-rule",
					   "\"if\" asks for an input that is not declared");
				diag_hint(in->l->d,
					  "write $[[ inputs.NAME ]] for one that has no rules itself, or stands earlier");
				return false;
			}
		} else if (*p == '"' || *p == '\'') {
			take_quoted(&p, out);
		} else if (is_word(*p)) {
			take_word(&p, out);
		} else {
			str_addc(out, *p++);
		}
	}
	return true;
}

static struct expression *parse_condition(struct loading *l, struct mark at, const struct str *s)
{
	const char *copy = s->failed ? NULL : arena_strndup(l->arena, s->data, s->length);
	struct node *text = copy ? root_text(l->arena, at, copy, s->length) : NULL;

	if (!text) {
		l->d->nomem = true;
		return NULL;
	}
	text->style = STYLE_BLOCK; /* columns of the rewritten text mean nothing in the file */
	return expression_parse(l->arena, text, l->d);
}

/* 1: it matches, 0: it does not, -1: it is wrong. */
static int matches(struct inputs *in, const struct node *condition)
{
	struct loading *l = in->l;
	struct variables values = { .list = { NULL, 0, 0 } };
	struct scope scope = { .count = 0 };
	struct expression *e = NULL;
	struct str s;
	int result = -1;

	str_init(&s);
	if (condition->kind != NODE_SCALAR)
		diag_error(l->d, condition->at, "input-rule", "\"if\" is a condition, not %s", node_describe(condition));
	else if (rewrite(in, condition, &s, &values))
		e = parse_condition(l, condition->at, &s);
	scope_push(&scope, &values);
	if (e)
		result = expression_true(e, &scope, l->arena, l->options->limits.regex_steps, l->d);
	str_clear(&s);
	return result;
}

static bool take_rule(struct inputs *in, struct input *one, const struct node *rule)
{
	const struct node *options = node_get(rule, "options");
	struct node *fallback = node_get(rule, "default");

	if (options && options->kind != NODE_LIST) {
		diag_error(in->l->d, options->at, "input-rule", "\"options\" is a list of values, not %s",
			   node_describe(options));
		return false;
	}
	if (options)
		one->options = options;
	/* `default: null` asks for a value of the user's own. */
	if (fallback)
		one->fallback = node_is_null(fallback) ? NULL : fallback;
	return true;
}

bool input_apply_rules(struct inputs *in, struct input *one, const struct node *rules)
{
	if (rules->kind != NODE_LIST) {
		diag_error(in->l->d, rules->at, "input-rule", "\"rules\" of the input \"%s\" is a list of rules, not %s",
			   one->name, node_describe(rules));
		return false;
	}
	for (uint32_t i = 0; i < rules->count; i++) {
		const struct node *rule = rules->items[i], *condition;
		int matched;

		if (rule->kind != NODE_MAP) {
			diag_error(in->l->d, rule->at, "input-rule", "a rule is a map, not %s", node_describe(rule));
			return false;
		}
		condition = node_get(rule, "if");
		matched = condition ? matches(in, condition) : 1;
		if (matched)
			return matched > 0 && take_rule(in, one, rule);
	}
	if (one->fallback)
		return true;
	/* No rule asks for a value, so there is none: null. */
	one->fallback = node_scalar(in->l->arena, rules->at, "", 0);
	if (one->fallback)
		one->fallback->style = STYLE_PLAIN;
	else
		in->l->d->nomem = true;
	return one->fallback != NULL;
}
