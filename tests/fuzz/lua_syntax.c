/*
 * libFuzzer (and AFL++) target: reading Lua, numbering its tables, checking it.  What is numbered is still Lua to our own reader, with as
 * many tables, unless it is nested too deep by then; complaints come in their order and have a place in the text.
 */
#include "lua/syntax/syntax.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t count_tables(const struct syntax_tree *tree)
{
	uint32_t n = 0;

	while (syntax_table(tree, n))
		n++;
	return n;
}

static void number(const struct syntax_tree *tree, struct arena *a)
{
	struct syntax_tree *again;
	pipe_error err = { 0 };
	struct str out;

	str_init(&out);
	syntax_instrument(tree, "__at", &out);
	if (syntax_parse(&again, a, out.data, out.length, &err)) {
		if (!strstr(err.text, "nested more than") && !strstr(err.text, "too large"))
			__builtin_trap();
	} else if (count_tables(again) != count_tables(tree)) {
		__builtin_trap();
	}
	str_clear(&out);
}

struct place {
	uint32_t line, column, lines;
};

static int each(void *payload, const struct syntax_complaint *one)
{
	struct place *last = payload;

	if (!one->message || !one->line || !one->column || one->line > last->lines || one->line < last->line ||
	    (one->line == last->line && one->column < last->column))
		__builtin_trap();
	last->line = one->line;
	last->column = one->column;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct arena a = ARENA_INIT;
	struct place last = { 0, 0, 1 };
	struct syntax_tree *tree;
	pipe_error err = { 0 };
	char *text = arena_strndup(&a, (const char *)data, size);

	for (size_t i = 0; i < size; i++)
		last.lines += data[i] == '\n' || data[i] == '\r';
	if (text && !syntax_parse(&tree, &a, text, size, &err)) {
		number(tree, &a);
		if (syntax_check(tree, &a, size % 2, each, &last, &err))
			__builtin_trap();
	} else if (text && (!err.code || !err.text[0])) {
		__builtin_trap(); /* refused without a word */
	}
	arena_clear(&a);
	return 0;
}
