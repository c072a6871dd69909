/* Durations: a sequence of numbers with units; the units are a table. */
#include "base/duration.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define SECOND INT64_C(1000)
#define MINUTE (60 * SECOND)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define YEAR (DAY * 1461 / 4)
#define LONGEST (100 * YEAR)

static const struct unit {
	const char *names; /* between spaces */
	int64_t ms;
} units[] = {
	{ " ms msec msecs millisecond milliseconds ", 1 },
	{ " s sec secs second seconds ", SECOND },
	{ " m min mins minute minutes ", MINUTE },
	{ " h hr hrs hour hours ", HOUR },
	{ " d dy day days ", DAY },
	{ " w wk wks week weeks ", 7 * DAY },
	{ " mo mon mos month months ", 30 * DAY },
	{ " y yr yrs year years ", YEAR },
};

static const char fillers[] = " and with plus ";

static bool in_words(const char *words, const char *word, size_t length)
{
	for (const char *p = words + 1; *p;) {
		size_t n = strcspn(p, " ");

		if (n == length && !strncasecmp(p, word, n))
			return true;
		p += n + 1;
	}
	return false;
}

static const char *skip_space(const char *p)
{
	return p + strspn(p, " \t\r\n,");
}

static size_t word_length(const char *p)
{
	size_t n = 0;

	while (isalpha((unsigned char)p[n]))
		n++;
	return n;
}

/* Blanks and filler words before the next number. */
static const char *skip_fillers(const char *p)
{
	for (;;) {
		size_t n;

		p = skip_space(p);
		n = word_length(p);
		if (!n || !in_words(fillers, p, n))
			return p;
		p += n;
	}
}

/* A number in millionths. */
static bool read_number(const char **at, int64_t *millionths)
{
	const char *p = *at;
	int64_t whole = 0, part = 0, scale = 100000;

	if (!isdigit((unsigned char)*p))
		return false;
	for (; isdigit((unsigned char)*p); p++) {
		whole = whole * 10 + (*p - '0');
		if (whole > LONGEST / SECOND)
			return false;
	}
	if (*p == '.') {
		if (!isdigit((unsigned char)*++p))
			return false;
		for (; isdigit((unsigned char)*p); p++, scale /= 10)
			part += (*p - '0') * scale;
	}
	*millionths = whole * 1000000 + part;
	*at = p;
	return true;
}

/* The unit that stands here; nothing at all is seconds when it ends the text. */
static int64_t read_unit(const char **at)
{
	const char *p = skip_space(*at);
	size_t n = word_length(p);

	if (!n)
		return *p ? 0 : SECOND;
	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
		if (in_words(units[i].names, p, n)) {
			*at = p + n;
			return units[i].ms;
		}
	return 0;
}

bool duration_parse(const char *text, int64_t *ms)
{
	const char *p = skip_space(text);
	int64_t total = 0;

	if (!*p)
		return false;
	for (;;) {
		int64_t number, unit, whole;

		if (!read_number(&p, &number))
			return false;
		unit = read_unit(&p);
		whole = number / 1000000;
		if (!unit || whole > (LONGEST - total) / unit)
			return false;
		total += whole * unit + number % 1000000 * unit / 1000000;
		if (total > LONGEST)
			return false;
		p = skip_space(p);
		if (!*p)
			break;
		p = skip_fillers(p);
	}
	*ms = total;
	return true;
}

char *duration_format(int64_t ms, char *buffer, size_t size)
{
	if (ms < 0)
		ms = 0;
	if (ms < SECOND)
		snprintf(buffer, size, "%dms", (int)ms);
	else if (ms < MINUTE)
		snprintf(buffer, size, "%d.%ds", (int)(ms / SECOND), (int)(ms % SECOND / 100));
	else if (ms < HOUR)
		snprintf(buffer, size, "%dm %02ds", (int)(ms / MINUTE), (int)(ms % MINUTE / SECOND));
	else if (ms < DAY)
		snprintf(buffer, size, "%dh %02dm", (int)(ms / HOUR), (int)(ms % HOUR / MINUTE));
	else
		snprintf(buffer, size, "%lldd %dh", (long long)(ms / DAY), (int)(ms % DAY / HOUR));
	return buffer;
}
