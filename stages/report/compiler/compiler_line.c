/*
 * The forms of a diagnostic's line.  Nearly all are PLACE TAIL: first what looks like a place is found (compiler_place.c), then what
 * stands behind it is read (compiler_tail.c); a line that has one and not the other is nobody's.  Lists below a file's name are in
 * compiler_list.c.
 */
#include "stages/report/compiler/compiler_line.h"

#include "stages/report/compiler/compiler_list.h"
#include "stages/report/compiler/compiler_place.h"
#include "stages/report/compiler/compiler_tail.h"
#include "stages/report/compiler/compiler_text.h"
#include "stages/report/compiler/compiler_words.h"
#include "stages/report/lines.h"

#include <string.h>

/* ---- lines without a place ---- */

/* `cc1: warning: ...`, `/usr/bin/x86_64-linux-gnu-ld: cannot find -lx`: a compiler or linker that speaks of itself; behind its name. */
static char *program(char *text)
{
	static const char *const stems[] = { "cc1",	"cc1plus", "gcc",   "g++",  "cc",	  "c++",  "clang",
					     "clang++", "ld",	   "lld",   "as",   "lto1",	  "mold", "gold",
					     "bison",	"flex",	   "javac", "nvcc", "lto-wrapper" };
	size_t n = strcspn(text, ": \t"), name = n;

	if (text_begins(text, "LINK : "))
		return text + 7;
	if (text[n] != ':' || text[n + 1] != ' ')
		return NULL;
	/* x86_64-linux-gnu-gcc-12, ld.lld */
	while (name && (text_is_digit(text[name - 1]) || (text[name - 1] == '-' && text_is_digit(text[name]))))
		name--;
	for (size_t i = 0; i < sizeof(stems) / sizeof(*stems); i++) {
		size_t m = strlen(stems[i]), end = text_begins(stems[i], "cc1") || text_begins(stems[i], "lto1") ? n : name;

		if (end >= m && !strncmp(text + end - m, stems[i], m) && (end == m || strchr("/-.", text[end - m - 1])))
			return text + n + 2;
	}
	return NULL;
}

static bool is_summary(const char *message)
{
	static const char *const summaries[] = { "all warnings being treated as errors",
						 "linker command failed",
						 "ld returned ",
						 "aborting due to",
						 "could not compile",
						 "some warnings being treated as errors" };

	for (size_t i = 0; i < sizeof(summaries) / sizeof(*summaries); i++)
		if (text_begins(message, summaries[i]))
			return true;
	return false;
}

/* `warning: message`, `error[E0308]: message` or Ruff's `F401 [*] message` alone: if -W or javac's [options] says whose it is, it is a
 * finding without a place, otherwise a head. */
static bool take_head(char *text, struct compiler_line *out)
{
	if (compiler_tail_severity(text, out)) {
		char *message = text_skip_space(out->message);

		out->message = message;
		if (out->kind == LINE_NOTE)
			return true;
		compiler_take_brackets(message, out);
		out->kind = text_begins(out->rule, "-W") || text_begins(message, "[options]") ? LINE_FINDING : LINE_HEAD;
		return true;
	}
	if (compiler_code_length(text) && text[compiler_code_length(text)] == ' ' && compiler_tail_code(text, out)) {
		out->kind = LINE_HEAD;
		return true;
	}
	return false;
}

/* `g.y: warning: message [-Wother]`: of a file as a whole; without -W too much would look so. */
static bool take_whole_file(char *text, struct compiler_line *out)
{
	char *colon = strstr(text, ": ");

	if (!colon || !memchr(text, '.', (size_t)(colon - text)) || !compiler_place_is_path(text, (size_t)(colon - text)) ||
	    !compiler_tail_severity(colon + 2, out) || out->kind != LINE_FINDING)
		return false;
	compiler_take_brackets(out->message, out);
	if (!text_begins(out->rule, "-W"))
		return false;
	*colon = '\0';
	out->path = text;
	out->message = text_skip_space(out->message);
	return true;
}

/* Verilator: `%Warning-WIDTH: path:3:5: message` */
static char *take_percent(char *text, struct compiler_line *out)
{
	size_t n = *text == '%' ? compiler_severity_word(text + 1, ":-", out) : 0;
	char *colon = n ? strstr(text + 1 + n, ": ") : NULL;

	if (!colon)
		return text;
	*colon = '\0';
	out->rule = text[1 + n] ? text + 2 + n : "";
	return colon + 2;
}

