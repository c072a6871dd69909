#include "stages/report/compiler/compiler_list.h"

#include "stages/report/compiler/compiler_place.h"
#include "stages/report/compiler/compiler_text.h"
#include "stages/report/compiler/compiler_words.h"
#include "stages/report/lines.h"

#include <string.h>

/* ---- entries ---- */

static size_t symbol_length(const char *text, struct compiler_line *out)
{
	static const struct {
		const char *symbol;
		enum severity severity;
	} symbols[] = { { "✖", SEVERITY_HIGH },	  { "×", SEVERITY_HIGH },   { "✘", SEVERITY_HIGH },
			{ "⚠", SEVERITY_MEDIUM }, { "‼", SEVERITY_MEDIUM }, { "ℹ", SEVERITY_INFO } };

	for (size_t i = 0; i < sizeof(symbols) / sizeof(*symbols); i++)
		if (text_begins(text, symbols[i].symbol)) {
			out->severity = symbols[i].severity;
			return strlen(symbols[i].symbol);
		}
	return 0;
}

/* `message  rule`, `message (rule)` */
static void take_message(char *p, struct compiler_line *out)
{
	char *rule;

	text_trim_end(p);
	out->message = p;
	compiler_take_parentheses(p, out);
	rule = strrchr(p, ' ');
	if (*out->rule || !rule || rule == p || rule[-1] != ' ' || !compiler_is_rule(rule + 1, strlen(rule + 1)))
		return;
	out->rule = rule + 1;
	*rule = '\0';
	text_trim_end(p);
}

/* `  3:5  warning  message  rule`: ESLint and yamllint; stylelint draws a symbol for the word. */
static bool entry_colon(char *text, struct compiler_line *out)
{
	char *body = text_skip_space(text);
	char *p = body > text && text_is_digit(*body) ? compiler_place_numbers(body, ':', out) : NULL;
	size_t n;

	if (!p || !out->column || *p != ' ')
		return false;
	p = text_skip_space(p);
	n = symbol_length(p, out);
	if (!n)
		n = compiler_severity_word(p, " ", out);
	if (!n)
		return false;
	take_message(text_skip_space(p + n), out);
	return true;
}

/* The number that stands behind a word and perhaps spaces, before ` | `; what is behind that, or NULL. */
static char *column_of_table(char *text, const char *word, uint32_t *number)
{
	char *at = text + strlen(word);
	const char *p;

	if (!text_begins(text, word))
		return NULL;
	at = text_skip_space(at);
	p = at;
	if (!lines_number(&p, number) || !text_begins(p, " | "))
		return NULL;
	return at + (p - at) + 3;
}

/* `L:   1 | P:  10 | LT01 | message`: SQLFluff */
static bool entry_sqlfluff(char *text, struct compiler_line *out)
{
	char *p = column_of_table(text, "L:", &out->line), *bar;

	p = p ? column_of_table(p, "P:", &out->column) : NULL;
	bar = p ? strstr(p, " | ") : NULL;
	if (!bar)
		return false;
	*bar = '\0';
	text_trim_end(p);
	out->rule = p;
	out->severity = text_begins(p, "PRS") ? SEVERITY_HIGH : SEVERITY_MEDIUM;
	out->message = text_skip_space(bar + 3);
	compiler_take_brackets(out->message, out);
	return true;
}

/* ` 2 | ERROR | [x] message`: PHP_CodeSniffer */
static bool entry_phpcs(char *text, struct compiler_line *out)
{
	char *p = *text == ' ' ? column_of_table(text, "", &out->line) : NULL;
	size_t n = p ? compiler_severity_word(p, " ", out) : 0;

	if (!n || !text_begins(text_skip_space(p + n), "| "))
		return false;
	p = text_skip_space(text_skip_space(p + n) + 2);
	if (text_begins(p, "[x] ") || text_begins(p, "[ ] "))
		p += 4;
	out->message = text_skip_space(p);
	return true;
}

/* `     ^-- SC2086 (info): message`, `^---^ SC1073 (error): message`: ShellCheck's own form, below the line that it is about */
static bool entry_shellcheck(char *text, struct compiler_line *out)
{
	char *body = text_skip_space(text), *p = body;
	size_t code, word;

	if (*p != '^')
		return false;
	p += 1 + strspn(p + 1, "-^");
	code = *p == ' ' && text_begins(p + 1, "SC") ? compiler_code_length(p + 1) : 0;
	if (!code || !text_begins(p + 1 + code, " ("))
		return false;
	out->rule = p + 1;
	p += 1 + code;
	*p = '\0';
	word = compiler_severity_word(p + 2, ")", out);
	if (!word || p[3 + word] != ':')
		return false;
	out->column = (uint32_t)(body - text) + 1;
	out->message = text_skip_space(p + 4 + word);
	return true;
}

bool compiler_list_entry(char *text, struct compiler_line *out)
{
	static bool (*const forms[])(char *text, struct compiler_line *out) = { entry_colon, entry_phpcs, entry_sqlfluff,
										entry_shellcheck };

	for (size_t i = 0; i < sizeof(forms) / sizeof(*forms); i++) {
		if (forms[i](text, out)) {
			out->kind = LINE_ENTRY;
			return true;
		}
		out->line = out->column = 0;
	}
	return false;
}

/* ---- files ---- */

/* What stands between the two parts of a line, which is cut there; NULL: it is no such line. */
static char *inside(char *text, const char *before, const char *behind)
{
	char *end = text_begins(text, before) ? strstr(text, behind) : NULL;

	if (!end || end <= text + strlen(before))
		return NULL;
	*end = '\0';
	return text + strlen(before);
}

/* `In a.sh line 3:`: ShellCheck */
static bool file_shellcheck(char *text, struct compiler_line *out)
{
	char *word = text_begins(text, "In ") ? strstr(text, " line ") : NULL;
	const char *p = word ? word + 6 : NULL;

	if (!p || !lines_number(&p, &out->line) || strcmp(p, ":") != 0)
		return false;
	*word = '\0';
	out->path = text + 3;
	return true;
}

static bool file_named(char *text, struct compiler_line *out)
{
	char *path = text_begins(text, "FILE: ") ? text + 6 : inside(text, "== [", "] FAIL");

	out->path = path ? path : "";
	return path && compiler_place_is_path(path, strlen(path));
}

/* A path alone. */
static bool file_alone(char *text, struct compiler_line *out)
{
	out->path = text;
	return !strpbrk(text, " \t:") && strpbrk(text, "/.") && compiler_place_is_path(text, strlen(text));
}

bool compiler_list_file(char *text, struct compiler_line *out)
{
	if (file_shellcheck(text, out) || file_named(text, out) || file_alone(text, out)) {
		out->kind = LINE_FILE;
		return true;
	}
	out->path = "";
	out->line = 0;
	return false;
}
