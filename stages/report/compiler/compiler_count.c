#include "stages/report/compiler/compiler_count.h"

#include "stages/report/compiler/compiler_text.h"
#include "stages/report/lines.h"

#include <strings.h>

/* Behind ` problem`, ` errors`...: what follows such a word, or NULL.  clang's "2 warnings generated." counts what is not shown. */
static const char *noun(const char *p)
{
	static const char *const nouns[] = {
		"problem", "issue", "error", "warning", "finding", "violation", "offense", "offence"
	};

	for (size_t i = 0; *p == ' ' && i < sizeof(nouns) / sizeof(*nouns); i++) {
		size_t n = strlen(nouns[i]);

		if (strncasecmp(p + 1, nouns[i], n))
			continue;
		p += 1 + n;
		return p + (*p == 's' || *p == 'S');
	}
	return NULL;
}

static bool ends_well(const char *p)
{
	static const char *const ends[] = { " (", ".", ",", " and ", " in ", " found", " detected", " affecting " };

	for (size_t i = 0; *p && i < sizeof(ends) / sizeof(*ends); i++)
		if (!strncasecmp(p, ends[i], strlen(ends[i])))
			return true;
	return !*p;
}

/* Marks and words that stand before the number. */
static const char *skip_words(const char *p)
{
	static const char *const words[] = { "Found ", "Summary: ", "Total: " };
	const char *inspected = strstr(p, " inspected, ");

	/* RuboCop: `1 file inspected, 7 offenses detected` */
	if (inspected && text_is_digit(*p) && strspn(p, "0123456789 files") >= (size_t)(inspected - p))
		return inspected + 12;

	while (*p && !text_is_letter(*p) && !text_is_digit(*p))
		p++;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (!strncasecmp(p, words[i], strlen(words[i])))
			return p + strlen(words[i]);
	return p;
}

uint32_t compiler_count(const char *text)
{
	const char *p = skip_words(text);
	uint32_t n = 0;

	/* `0 errors, 3 warnings` */
	while (lines_number(&p, &n)) {
		p = noun(p);
		if (!p || !ends_well(p))
			return 0;
		if (n)
			return n;
		p += strcspn(p, "0123456789");
	}
	return 0;
}
