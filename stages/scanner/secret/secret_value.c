/* Judging what an expression found, and showing the line without it. */
#include "stages/scanner/secret/secret_value.h"

#include "base/utf8.h"

#include <math.h>
#include <string.h>
#include <strings.h>

unsigned secret_entropy(const char *text, size_t length)
{
	unsigned counts[256] = { 0 };
	double bits = 0;

	for (size_t i = 0; i < length; i++)
		counts[(unsigned char)text[i]]++;
	for (size_t i = 0; i < 256; i++)
		if (counts[i])
			bits -= counts[i] * log2((double)counts[i] / (double)length);
	return length ? (unsigned)(bits * 10 / (double)length) : 0;
}

static bool holds(const char *text, size_t length, const char *word)
{
	size_t n = strlen(word);

	for (size_t i = 0; i + n <= length; i++)
		if (!strncasecmp(text + i, word, n))
			return true;
	return false;
}

bool secret_is_example(const char *text, size_t length)
{
	return holds(text, length, "example");
}

static bool has_digit(const char *text, size_t length)
{
	for (size_t i = 0; i < length; i++)
		if (text[i] >= '0' && text[i] <= '9')
			return true;
	return false;
}

/* Words without a digit are names of things ("kubernetes.io/service-account-token"), but for short ones, which may be passwords. */
bool secret_is_placeholder(const char *text, size_t length)
{
	enum { NAME = 12 };
	static const char *const words[] = { "changeme", "change_me",	"change-me", "password",  "passwd", "placeholder",
					     "redacted", "secret",	"dummy",     "sample",	  "your",   "xxxx",
					     "****",	 "...",		"{{",	     "${",	  "$(",	    "<",
					     "%s",	 "process.env", "getenv",    "os.environ" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
		if (holds(text, length, words[i]))
			return true;
	if (length == 4 && !strncasecmp(text, "pass", 4))
		return true;
	if (length >= NAME && !has_digit(text, length))
		return true;
	return *text == '$' || *text == '%' || *text == '{';
}

/* The first range that ends behind `at`. */
static size_t first_behind(const struct secret_mask *m, size_t at)
{
	size_t low = 0, high = m->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (m->items[middle].to > at)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

const char *secret_show(const struct secret_mask *mask, const char *bytes, size_t from, size_t to, struct arena *a)
{
	static const char lost[] = "\xef\xbf\xbd";
	char *text = arena_text(a, (to - from) * 3 + 1), *out = text;
	size_t range = first_behind(mask, from), n;

	for (size_t at = from; text && at < to; at += n) {
		uint32_t code;

		n = 1;
		while (range < mask->count && mask->items[range].to <= at)
			range++;
		if (range < mask->count && mask->items[range].from <= at) {
			if (bytes[at] != '\n' && bytes[at] != '\r')
				*out++ = '*';
			continue;
		}
		n = utf8_decode(bytes + at, to - at, &code);
		n = n ? n : 1;
		if (code == 0xfffd && n == 1) {
			memcpy(out, lost, sizeof(lost) - 1);
			out += sizeof(lost) - 1;
		} else if (code >= ' ' || code == '\t') {
			memcpy(out, bytes + at, n);
			out += n;
		}
	}
	if (text)
		*out = '\0';
	return text;
}
