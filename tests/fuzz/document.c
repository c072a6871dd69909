/*
 * libFuzzer (and AFL++) target: any bytes as a pipeline file.  What could be read is written again and must read back the same.
 */
#include "pipeline/document/document.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

enum { DOCUMENTS = 3, WRITTEN_BYTES = 1 << 18 };

static int add_and_parse(struct diagnostics *d, struct arena *a, const char *text, size_t length, struct node **out)
{
	pipe_limits limits = { .file_bytes = 1 << 20, .depth = 30, .nodes = 5000 };
	int source = sources_add(d->sources, a, (struct source){ "fuzz.yml", text, length, MARK_NONE, NULL });

	if (source < 0)
		abort();
	return document_parse(out, DOCUMENTS, a, (uint16_t)source, &limits, d);
}

static void show(struct diagnostics *d)
{
	struct str s;

	str_init(&s);
	diagnostics_sort(d);
	diagnostics_text(d, &s, true);
	diagnostics_json(d, &s);
	diagnostics_sarif(d, &s);
	if (s.failed)
		abort();
	str_clear(&s);
}

static void write_and_read(const struct node *n)
{
	struct arena a = ARENA_INIT;
	struct sources sources = { 0 };
	struct diagnostics d;
	struct node *again[DOCUMENTS];
	struct str first, second;

	str_init_limit(&first, WRITTEN_BYTES);
	str_init(&second);
	diagnostics_init(&d, &a, &sources);
	node_write(n, NULL, &first);
	if (!first.failed) {
		if (add_and_parse(&d, &a, first.data, first.length, again) != 1 || d.list.count)
			abort();
		node_write(again[0], NULL, &second);
		if (second.failed || strcmp(first.data, second.data) != 0)
			abort();
	}
	str_clear(&second);
	str_clear(&first);
	arena_clear(&a);
}

/* Everything that looks at a scalar. */
static void look(const struct node *n, struct arena *a)
{
	int64_t number;
	bool flag;

	node_describe(n);
	node_bool(n, &flag);
	node_int(n, &number);
	if (!node_value(n, a))
		abort();
	for (uint32_t i = 0; n->kind == NODE_LIST && i < n->count && i < 50; i++)
		node_value(n->items[i], a);
	for (uint32_t i = 0; n->kind == NODE_MAP && i < n->count && i < 50; i++)
		if (node_get(n, n->pairs[i].key->text) == NULL || !node_value(n->pairs[i].value, a))
			abort();
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct arena a = ARENA_INIT;
	struct sources sources = { 0 };
	struct diagnostics d;
	struct node *documents[DOCUMENTS];
	char *text = arena_strndup(&a, (const char *)data, size);
	int count;

	if (!text)
		return 0;
	diagnostics_init(&d, &a, &sources);
	count = add_and_parse(&d, &a, text, size, documents);
	if (d.nomem || (count < 0 && !d.errors))
		abort();
	for (int i = 0; i < count; i++) {
		look(documents[i], &a);
		if (!d.errors)
			write_and_read(documents[i]);
	}
	show(&d);
	arena_clear(&a);
	return 0;
}