/* Words that are put before a line, and what they say. */
static char *take_prefix(char *text, struct compiler_line *out)
{
	static const char *const prefixes[] = { "hadolint:", "vet: " };
	char *close = *text == '[' ? strchr(text, ']') : NULL;

	for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++)
		if (text_begins(text, prefixes[i]))
			return text + strlen(prefixes[i]);
	if ((text_begins(text, "w: file://") || text_begins(text, "e: file://")) && strchr(text + 10, ':')) {
		out->severity = *text == 'w' ? SEVERITY_MEDIUM : SEVERITY_HIGH;
		return text + 3;
	}
	if (close && close[1] == ' ' && compiler_severity_word(text + 1, "]", out))
		return close + 2;
	return take_percent(text, out);
}

/* `CMake Warning (dev) at CMakeLists.txt:3 (message):`; the message stands on the next line */
static bool take_cmake(char *text, struct compiler_line *out)
{
	char *at = text_begins(text, "CMake ") ? strstr(text, " at ") : NULL, *colon;
	const char *p;

	if (!at || !(colon = strchr(at, ':')))
		return false;
	p = colon + 1;
	if (!lines_number(&p, &out->line))
		return false;
	*colon = '\0';
	out->path = at + 4;
	out->severity = text_begins(text + 6, "Error") ? SEVERITY_HIGH : SEVERITY_MEDIUM;
	out->rule = text_begins(text + 6, "Deprecation") ? "deprecation" : strstr(text, "(dev)") ? "dev" : "";
	out->tool = "cmake";
	out->kind = LINE_FINDING;
	return true;
}

/* OCaml: `File "a.ml", line 1, characters 12-15:`, and behind it `Error: message`, `Warning 26 [unused-var]: message` or
 * `Error (warning 26 [unused-var]): message` */
static bool take_ocaml(char *text, struct compiler_line *out)
{
	char *quote = text_begins(text, "File \"") ? strchr(text + 6, '"') : NULL, *open, *close;
	const char *p = quote;

	if (quote && (text_begins(quote, "\", line ") || text_begins(quote, "\", lines "))) {
		p += strcspn(p, "0123456789");
		if (!lines_number(&p, &out->line) || !out->line)
			return false;
		p = strstr(p, ", characters ");
		if (p && (p += 13, lines_number(&p, &out->column)))
			out->column++;
		*quote = '\0';
		out->path = text + 6;
		out->kind = LINE_PLACE;
		return true;
	}
	if (!text_begins(text, "Warning ") && !text_begins(text, "Error (warning "))
		return false;
	open = strchr(text, '[');
	close = open ? strstr(open, "]: ") : NULL;
	close = open && !close ? strstr(open, "]): ") : close;
	if (!close || !compiler_is_rule(open + 1, (size_t)(close - open - 1)))
		return false;
	out->severity = *text == 'E' ? SEVERITY_HIGH : SEVERITY_MEDIUM;
	out->rule = open + 1;
	out->message = strchr(close, ':') + 2;
	*close = '\0';
	out->kind = LINE_HEAD;
	return true;
}

/* rustc's ` --> path:3:5`, and what others draw in its place. */
static bool take_arrow(char *body, struct compiler_line *out)
{
	static const char *const arrows[] = { "--> ", "\u256d\u25b8 ", "\u250c\u2500 ", "\u256d\u2500[", "\u250c\u2500[", ",-[" };

	for (size_t i = 0; i < sizeof(arrows) / sizeof(*arrows); i++) {
		size_t n = strlen(arrows[i]);
		char *close, *end;

		if (!text_begins(body, arrows[i]))
			continue;
		close = arrows[i][n - 1] == '[' ? strchr(body + n, ']') : NULL;
		if (close)
			*close = '\0';
		end = compiler_place_colon(body + n, out);
		out->kind = end && !*end ? LINE_ARROW : LINE_OTHER;
		return true;
	}
	return false;
}

