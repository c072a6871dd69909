/* Encodings of reports: detection, and conversion with the C library's iconv.  UTF-8 is checked and passed on without a copy. */
#include "stages/report/encoding.h"

#include "base/error.h"
#include "base/utf8.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

enum { OUT_SIZE = 16384, DECLARATION = 256 };

/* ---- detection ---- */

/* Longer marks first: UTF-32's begins with that of UTF-16. */
static const struct {
	const char *bytes;
	size_t length;
	const char *name;
} marks[] = {
	{ "\xff\xfe\0\0", 4, "UTF-32LE" }, { "\0\0\xfe\xff", 4, "UTF-32BE" }, { "\xef\xbb\xbf", 3, NULL },
	{ "\xff\xfe", 2, "UTF-16LE" },	   { "\xfe\xff", 2, "UTF-16BE" },
};

/*
 * Names in XML declarations, and iconv's.  Latin-1 is what it is on the web, too: Windows-1252, which has letters where Latin-1 has
 * control characters.  UTF-16 in a declaration that could be read byte by byte is a writer's mistake: the file is UTF-8.
 */
static const struct {
	const char *declared;
	bool prefix; /* of a family that iconv knows by the same names */
	const char *name;
} names[] = {
	{ "UTF-8", false, NULL },
	{ "UTF8", false, NULL },
	{ "US-ASCII", false, NULL },
	{ "ASCII", false, NULL },
	{ "UTF-16", true, NULL },
	{ "UTF-32", true, NULL },
	{ "UNICODE", false, NULL },
	{ "ISO-8859-1", false, "CP1252" },
	{ "ISO8859-1", false, "CP1252" },
	{ "ISO_8859-1", false, "CP1252" },
	{ "LATIN1", false, "CP1252" },
	{ "WINDOWS-1250", false, "CP1250" },
	{ "WINDOWS-1251", false, "CP1251" },
	{ "WINDOWS-1252", false, "CP1252" },
	{ "CP1252", false, "CP1252" },
	{ "WINDOWS-1253", false, "CP1253" },
	{ "WINDOWS-1254", false, "CP1254" },
	{ "WINDOWS-1257", false, "CP1257" },
	{ "ISO-8859-2", false, "ISO-8859-2" },
	{ "ISO-8859-5", false, "ISO-8859-5" },
	{ "ISO-8859-7", false, "ISO-8859-7" },
	{ "ISO-8859-9", false, "ISO-8859-9" },
	{ "ISO-8859-15", false, "ISO-8859-15" },
	{ "KOI8-R", false, "KOI8-R" },
	{ "KOI8-U", false, "KOI8-U" },
	{ "GB2312", false, "GBK" },
	{ "GBK", false, "GBK" },
	{ "GB18030", false, "GB18030" },
	{ "BIG5", false, "BIG5" },
	{ "SHIFT_JIS", false, "SHIFT_JIS" },
	{ "SHIFT-JIS", false, "SHIFT_JIS" },
	{ "WINDOWS-31J", false, "CP932" },
	{ "EUC-JP", false, "EUC-JP" },
	{ "EUC-KR", false, "EUC-KR" },
};

static bool by_mark(struct encoding *e, const char *head, size_t length)
{
	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++)
		if (length >= marks[i].length && !memcmp(head, marks[i].bytes, marks[i].length)) {
			e->name = marks[i].name;
			e->mark = marks[i].length;
			return true;
		}
	return false;
}

/* Reports begin with ASCII characters: in UTF-16 every other byte is then zero. */
static bool by_zeros(struct encoding *e, const char *head, size_t length)
{
	if (length < 4)
		return false;
	if (head[0] && !head[1] && head[2] && !head[3])
		e->name = "UTF-16LE";
	else if (!head[0] && head[1] && !head[2] && head[3])
		e->name = "UTF-16BE";
	return e->name != NULL;
}

/* The value of `encoding` in <?xml ... ?>; 0: none, or too long to be one. */
static size_t declared(const char *head, size_t length, char *name, size_t size)
{
	char text[DECLARATION + 1];
	const char *end, *at;
	size_t n;

	length = length > DECLARATION ? DECLARATION : length;
	memcpy(text, head, length);
	text[length] = '\0';
	if (strncmp(text, "<?xml", 5) != 0 || !(end = strstr(text, "?>")) || !(at = strstr(text, "encoding")) || at > end)
		return 0;
	at += strcspn(at, "\"'?");
	n = *at == '?' ? 0 : strcspn(at + 1, "\"'?");
	if (!n || n >= size)
		return 0;
	memcpy(name, at + 1, n);
	name[n] = '\0';
	return n;
}

int encoding_detect(struct encoding *e, const char *head, size_t length, pipe_error *err)
{
	char name[40];

	*e = (struct encoding){ .line = 1, .column = 1 };
	if (by_mark(e, head, length) || by_zeros(e, head, length) || !declared(head, length, name, sizeof(name)))
		return PIPE_OK;
	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
		if (names[i].prefix ? !strncasecmp(name, names[i].declared, strlen(names[i].declared))
				    : !strcasecmp(name, names[i].declared)) {
			e->name = names[i].name;
			return PIPE_OK;
		}
	for (char *p = name; *p; p++)
		*p = isprint((unsigned char)*p) ? *p : '?';
	error_set(err, PIPE_EPIPELINE, "the report declares the encoding \"%s\", which is not known: write it as UTF-8", name);
	if (err)
		err->line = err->column = 1;
	return PIPE_EPIPELINE;
}

