/* Lines of text from pieces of any size.  A line is copied once, so that parsers may write into it; what is kept of it is bounded. */
#include "stages/report/lines.h"

#include "base/error.h"
#include "base/utf8.h"

#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

void lines_init(struct lines *l, size_t most, lines_each each, void *payload)
{
	*l = (struct lines){ .each = each, .payload = payload, .most = most ? most : 65536 };
	str_init(&l->text);
}

void lines_clear(struct lines *l)
{
	str_clear(&l->text);
}

static void take(struct lines *l, const char *bytes, size_t length)
{
	size_t room = l->most - l->text.length;

	if (length > room) {
		l->cut = true;
		length = room;
	}
	str_add(&l->text, bytes, length);
}

static int hand_over(struct lines *l, pipe_error *err)
{
	/* The empty text of a str that never held any is nobody's to write in. */
	char none[1] = "", *text = l->text.capacity ? l->text.data : none, *nul;
	size_t n = l->text.length;
	int rc;

	if (l->text.failed)
		return error_nomem(err);
	if (l->cut)
		n = utf8_valid(text, n);
	while (n && text[n - 1] == '\r')
		n--;
	for (nul = memchr(text, 0, n); nul; nul = memchr(nul, 0, n - (size_t)(nul - text)))
		*nul = ' ';
	text[n] = '\0';
	rc = l->each(l->payload, text, n, err);
	str_reset(&l->text);
	l->cut = false;
	return rc;
}

int lines_feed(struct lines *l, const char *bytes, size_t length, pipe_error *err)
{
	while (length) {
		const char *end = memchr(bytes, '\n', length);
		size_t n = end ? (size_t)(end - bytes) : length;
		int rc;

		take(l, bytes, n);
		if (!end)
			break;
		if (l->number < UINT32_MAX)
			l->number++;
		l->ended = true;
		rc = hand_over(l, err);
		if (rc != PIPE_OK)
			return rc;
		bytes = end + 1;
		length -= n + 1;
	}
	return PIPE_OK;
}

int lines_finish(struct lines *l, pipe_error *err)
{
	if (!l->text.length && !l->text.failed)
		return PIPE_OK;
	if (l->number < UINT32_MAX)
		l->number++;
	l->ended = false;
	return hand_over(l, err);
}

int lines_error(const struct lines *l, unsigned column, pipe_error *err, const char *format, ...)
{
	struct str text;
	va_list ap;

	va_start(ap, format);
	str_init(&text);
	str_vprintf(&text, format, ap);
	va_end(ap);
	error_set(err, PIPE_EPIPELINE, "%s", text.data);
	str_clear(&text);
	if (err) {
		err->line = l->number;
		err->column = column;
	}
	return PIPE_EPIPELINE;
}

void lines_keep(struct str *s, const char *text, size_t length, size_t most)
{
	static const char dots[] = "...";
	const size_t room = most > 3 ? most - 3 : 0;

	/* Full: the dots are behind it already. */
	if (s->length > room)
		return;
	if (length <= room - s->length) {
		str_add(s, text, length);
		return;
	}
	str_add(s, text, utf8_valid(text, room - s->length));
	str_add(s, dots, 3);
}

bool lines_number(const char **p, uint32_t *out)
{
	const char *s = *p;
	uint64_t value = 0;

	for (; *s >= '0' && *s <= '9' && value <= UINT32_MAX; s++)
		value = value * 10 + (uint64_t)(*s - '0');
	if (s == *p || value > UINT32_MAX)
		return false;
	*p = s;
	*out = (uint32_t)value;
	return true;
}

static bool is_special(const char *text, size_t length, double *out)
{
	static const struct {
		const char *text;
		double value;
	} specials[] = { { "nan", NAN }, { "inf", INFINITY }, { "infinity", INFINITY } };
	bool minus = length && *text == '-';

	if (length && (minus || *text == '+')) {
		text++;
		length--;
	}
	for (size_t i = 0; i < sizeof(specials) / sizeof(*specials); i++)
		if (strlen(specials[i].text) == length && !strncasecmp(specials[i].text, text, length)) {
			*out = minus ? -specials[i].value : specials[i].value;
			return true;
		}
	return false;
}

bool lines_real(const char *text, size_t length, double *out)
{
	char copy[128], *end;
	locale_t c;

	if (is_special(text, length, out))
		return true;
	/* strtod alone would also take leading space, "nan(...)" and hexadecimal. */
	if (!length || length >= sizeof(copy) || strspn(text, "0123456789+-.eE") < length)
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (!c)
		return false;
	*out = strtod_l(copy, &end, c);
	freelocale(c);
	return end == copy + length;
}
