/*
 * libFuzzer (and AFL++) target: any bytes as a Dockerfile and as a .dockerignore.  Whatever they are, reading them ends, stays within memory in
 * proportion to their size, and every place and every stage that it names is there.
 */
#include "stages/image/dockerfile.h"
#include "stages/image/ignore.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

enum { SIZE_MAX_TRIED = 1 << 16, VALUES = 64 };

static void check_dockerfile(const char *text, size_t size)
{
	static const char *const arguments[] = { "VERSION=1", "A=", NULL };
	struct arena a = ARENA_INIT;
	struct dockerfile d;
	uint32_t line = 0;

	if (dockerfile_parse(&d, &a, text, arguments, NULL))
		abort();
	for (uint32_t i = 0; i < d.instructions.count; i++) {
		const struct dockerfile_instruction *n = &d.instructions.items[i];
		if (!n->word || !n->text || n->line <= line || n->line > size + 1 || n->stage < DOCKERFILE_GLOBAL ||
		    n->stage >= (int32_t)d.stages.count)
			abort();
		line = n->line;
	}
	for (uint32_t i = 0; i < d.stages.count; i++) {
		const struct dockerfile_stage *s = &d.stages.items[i];
		if (!s->base || !s->name || s->from < -1 || s->from >= (int32_t)i ||
		    strlen(s->base) > DOCKERFILE_VALUE_MAX + size)
			abort();
	}
	if (dockerfile_target(&d, "0") >= (int32_t)d.stages.count)
		abort();
	/* Each instruction may set a variable, whose value has a bound. */
	if (a.used > (size + 1) * (size_t)VALUES * 64 + ((size_t)d.instructions.count + 1) * DOCKERFILE_VALUE_MAX * VALUES)
		abort();
	arena_clear(&a);
}

static void check_ignore(const char *text)
{
	static const char *const paths[] = { "a", ".git/config", "dir/sub/file.txt", "{x}/[y]/*" };
	struct arena a = ARENA_INIT;
	struct ignore_patterns p = { 0 };

	if (!ignore_read(&p, &a, text))
		abort();
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
		(void)ignore_covers(&p, &a, paths[i]);
	arena_clear(&a);
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	char *text;

	if (size > SIZE_MAX_TRIED || !(text = malloc(size + 1)))
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	check_dockerfile(text, size);
	check_ignore(text);
	free(text);
	return 0;
}