/* ---- conversion ---- */

static int open_converter(iconv_t *out, bool *opened, const char *name, pipe_error *err)
{
	*out = iconv_open("UTF-8", name);
	*opened = *out != (iconv_t)-1; /* NOLINT(performance-no-int-to-ptr): POSIX's way to say no */
	if (*opened)
		return PIPE_OK;
	if (errno == ENOMEM)
		return error_nomem(err);
	return error_set(err, PIPE_EUNSUPPORTED, "the report is in %s, which this system's C library cannot convert", name);
}

int encoding_open(struct encoding *e, pipe_error *err)
{
	return e->name ? open_converter(&e->convert, &e->opened, e->name, err) : PIPE_OK;
}

void encoding_close(struct encoding *e)
{
	if (e->opened)
		iconv_close(e->convert);
	if (e->stray_opened)
		iconv_close(e->stray);
	e->opened = e->stray_opened = false;
}

static int emit(struct encoding *e, const char *text, size_t length, pipe_error *err)
{
	const char *end = text + length, *last = text;

	if (!length)
		return PIPE_OK;
	for (const char *at = text; (at = memchr(at, '\n', (size_t)(end - at))); last = ++at) {
		e->line++;
		e->column = 1;
	}
	e->column += (unsigned)utf8_count(last, (size_t)(end - last));
	return e->emit(e->payload, text, length, err);
}

/* A byte that is no character: what Windows-1252 makes of it, or U+FFFD. */
static int emit_stray(struct encoding *e, char byte, pipe_error *err)
{
	char out[8], *to = out, *from = &byte;
	size_t in_left = 1, out_left = sizeof(out);

	if (!e->name && !e->stray_opened && open_converter(&e->stray, &e->stray_opened, "CP1252", NULL) == PIPE_ENOMEM)
		return error_nomem(err);
	if (!e->stray_opened || iconv(e->stray, &from, &in_left, &to, &out_left) == (size_t)-1) {
		memcpy(out, "\xef\xbf\xbd", 3);
		to = out + 3;
	}
	return emit(e, out, (size_t)(to - out), err);
}

/* cut: the file ends in the middle of the character that the byte begins. */
static int refuse(const struct encoding *e, char byte, bool cut, pipe_error *err)
{
	if (cut)
		error_set(err, PIPE_EPIPELINE, "the report ends in the middle of a character: it is cut short");
	else
		error_set(err, PIPE_EPIPELINE,
			  "the byte 0x%02x is no %s: the report is damaged, or does not say which encoding it is in",
			  (unsigned char)byte, e->name ? e->name : "UTF-8");
	if (err) {
		err->line = e->line;
		err->column = e->column;
	}
	return PIPE_EPIPELINE;
}

/* Whether the bytes may be the beginning of a character that goes on in the next piece. */
static bool may_go_on(const char *bytes, size_t length)
{
	unsigned char c = (unsigned char)*bytes;
	size_t needed = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;

	for (size_t i = 1; i < length; i++)
		if (((unsigned char)bytes[i] & 0xc0) != 0x80)
			return false;
	return c >= 0xc2 && c <= 0xf4 && length < needed;
}

static int feed_utf8(struct encoding *e, const char *bytes, size_t length, bool last, size_t *used, pipe_error *err)
{
	size_t at = 0;
	int rc;

	for (;;) {
		size_t n = utf8_valid(bytes + at, length - at);

		if ((rc = emit(e, bytes + at, n, err)))
			return rc;
		at += n;
		if (at == length || (!last && may_go_on(bytes + at, length - at)))
			break;
		if (!e->lenient)
			return refuse(e, bytes[at], may_go_on(bytes + at, length - at), err);
		if ((rc = emit_stray(e, bytes[at++], err)))
			return rc;
	}
	*used = at;
	return PIPE_OK;
}

static int feed_converted(struct encoding *e, const char *bytes, size_t length, bool last, size_t *used, pipe_error *err)
{
	char *from = (char *)(uintptr_t)bytes; /* iconv does not write there */
	size_t left = length;

	while (left) {
		char out[OUT_SIZE], *to = out;
		size_t room = sizeof(out);
		size_t done = iconv(e->convert, &from, &left, &to, &room);
		int why = done == (size_t)-1 ? errno : 0, rc = emit(e, out, (size_t)(to - out), err);

		if (rc)
			return rc;
		if (why == EINVAL && !last)
			break;
		if (!why || why == E2BIG)
			continue;
		if (why != EINVAL && why != EILSEQ)
			return error_errno(err, error_code_of(why), why, "converting from %s", e->name);
		if (!e->lenient)
			return refuse(e, *from, why == EINVAL, err);
		if ((rc = emit_stray(e, *from, err)))
			return rc;
		from++;
		left--;
	}
	*used = length - left;
	return PIPE_OK;
}

int encoding_feed(struct encoding *e, const char *bytes, size_t length, bool last, size_t *used, pipe_error *err)
{
	return e->name ? feed_converted(e, bytes, length, last, used, err) : feed_utf8(e, bytes, length, last, used, err);
}