/* `  x message`, `  ! eslint(no-undef): message`: an arrow follows (Oxlint and others that draw with miette). */
static bool take_marked_head(char *body, struct compiler_line *out)
{
	static const struct {
		const char *mark;
		enum severity severity;
	} marks[] = { { "x ", SEVERITY_HIGH },
		      { "\u00d7 ", SEVERITY_HIGH },
		      { "! ", SEVERITY_MEDIUM },
		      { "\u26a0 ", SEVERITY_MEDIUM },
		      { "\u261e ", SEVERITY_INFO } };

	for (size_t i = 0; i < sizeof(marks) / sizeof(*marks); i++) {
		size_t n;

		if (!text_begins(body, marks[i].mark))
			continue;
		out->kind = LINE_HEAD;
		out->severity = marks[i].severity;
		out->message = text_skip_space(body + strlen(marks[i].mark));
		n = strcspn(out->message, ": ");
		if (text_begins(out->message + n, ": ") && strchr("()", out->message[n ? n - 1 : 0]) &&
		    compiler_is_rule(out->message, n)) {
			out->message[n] = '\0';
			out->rule = out->message;
			out->message += n + 2;
		}
		return true;
	}
	return false;
}

static void parse_indented(char *text, bool lenient, struct compiler_line *out)
{
	char *body = text_skip_space(text), *end;

	if (*body == '^') {
		out->kind = LINE_CARET;
		out->column = (uint32_t)(body - text) + 1;
	} else if (take_arrow(body, out) || take_marked_head(body, out)) {
		return;
	} else if (strstr(body, " - ") && (end = compiler_place_colon(body, out)) && text_begins(end, " - ") &&
		   compiler_tail(end, lenient, out)) {
		out->kind = LINE_FINDING;
	}
}

static void parse(char *text, bool lenient, struct compiler_line *out)
{
	const enum severity none = SEVERITY_UNKNOWN;
	char *p = take_prefix(text, out), *end, *self;
	enum severity prefixed = p != text ? out->severity : none;

	if (take_cmake(text, out) || take_ocaml(text, out))
		return;
	self = program(p);
	if (self) {
		p = self;
		if (compiler_tail_severity(p, out)) {
			compiler_take_brackets(out->message, out);
			out->message += strspn(out->message, " ");
			return;
		}
		if (compiler_tail_phrase(p, out))
			return;
	}
	end = compiler_place(p, out);
	if (end && compiler_tail(end, lenient, out))
		goto known;
	if (end && prefixed != none && out->line) {
		/* Maven's and Kotlin's have said before how bad it is. */
		out->kind = LINE_FINDING;
		out->message = text_skip_space(end + (*end == ':'));
		compiler_take_brackets(out->message, out);
		goto known;
	}
	out->path = "";
	out->line = out->column = 0;
	if (!end && prefixed == none && !self && take_head(p, out))
		return;
	if (!end && take_whole_file(p, out))
		return;
	out->kind = LINE_OTHER;
	out->rule = "";
	if (!end)
		compiler_list_file(p, out);
	return;
known:
	if (prefixed != none)
		out->severity = prefixed;
}

void compiler_line_parse(char *text, bool lenient, struct compiler_line *out)
{
	*out = (struct compiler_line){ .path = "", .rule = "", .message = text + strlen(text), .tool = "" };
	if (!*text)
		return;
	if (compiler_list_entry(text, out))
		return;
	if (*text == ' ' || *text == '\t')
		parse_indented(text, lenient, out);
	else
		parse(text, lenient, out);
	/* javac: `warning: [unchecked] message`; Maven repeats it so as well */
	if (out->kind == LINE_FINDING && !*out->rule && *out->message == '[') {
		char *close = strchr(out->message, ']');

		if (close && close[1] == ' ' && compiler_is_rule(out->message + 1, (size_t)(close - out->message - 1))) {
			*close = '\0';
			out->rule = out->message + 1;
			out->message = text_skip_space(close + 1);
		}
	}
	/* Ruff's mark of what it can mend. */
	out->message += text_begins(out->message, "[*] ") ? 4 : 0;
	/* Shell scripts' style findings are "notes" with a rule of their own. */
	if (out->kind == LINE_NOTE && text_begins(out->rule, "SC"))
		out->kind = LINE_FINDING;
	/* A program's log: `server.c:12: info: started` */
	if (out->kind == LINE_FINDING && out->severity == SEVERITY_INFO && !out->column && !*out->rule)
		out->kind = LINE_OTHER;
	if ((out->kind == LINE_FINDING || out->kind == LINE_HEAD) && is_summary(out->message))
		out->kind = LINE_OTHER;
}
