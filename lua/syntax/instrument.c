/* The text again, with its table constructors handed to a function. */
#include "lua/syntax/parser.h"

#include <string.h>

/* Constructors that lie deeper in others are left as they are: each call around one takes two registers of Lua's 255, and a level of its
 * parser's 200. */
enum { INSTRUMENT_DEPTH = 48 };

struct writing {
	const struct syntax_tree *tree;
	uint32_t written; /* bytes of the text */
	uint32_t open[PARSER_DEPTH + 1], depth;
	struct str *out;
};

static void copy_to(struct writing *w, uint32_t offset)
{
	str_add(w->out, w->tree->text + w->written, offset - w->written);
	w->written = offset;
}

/* Ends the constructors that end before the offset. */
static void close_before(struct writing *w, uint32_t offset)
{
	while (w->depth) {
		const struct syntax_constructor *t = &w->tree->tables.items[w->open[w->depth - 1]];

		if (t->close >= offset)
			break;
		copy_to(w, t->close + 1);
		str_adds(w->out, t->argument ? "))" : ")");
		w->depth--;
	}
}

/* Where the script means something else by the name, or by globals, the text stays as it is. */
static bool has_own(const struct syntax_tree *tree, const char *name)
{
	for (uint32_t i = 0; i < tree->symbols.count; i++)
		if (!strcmp(tree->symbols.items[i].name, name))
			return true;
	for (uint32_t i = 0; i < tree->nodes.count; i++)
		if (tree->nodes.items[i].kind == SYNTAX_GLOBAL && !strcmp(tree->nodes.items[i].text, name))
			return true;
	return tree->env;
}

/* "return{": the name would become a part of the word. */
static bool ends_word(const struct syntax_tree *tree, uint32_t offset)
{
	unsigned char c = offset ? (unsigned char)tree->text[offset - 1] : ' ';

	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

void syntax_instrument(const struct syntax_tree *tree, const char *name, struct str *out)
{
	struct writing w = { .tree = tree, .out = out };

	if (has_own(tree, name)) {
		str_add(out, tree->text, tree->length);
		return;
	}
	for (uint32_t i = 0; i < tree->tables.count; i++) {
		const struct syntax_constructor *t = &tree->tables.items[i];

		if (t->depth >= INSTRUMENT_DEPTH)
			continue;
		close_before(&w, t->open);
		copy_to(&w, t->open);
		str_printf(out, "%s%s(%u,", t->argument ? "(" : ends_word(tree, t->open) ? " " : "", name, i);
		w.open[w.depth++] = i;
	}
	close_before(&w, tree->length);
	copy_to(&w, tree->length);
}

const struct syntax_table *syntax_table(const struct syntax_tree *tree, uint32_t index)
{
	return index < tree->tables.count ? &tree->tables.items[index].table : NULL;
}
