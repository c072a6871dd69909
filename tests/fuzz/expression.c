/*
 * libFuzzer (and AFL++) target: conditions, patterns and expansion.  The first byte chooses; behind a byte 0 stands the value of $A,
 * behind another one that of $B.
 */
#include "pipeline/rule/expression.h"

#include "pipeline/document/document.h"
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXTS = 3, STEPS = 10000 };

struct input {
	char *text[TEXTS];
	size_t length[TEXTS];
};

static bool split(struct input *in, struct arena *a, const uint8_t *data, size_t size)
{
	for (size_t i = 0; i < TEXTS; i++) {
		const uint8_t *end = size ? memchr(data, 0, size) : NULL;
		in->length[i] = end ? (size_t)(end - data) : size;
		in->text[i] = arena_strndup(a, (const char *)data, in->length[i]);
		if (!in->text[i])
			return false;
		data += in->length[i] + (end != NULL);
		size -= in->length[i] + (end != NULL);
	}
	return true;
}

static void condition(const struct input *in, const struct scope *scope, struct arena *a)
{
	struct sources sources = { 0 };
	struct diagnostics d;
	struct node *text = node_scalar(a, (struct mark){ 1, 1, 0 }, in->text[0], in->length[0]);
	struct expression *e;

	diagnostics_init(&d, a, &sources);
	sources_add(&sources, a, (struct source){ .name = "ci.yml", .text = in->text[0], .length = in->length[0] });
	e = text ? expression_parse(a, text, &d) : NULL;
	if (e)
		expression_true(e, scope, a, STEPS, &d);
	else if (!d.errors && !d.nomem)
		__builtin_trap(); /* refused without a word */
}

static void pattern(const struct input *in, struct arena *a)
{
	struct regex *r = regex_compile(a, in->text[0], in->length[0], NULL, NULL);
	size_t start = 0, end = 0;

	if (r && !regex_search(r, in->text[1], in->length[1], STEPS, &start, &end) && (start > end || end > in->length[1]))
		__builtin_trap();
}

static void expansion(const struct input *in, const struct scope *scope, struct arena *a)
{
	struct variables all;

	scope_expand(scope, in->text[0], a, NULL);
	scope_all(scope, a, &all);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT;
	struct variables v = { 0 };
	struct scope scope = { 0 };
	struct input in;

	if (size && split(&in, &a, data + 1, size - 1)) {
		variables_set(&v, &a, (struct variable){ .name = "A", .value = in.text[1] });
		variables_set(&v, &a, (struct variable){ .name = "B", .value = in.text[2] });
		scope_push(&scope, &v);
		if (data[0] % 3 == 0)
			condition(&in, &scope, &a);
		else if (data[0] % 3 == 1)
			pattern(&in, &a);
		else
			expansion(&in, &scope, &a);
	}
	arena_clear(&a);
	return 0;
}
