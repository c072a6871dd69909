/*
 * libFuzzer (and AFL++) target: any bytes as a file that may hold secrets.  What is shown is valid text, and each finding lies within the
 * file's lines.  Seeds: any source code; tests/unit/secret.c has one token of most shapes.
 */
#include "stages/scanner/secret/secret.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);

static struct secret_rules *rules;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	if (secret_rules_create(&rules, NULL))
		abort();
	return 0;
}

static int check(void *payload, const struct scan_finding *f)
{
	const uint32_t *lines = payload;
	size_t length = strlen(f->match);

	if (!*f->id || f->kind != FINDING_SECRET || !f->line_from || f->line_to < f->line_from || f->line_to > *lines)
		abort();
	if (utf8_valid(f->match, length) != length || !strchr(f->match, '*'))
		abort();
	return PIPE_OK;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct arena a = ARENA_INIT;
	uint32_t lines = 1;

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	if (secret_scan(rules, "file", (const char *)data, size, &a, check, &lines, NULL))
		abort();
	arena_clear(&a);
	return 0;
}
