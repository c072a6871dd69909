/*
 * A mail as RFC 5322 wants it: headers in ASCII (what is not, as RFC 2047 encodes it), text in quoted-printable (RFC 2045, 6.7).  Nothing
 * that is put into a header can hold a line end: whoever calls has looked.
 */
#include "base/map.h"
#include "base/utf8.h"
#include "lua/api/inside.h"

#include <ctype.h>
#include <string.h>
#include <time.h>

enum { LINE_BYTES = 76, WORD_BYTES = 42, ADDRESS_BYTES = 254 };

/* ---- headers ---- */

static bool is_plain(const char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || (unsigned char)*text >= 0x7f)
			return false;
	return true;
}

static void add_base64(struct str *out, const unsigned char *bytes, size_t length)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < length; i += 3) {
		uint32_t three = (uint32_t)bytes[i] << 16;

		three |= i + 1 < length ? (uint32_t)bytes[i + 1] << 8 : 0;
		three |= i + 2 < length ? bytes[i + 2] : 0;
		str_addc(out, digits[three >> 18]);
		str_addc(out, digits[three >> 12 & 63]);
		str_addc(out, i + 1 < length ? digits[three >> 6 & 63] : '=');
		str_addc(out, i + 2 < length ? digits[three & 63] : '=');
	}
}

/* As encoded words, each of whole characters and on a line of its own. */
static void add_encoded(struct str *out, const char *text)
{
	size_t left = strlen(text);

	for (const char *at = text; left;) {
		size_t take = 0, next;
		uint32_t code;

		while (take < left && (next = utf8_decode(at + take, left - take, &code)) > 0 && take + next <= WORD_BYTES)
			take += next;
		if (at != text)
			str_adds(out, "\r\n ");
		str_adds(out, "=?UTF-8?B?");
		add_base64(out, (const unsigned char *)at, take);
		str_adds(out, "?=");
		at += take;
		left -= take;
	}
}

/* Unstructured text; a long line is folded where there is a space. */
static void add_unstructured(struct str *out, const char *text)
{
	size_t column = 10;

	if (!is_plain(text) || strstr(text, "=?") || strlen(text) > 900) {
		add_encoded(out, text);
		return;
	}
	while (*text) {
		size_t word = strcspn(text + 1, " ") + 1;

		if (column + word > LINE_BYTES && *text == ' ' && text[1] && text[1] != ' ') {
			str_adds(out, "\r\n");
			column = 0;
		}
		str_add(out, text, word);
		column += word;
		text += word;
	}
}

/* ---- addresses ---- */

static bool is_address(const char *text, size_t length)
{
	const char *at = memchr(text, '@', length);

	if (!at || at == text || at + 1 == text + length || length > ADDRESS_BYTES ||
	    memchr(at + 1, '@', length - (size_t)(at + 1 - text)))
		return false;
	for (size_t i = 0; i < length; i++)
		if ((unsigned char)text[i] <= ' ' || (unsigned char)text[i] >= 0x7f || strchr("<>()[]\\,;:\"", text[i]))
			return false;
	return true;
}

bool api_mail_address(const char *text, const char **address, size_t *length)
{
	const char *open = strchr(text, '<'), *close = open ? strchr(open, '>') : NULL;

	*address = open ? open + 1 : text;
	*length = open ? (close ? (size_t)(close - open - 1) : 0) : strlen(text);
	for (const char *c = text; *c; c++)
		if ((unsigned char)*c < ' ' || *c == 0x7f)
			return false;
	return (!open || (close && !close[1])) && is_address(*address, *length);
}

