/*
 * What others say, made fit for a reason, a log line, the history: it may be binary, hold a terminal's escape sequences, or give back
 * a secret that it was sent.  Secrets go before anything is cut, since half a secret is not known for one.
 */
#include "base/utf8.h"
#include "runner/probe/try.h"

#include <string.h>

enum { WINDOW = 64 * 1024 }; /* no more of a text is looked at */

static const char cut_mark[] = "...";

/* What a character is shown as; NULL: as it is. */
static const char *stand_in(uint32_t code, bool lines)
{
	if (code == '\n' || code == '\t')
		return lines ? NULL : " ";
	if (code == '\r')
		return lines ? "" : " ";
	return code < 0x20 || (code >= 0x7f && code < 0xa0) ? "?" : NULL;
}

static void add_clean(struct str *out, const char *text, size_t length, bool lines)
{
	while (length) {
		uint32_t code;
		size_t n = utf8_decode(text, length, &code);
		const char *other = n == 1 && (*text & 0x80) ? "?" : stand_in(code, lines);
		if (other)
			str_adds(out, other);
		else
			str_add(out, text, n);
		text += n;
		length -= n;
	}
}

static bool without_secrets(const struct probing *p, const char *text, size_t length, struct str *out)
{
	const struct probe_context *c = p->context;

	if (c->hide)
		return c->hide(c->payload, text, length, out) && !out->failed;
	str_add(out, text, length);
	return !out->failed;
}

static bool is_inside(char c)
{
	return (c & 0xc0) == 0x80;
}

static const char *keep(struct probing *p, const char *before, const char *text, size_t length, const char *after)
{
	const char *out = arena_printf(&p->scratch, "%s%.*s%s", before, (int)length, text, after);

	p->nomem |= !out;
	return out ? out : "";
}

static const char *keep_first(struct probing *p, const struct str *text, size_t most, bool more)
{
	size_t n = text->length;

	if (n > most) {
		for (n = most; n && is_inside(text->data[n]); n--)
			;
		more = true;
	}
	return keep(p, "", text->data, n, more ? cut_mark : "");
}

static const char *keep_last(struct probing *p, const struct str *text, size_t most, bool more)
{
	size_t from = text->length > most ? text->length - most : 0;

	while (from && is_inside(text->data[from]))
		from++;
	return keep(p, from || more ? cut_mark : "", text->data + from, text->length - from, "");
}

static const char *show(struct probing *p, const char *text, size_t length, size_t most, bool end, bool lines)
{
	struct str hidden, clean;
	const char *out = "";
	bool more = length > WINDOW;

	if (more && end)
		text += length - WINDOW;
	if (more)
		length = WINDOW;
	str_init(&hidden);
	str_init(&clean);
	if (without_secrets(p, text, length, &hidden))
		add_clean(&clean, hidden.data, hidden.length, lines);
	if (hidden.failed || clean.failed)
		p->nomem = true;
	else
		out = end ? keep_last(p, &clean, most, more) : keep_first(p, &clean, most, more);
	str_clear(&hidden);
	str_clear(&clean);
	return out;
}

const char *shown(struct probing *p, const char *text, size_t length, size_t most)
{
	return show(p, text, length, most, false, false);
}

const char *shown_end(struct probing *p, const char *text, size_t length, size_t most)
{
	return show(p, text, length, most, true, false);
}

const char *shown_lines(struct probing *p, const char *text, size_t length, size_t most)
{
	return show(p, text, length, most, false, true);
}
