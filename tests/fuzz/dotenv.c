/* libFuzzer (and AFL++) target: any bytes as a dotenv report.  What is taken has a proper name and no line end in its value. */
#include "runner/files/dotenv.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static const char names[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_";

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	struct arena a = ARENA_INIT;
	struct variables v = { 0 };
	pipe_error err = { 0 };
	int rc = dotenv_parse("fuzz.env", (const char *)data, size, &a, &v, &err);

	if (rc != PIPE_OK && (rc != PIPE_EPIPELINE || !*err.text))
		abort();
	for (uint32_t i = 0; i < v.list.count; i++) {
		const struct variable *one = &v.list.items[i];
		if (!*one->name || one->name[strspn(one->name, names)] || strchr(one->value, '\n'))
			abort();
	}
	arena_clear(&a);
	return 0;
}
