#include "words.h"

int main(void)
{
	printf("%lu words\n", words_count(stdin));
	return 0;
}
