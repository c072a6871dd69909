#include "words.h"

#include <stdlib.h>
#include <string.h>

static void expect(const char *text, unsigned long words)
{
	FILE *in = fmemopen((void *)(size_t)text, strlen(text), "r");
	unsigned long got = in ? words_count(in) : 0;

	if (in)
		fclose(in);
	printf("%-20s %lu %s\n", text, got, got == words ? "ok" : "WRONG");
	if (got != words)
		exit(1);
}

int main(void)
{
	expect("one", 1);
	expect("two words", 2);
	expect("  three  more words ", 3);
	return 0;
}