/* "Name <a@b>": the name quoted, or encoded. */
static void add_address(struct str *out, const char *text)
{
	const char *address, *name_end;
	size_t length;

	api_mail_address(text, &address, &length);
	name_end = address == text ? text : address - 1;
	while (name_end > text && name_end[-1] == ' ')
		name_end--;
	if (name_end > text) {
		struct str name;

		str_init(&name);
		for (const char *c = text; c < name_end; c++)
			if (*c != '"' && *c != '\\')
				str_addc(&name, *c);
		if (is_plain(name.data) && !strstr(name.data, "=?"))
			str_printf(out, "\"%s\"", name.data);
		else
			add_encoded(out, name.data);
		out->failed = out->failed || name.failed;
		str_clear(&name);
		str_addc(out, ' ');
	}
	str_addc(out, '<');
	str_add(out, address, length);
	str_addc(out, '>');
}

static void add_date(struct str *out, int64_t now_ms)
{
	static const char days[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char months[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
	time_t seconds = (time_t)(now_ms / 1000);
	struct tm t = { .tm_mday = 1, .tm_year = 70 };

	gmtime_r(&seconds, &t);
	str_printf(out, "Date: %s, %02d %s %d %02d:%02d:%02d +0000\r\n", days[t.tm_wday], t.tm_mday, months[t.tm_mon],
		   t.tm_year + 1900, t.tm_hour, t.tm_min, t.tm_sec);
}

static void add_id(struct str *out, const struct api_mail *mail)
{
	const char *address, *domain;
	size_t length;

	api_mail_address(mail->from, &address, &length);
	domain = memchr(address, '@', length);
	str_printf(out, "Message-ID: <%lld.%u.%08x.%08x@", (long long)mail->now_ms, mail->unique,
		   map_hash(mail->text, mail->text_length), map_hash(mail->subject, strlen(mail->subject)));
	str_add(out, domain + 1, length - (size_t)(domain + 1 - address));
	str_adds(out, ">\r\n");
}

/* ---- text ---- */

static size_t line_end(const char *text, size_t length)
{
	if (length && text[0] == '\n')
		return 1;
	return length > 1 && text[0] == '\r' && text[1] == '\n' ? 2 : 0;
}

static void add_quoted_printable(struct str *out, const char *text, size_t length)
{
	static const char hex[] = "0123456789ABCDEF";
	size_t column = 0, end;

	for (size_t i = 0; i < length; i++) {
		unsigned char c = (unsigned char)text[i];
		bool plain = (c > ' ' && c < 0x7f && c != '=') || c == ' ' || c == '\t';

		end = line_end(text + i, length - i);
		if (end) {
			str_adds(out, "\r\n");
			column = 0;
			i += end - 1;
			continue;
		}
		/* A dot that begins a line means something to mail servers, a space that ends one gets lost. */
		if ((c == '.' && !column) ||
		    ((c == ' ' || c == '\t') && (i + 1 == length || line_end(text + i + 1, length - i - 1))))
			plain = false;
		if (column + (plain ? 1 : 3) > LINE_BYTES - 1) {
			str_adds(out, "=\r\n");
			column = 0;
			plain = plain && c != '.';
		}
		if (plain)
			str_addc(out, (char)c);
		else
			str_add(out, (char[]){ '=', hex[c >> 4], hex[c & 15] }, 3);
		column += plain ? 1 : 3;
	}
	str_adds(out, "\r\n");
}

void api_mail_write(const struct api_mail *mail, struct str *out)
{
	str_adds(out, "From: ");
	add_address(out, mail->from);
	str_adds(out, "\r\nTo: ");
	for (size_t i = 0; mail->to[i]; i++) {
		str_adds(out, i ? ",\r\n " : "");
		add_address(out, mail->to[i]);
	}
	str_adds(out, "\r\nSubject: ");
	add_unstructured(out, mail->subject);
	str_adds(out, "\r\n");
	add_date(out, mail->now_ms);
	add_id(out, mail);
	str_adds(out, "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=UTF-8\r\n"
		      "Content-Transfer-Encoding: quoted-printable\r\nAuto-Submitted: auto-generated\r\n\r\n");
	add_quoted_printable(out, mail->text, mail->text_length);
}
