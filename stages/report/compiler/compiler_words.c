#include "stages/report/compiler/compiler_words.h"

#include "stages/report/compiler/compiler_text.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* ---- how bad it is ---- */

static const char *const severity_words[] = {
	"fatal error",
	"internal compiler error",
	"sorry, unimplemented",
	"error",
	"warning",
	"note",
	"information",
	"info",
	"style",
	"performance",
	"portability",
	"remark",
	"hint",
	"refactor",
	"convention",
	"fatal",
	"help",
	"warn",
	"critical",
	"high",
	"medium",
	"low",
};

/* The word at text if it is one, with what may end it; its length, or 0. */
size_t compiler_severity_word(const char *text, const char *ends, struct compiler_line *out)
{
	for (size_t i = 0; i < sizeof(severity_words) / sizeof(*severity_words); i++) {
		size_t n = strlen(severity_words[i]);

		if (strncasecmp(text, severity_words[i], n) || !text[n] || !strchr(ends, text[n]))
			continue;
		if (!severity_from(severity_words[i], &out->severity))
			out->severity = SEVERITY_CRITICAL;
		return n;
	}
	return 0;
}

/* `E501`, `SC2086`, `TS2322`, `C0114`: capitals, then digits; its length, or 0. */
size_t compiler_code_length(const char *text)
{
	size_t letters = 0, digits;

	while (text[letters] >= 'A' && text[letters] <= 'Z')
		letters++;
	digits = strspn(text + letters, "0123456789");
	return letters && letters <= 6 && digits >= 2 && digits <= 6 ? letters + digits : 0;
}

/* flake8's, Ruff's and pylint's letters say how bad it is. */
enum severity compiler_code_severity(const char *code, size_t length)
{
	bool pylint = length == 5 && text_is_letter(code[0]) && text_is_digit(code[1]);

	if (pylint)
		return *code == 'F'   ? SEVERITY_CRITICAL
		       : *code == 'E' ? SEVERITY_HIGH
		       : *code == 'W' ? SEVERITY_MEDIUM
		       : *code == 'I' ? SEVERITY_INFO
				      : SEVERITY_LOW;
	if (text_begins(code, "E9") || text_begins(code, "F82"))
		return SEVERITY_HIGH;
	return text_is_digit(code[1]) && strchr("EWCDNI", *code) ? SEVERITY_LOW : SEVERITY_MEDIUM;
}

/* ---- rules ---- */

/* `no-undef`, `-Wformat=2`, `Lint/Syntax`; also with another one of these behind it: `eslint(no-undef)`. */
bool compiler_is_rule(const char *text, size_t length)
{
	const char *open = length && text[length - 1] == ')' ? memchr(text, '(', length) : NULL;
	bool letter = false;

	if (open && !compiler_is_rule(open + 1, length - (size_t)(open + 1 - text) - 1))
		return false;
	length = open ? (size_t)(open - text) : length;
	for (size_t i = 0; i < length; i++) {
		letter |= text_is_letter(text[i]);
		if (!isalnum((unsigned char)text[i]) && !strchr("-_.,=+#/@:", text[i]))
			return false;
	}
	return letter && length > 1;
}

/* `-Werror=format` and `-Werror,-Wformat` are `-Wformat`; of several names the first. */
static char *clean_rule(char *rule)
{
	char *end;

	while ((text_begins(rule, "-Werror,") || text_begins(rule, "-warnings-as-errors,")) && strchr(rule, ','))
		rule = strchr(rule, ',') + 1;
	end = strchr(rule, ',');
	if (end)
		*end = '\0';
	if (text_begins(rule, "-Werror=")) {
		rule += 6;
		rule[0] = '-';
		rule[1] = 'W';
	}
	return rule;
}

/* `Warning/no-undef` (ESLint) and `error` alone (stylelint): how much of it is not the rule; 0: all is. */
static size_t bracket_severity(const char *text, struct compiler_line *out)
{
	static const char *const words[] = { "error", "warning", "info" };

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		size_t n = strlen(words[i]);

		if (strncasecmp(text, words[i], n) || (text[n] && text[n] != '/'))
			continue;
		severity_from(words[i], &out->severity);
		return n + (text[n] == '/');
	}
	return 0;
}

/* ` [rule]` at the end of the message, also behind ` [CWE-401]`, before cpplint's ` [5]`. */
void compiler_take_brackets(char *message, struct compiler_line *out)
{
	for (;;) {
		size_t n = strlen(message);
		char *open = n && message[n - 1] == ']' ? memrchr(message, '[', n) : NULL;
		size_t length = open ? (size_t)(message + n - 1 - open - 1) : 0, severity;
		bool number = open && length && strspn(open + 1, "0123456789") >= length;

		/* MSBuild: [project file] */
		if (open && length > 4 && text_begins(message + n - 5, "proj]")) {
			*open = '\0';
			text_trim_end(message);
			continue;
		}
		if (!open || (open > message && open[-1] != ' ') || !(number || compiler_is_rule(open + 1, length)))
			return;
		/* After the rule only a second name of the same: [CWE-401]. */
		if (*out->rule && !text_begins(open + 1, "CWE-"))
			return;
		message[n - 1] = *open = '\0';
		text_trim_end(message);
		if (number || *out->rule)
			continue;
		severity = bracket_severity(open + 1, out);
		out->rule = severity ? open + 1 + severity : clean_rule(open + 1);
	}
}

/* ` (rule)` at the end: pylint, Pyright, yamllint, golangci-lint, ESLint. */
void compiler_take_parentheses(char *message, struct compiler_line *out)
{
	size_t n = strlen(message);
	char *open = n && message[n - 1] == ')' ? memrchr(message, '(', n) : NULL;
	size_t length = open ? (size_t)(message + n - 1 - open - 1) : 0;

	if (!open || open == message || open[-1] != ' ' || length < 3 || !compiler_is_rule(open + 1, length))
		return;
	message[n - 1] = *open = '\0';
	text_trim_end(message);
	out->rule = open + 1;
}
