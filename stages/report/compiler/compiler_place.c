/*
 * Where a finding is, in the forms in which tools write it.  Logs are full of colons and numbers, so a place needs a path with a letter
 * in it and without another colon.
 */
#include "stages/report/compiler/compiler_place.h"

#include "stages/report/compiler/compiler_text.h"
#include "stages/report/lines.h"

#include <string.h>

/* A path worth the name: a letter in it; no colon but a drive's or that of `file:`; with a space in it only if it ends in a suffix. */
bool compiler_place_is_path(const char *text, size_t length)
{
	const char *dot = memrchr(text, '.', length);
	size_t colon = text_begins(text, "file:") ? 4 : 1;
	bool letter = false, space = false;

	if (!length || strchr("\"'([{<*#|>=", *text))
		return false;
	for (size_t i = 0; i < length; i++) {
		letter |= text_is_letter(text[i]) || (unsigned char)text[i] >= 0x80;
		space |= text[i] == ' ';
		if (text[i] == '\t' || (text[i] == ':' && i != colon))
			return false;
	}
	return letter && (!space || (dot && !memchr(dot, ' ', length - (size_t)(dot - text))));
}

static char *take_path(char *text, char *end, struct compiler_line *out)
{
	if (!compiler_place_is_path(text, (size_t)(end - text)))
		return NULL;
	out->path = text;
	return end;
}

/* `3`, `3:5`, `3.5-7`, `3.5-4.2` behind p; the place behind it, or NULL. */
char *compiler_place_numbers(char *p, char between, struct compiler_line *out)
{
	const char *at = p;

	if (!lines_number(&at, &out->line))
		return NULL;
	if ((*at == between || *at == '.') && text_is_digit(at[1])) {
		bool range = *at++ == '.';

		if (!lines_number(&at, &out->column))
			return NULL;
		while (range && (*at == '-' || *at == '.' || text_is_digit(*at)))
			at++;
		/* shellcheck and pylint know an end as well: `3:5:3:9` */
		while (!range && *at == between && text_is_digit(at[1]))
			at += 1 + strspn(at + 1, "0123456789");
	}
	return p + (at - p);
}

/* path:3:5, path:3.5-7 and then a colon or a space */
char *compiler_place_colon(char *text, struct compiler_line *out)
{
	for (char *colon = strchr(text, ':'); colon; colon = strchr(colon + 1, ':')) {
		char *end;

		if (!text_is_digit(colon[1]))
			continue;
		end = compiler_place_numbers(colon + 1, ':', out);
		if (!end || (*end && *end != ':' && *end != ' ') || !take_path(text, colon, out))
			return NULL;
		*colon = '\0';
		return end;
	}
	return NULL;
}

/* path(3,5): path(3) : */
static char *place_brackets(char *text, struct compiler_line *out)
{
	for (char *open = strchr(text, '('); open; open = strchr(open + 1, '(')) {
		char *end = text_is_digit(open[1]) ? compiler_place_numbers(open + 1, ',', out) : NULL;

		if (!end || *end != ')')
			continue;
		end = text_skip_space(end + 1);
		if (*end != ':' || !take_path(text, open, out))
			return NULL;
		*open = '\0';
		return end;
	}
	return NULL;
}

/* Maven: path:[3,5] */
static char *place_square(char *text, struct compiler_line *out)
{
	char *open = strstr(text, ":[");
	char *end = open && text_is_digit(open[2]) ? compiler_place_numbers(open + 2, ',', out) : NULL;

	if (!end || *end != ']' || !take_path(text, open, out))
		return NULL;
	*open = '\0';
	return end + 1;
}

/* ESLint's compact form, JSHint: `path: line 3, col 5, ` */
static char *place_words(char *text, struct compiler_line *out)
{
	char *words = strstr(text, ": line ");
	const char *p = words ? words + 7 : NULL;

	if (!p || !lines_number(&p, &out->line) || strncmp(p, ", col ", 6))
		return NULL;
	p += 6;
	if (!lines_number(&p, &out->column) || *p != ',' || !take_path(text, words, out))
		return NULL;
	*words = '\0';
	/* The comma stands for the colon of the other forms. */
	return words + (p - words);
}

/* The linker's, without debugging information: path:(.text+0x17): */
static char *place_section(char *text, struct compiler_line *out)
{
	char *open = strstr(text, "(."), *end = open ? strstr(open, "+0x") : NULL;

	if (!end)
		return NULL;
	end += 3;
	end += strspn(end, "0123456789abcdef");
	if (end[0] != ')' || end[1] != ':' || (open != text && open[-1] != ':'))
		return NULL;
	if (open != text) {
		if (!take_path(text, open - 1, out))
			return NULL;
		open[-1] = '\0';
	}
	return end + 1;
}

static char *(*const place_forms[])(char *text, struct compiler_line *out) = { compiler_place_colon, place_brackets, place_square,
									       place_words, place_section };

char *compiler_place(char *text, struct compiler_line *out)
{
	for (size_t i = 0; i < sizeof(place_forms) / sizeof(*place_forms); i++) {
		char *end = place_forms[i](text, out);

		if (end)
			return end;
		out->path = "";
		out->line = out->column = 0;
	}
	return NULL;
}
