#include "words.h"

#include <ctype.h>

unsigned long words_count(FILE *in)
{
	unsigned long n = 0;
	int c, inside = 0;

	while ((c = getc(in)) != EOF) {
		int letter = !isspace(c);
		n += (unsigned long)(letter && !inside);
		inside = letter;
	}
	return n;
}
