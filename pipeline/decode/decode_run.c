/*
 * `run` (https://docs.gitlab.com/ci/steps/): steps in the place of a script.  A step with a script becomes one command, a shell of
 * its own with the step's variables: what it sets is gone with it.  Functions (`step`, `func`) and expressions, `${{ }}`, are of
 * GitLab's step runner, which is not here: such a step fails when the job comes to it, and says why.
 */
#include "pipeline/decode/decoding.h"

#include "base/str.h"
#include <string.h>

static const struct node *function_of(const struct node *step)
{
	const struct node *n = node_get(step, "step");

	return node_is_null(n) ? node_get(step, "func") : n;
}

static const char *name_of(const struct node *step)
{
	const char *name = decode_text(node_get(step, "name"));

	return name ? name : "";
}

static bool has_expression(const struct node *step, const script *commands)
{
	const struct node *env = node_get(step, "env");

	for (uint32_t i = 0; i < commands->count; i++)
		if (strstr(commands->items[i].text, "${{"))
			return true;
	for (uint32_t i = 0; env && env->kind == NODE_MAP && i < env->count; i++)
		if (env->pairs[i].value->kind == NODE_SCALAR && strstr(env->pairs[i].value->text, "${{"))
			return true;
	return false;
}

static void add_refusal(struct decoding *x, const struct node *step, struct mark at, const char *what, struct str *s)
{
	const char *text = arena_printf(x->a, "the step \"%s\" %s, which takes GitLab's step runner", name_of(step), what);

	if (!text) {
		x->nomem = true;
		return;
	}
	diag_warning(x->d, at, "run-step", "%s: the job fails there", text);
	str_adds(s, "printf '%s\\n' ");
	str_shell_word(s, text);
	str_adds(s, " >&2\nexit 1\n");
}

/* A name that no shell can use was reported, and the step goes without it. */
static bool is_shell_name(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789";

	return *name && !(*name >= '0' && *name <= '9') && !name[strspn(name, letters)];
}

static void add_commands(struct decoding *x, const struct node *step, const script *commands, struct str *s)
{
	const struct node *env = node_get(step, "env");
	struct variables variables = decode_variables(x, env && env->kind == NODE_MAP ? env : NULL);

	for (uint32_t i = 0; i < variables.list.count; i++) {
		if (!is_shell_name(variables.list.items[i].name))
			continue;
		str_printf(s, "export %s=", variables.list.items[i].name);
		str_shell_word(s, variables.list.items[i].value);
		str_addc(s, '\n');
	}
	for (uint32_t i = 0; i < commands->count; i++) {
		str_adds(s, commands->items[i].text);
		str_addc(s, '\n');
	}
}

static void add_step(struct decoding *x, struct node *step, script *out)
{
	struct node *written = node_get(step, "script");
	const struct node *function = function_of(step);
	script commands = decode_commands(x, written);
	struct command *c = &out->items[out->count];
	struct str s;

	if (!node_is_null(function) == (commands.count > 0)) {
		diag_error(x->d, step->at, "run-step",
			   commands.count ? "the step \"%s\" has a script and a function" : "the step \"%s\" has nothing to do",
			   name_of(step));
		diag_hint(x->d, "a step has either \"script\" or \"step\"");
		return;
	}
	str_init(&s);
	str_adds(&s, "(\n");
	if (!commands.count)
		add_refusal(x, step, function->at, "is a function", &s);
	else if (has_expression(step, &commands))
		add_refusal(x, step, written->at, "has an expression, ${{ }}", &s);
	else
		add_commands(x, step, &commands, &s);
	str_addc(&s, ')');
	c->text = s.failed ? NULL : arena_strndup(x->a, s.data, s.length);
	c->at = step->at;
	if (c->text)
		out->count++;
	else
		x->nomem = true;
	str_clear(&s);
}

script decode_run(struct decoding *x, struct node *n)
{
	script out = { NULL, 0, 0 };
	struct flat f;

	if (!decode_flat(x, n, &f) || !DECODE_ROOM(x, &out, f.count))
		return out;
	for (uint32_t i = 0; i < f.count; i++)
		if (f.items[i]->kind == NODE_MAP)
			add_step(x, f.items[i], &out);
	return out;
}
