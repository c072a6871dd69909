#include <stdio.h>

/* Counts the words of a stream. */
unsigned long words_count(FILE *in);
