#include "link.h"

#include <string.h>

static const char digits[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
enum { BASE = sizeof(digits) - 1 };

bool link_url_is_valid(const char *url)
{
	static const char *const schemes[] = { "http://", "https://" };
	const char *host = NULL;

	for (size_t i = 0; i < sizeof(schemes) / sizeof(*schemes); i++)
		if (!strncmp(url, schemes[i], strlen(schemes[i])))
			host = url + strlen(schemes[i]);
	if (!host || !*host || strchr("/?#:", *host) || strlen(url) > LINK_URL_MAX)
		return false;
	for (const char *p = url; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			return false;
	return true;
}

void link_encode(uint64_t number, char code[LINK_CODE_SIZE])
{
	char reversed[LINK_CODE_SIZE];
	size_t length = 0;

	do {
		reversed[length++] = digits[number % BASE];
		number /= BASE;
	} while (number);
	for (size_t i = 0; i < length; i++)
		code[i] = reversed[length - 1 - i];
	code[length] = '\0';
}

bool link_decode(const char *code, uint64_t *number)
{
	uint64_t value = 0;

	if (!*code)
		return false;
	for (const char *p = code; *p; p++) {
		const char *digit = strchr(digits, *p);
		if (!digit || value > (UINT64_MAX - BASE) / BASE)
			return false;
		value = value * BASE + (uint64_t)(digit - digits);
	}
	*number = value;
	return true;
}
