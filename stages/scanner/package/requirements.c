/*
 * requirements.txt: the lines that pin a version with `==`.  What is not pinned cannot be compared, and is noted; options and other
 * files (-r) are not followed.
 */
#include "stages/scanner/package/formats.h"
#include "stages/scanner/package/reader.h"
#include "stages/scanner/version/version.h"

#include <string.h>

static bool wants(const char *path, bool installed)
{
	return !installed && path_is(path, "requirements.txt");
}

/* UTF-16 with a byte-order mark, as PowerShell writes it: only ASCII matters here, everything else becomes `?`. */
static int to_ascii(struct reader *r)
{
	const unsigned char *b = (const unsigned char *)r->bytes;
	bool little;
	char *text;

	if (r->length >= 3 && !memcmp(b, "\xef\xbb\xbf", 3)) {
		r->bytes += 3;
		r->length -= 3;
	}
	if (r->length < 2 || (memcmp(b, "\xff\xfe", 2) != 0 && memcmp(b, "\xfe\xff", 2) != 0))
		return PIPE_OK;
	little = *b == 0xff;
	text = arena_text(r->arena, r->length / 2);
	if (!text)
		return reader_nomem(r);
	for (size_t i = 1; i < r->length / 2; i++) {
		unsigned char high = b[2 * i + little], low = b[2 * i + !little];

		text[i - 1] = (char)(high || low >= 0x80 ? '?' : low);
	}
	r->length = r->length / 2 - 1;
	r->bytes = text;
	return PIPE_OK;
}

/* Without blanks and backslashes, extras, comments, markers and options. */
static char *bare(struct reader *r, struct piece line)
{
	static const char *const ends[] = { "#", ";", "--" };
	char *text = arena_text(r->arena, line.length + 1), *to = text, *open, *close;

	if (!text)
		return NULL;
	for (size_t i = 0; i < line.length; i++)
		if (line.text[i] != ' ' && line.text[i] != '\\' && line.text[i] != '\t')
			*to++ = line.text[i];
	*to = '\0';
	open = strchr(text, '[');
	close = strchr(text, ']');
	if (open && close > open)
		memmove(open, close + 1, strlen(close + 1) + 1);
	for (size_t i = 0; i < sizeof(ends) / sizeof(*ends); i++) {
		char *end = strstr(text, ends[i]);

		if (end)
			*end = '\0';
	}
	return text;
}

static bool is_name(struct piece name)
{
	for (size_t i = 0; i < name.length; i++) {
		unsigned char c = (unsigned char)name.text[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c >= 0x80 ||
		      strchr("._-", c)))
			return false;
	}
	return name.length != 0;
}

static int read_line(struct reader *r, const struct text_lines *l)
{
	const struct version_scheme *scheme = package_scheme("pip");
	char *text = bare(r, l->line);
	struct piece name, version, more;
	struct scan_package *p;
	bool pinned, again, is_new;

	if (!text)
		return reader_nomem(r);
	version = piece_cut(piece_of(text), "==", &name, &pinned);
	piece_cut(version, "==", &more, &again);
	if (pinned && !again && is_name(name) && scheme && scheme->valid(version.text)) {
		p = reader_add(r, name, version, &is_new);
		if (!p)
			return r->err->code;
		if (is_new)
			p->line_from = p->line_to = l->number;
		return PIPE_OK;
	}
	if (!*text || (*text == '-' && text[1] != 'r'))
		return PIPE_OK;
	if (!reader_note(
		    r, *text == '-' ? "line %u: \"%.100s\" is not followed" : "line %u: \"%.100s\" is not pinned to one version",
		    l->number, text))
		return reader_nomem(r);
	return PIPE_OK;
}

static int read_lines(struct reader *r)
{
	struct text_lines l;
	int rc = to_ascii(r);

	if (!rc)
		rc = reader_check_text(r);
	for (text_begin(&l, r->bytes, r->length); !rc && text_next(&l);)
		rc = read_line(r, &l);
	return rc;
}

PACKAGE_PARSER(parse, read_lines)

const struct package_format package_format_requirements = {
	.name = "requirements",
	.type = "pip",
	.class = PACKAGE_LANGUAGE,
	.help = "pip's requirements.txt, what is pinned in it",
	.wants = wants,
	.parse = parse,
};
