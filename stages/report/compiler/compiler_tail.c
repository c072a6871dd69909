#include "stages/report/compiler/compiler_tail.h"

#include "stages/report/compiler/compiler_text.h"
#include "stages/report/compiler/compiler_words.h"

#include <string.h>
#include <strings.h>

/* What may stand between `error` and its colon: ` TS2322`, `[E0308]`.  Behind it, or NULL. */
static char *take_code(char *p, struct compiler_line *out)
{
	bool bracket = *p == '[';
	char *end = bracket ? strchr(p, ']') : *p == ' ' ? p + 1 + compiler_code_length(p + 1) : p;

	if (end == p)
		return p;
	if (!end || end == p + 1 || end[bracket] != ':' || (bracket && !compiler_is_rule(p + 1, (size_t)(end - p - 1))))
		return NULL;
	*end = '\0';
	out->rule = p + 1;
	return end + bracket;
}

/* `warning: message`, `error TS2322: message`, `error[E0308]: message` */
bool compiler_tail_severity(char *p, struct compiler_line *out)
{
	size_t n = compiler_severity_word(p, ": [", out);
	bool note = n && (!strncasecmp(p, "note", 4) || !strncasecmp(p, "help", 4));
	char *colon = n ? take_code(p + n, out) : NULL;

	/* The colon is a NUL by now where a code ended in front of it. */
	if (!colon || (*colon && *colon != ':'))
		return false;
	out->message = colon + 1;
	out->kind = note ? LINE_NOTE : LINE_FINDING;
	return true;
}

/* `E501 message`, `MD013/line-length message`, `C0114: message (symbol)`, `DL3006 warning: message` */
bool compiler_tail_code(char *p, struct compiler_line *out)
{
	size_t n = compiler_code_length(p), word;

	if (!n || !strchr(" :/", p[n]))
		return false;
	out->severity = compiler_code_severity(p, n);
	n += p[n] == '/' ? strcspn(p + n, " :") : 0;
	if (!p[n])
		return false;
	out->rule = p;
	out->kind = LINE_FINDING;
	word = p[n] == ' ' ? compiler_severity_word(p + n + 1, ":", out) : 0;
	p[n] = '\0';
	out->message = p + n + 1 + (word ? word + 1 : 0);
	return true;
}

/* `[C0114(symbol), object] message`, `[warning] message (rule)`, javac's `[unchecked] message` behind its severity */
static bool tail_brackets(char *p, struct compiler_line *out)
{
	char *close = *p == '[' ? strchr(p, ']') : NULL, *open;
	size_t code;

	if (!close || (close[1] && close[1] != ' '))
		return false;
	code = compiler_code_length(p + 1);
	if (code && (p[1 + code] == '(' || p[1 + code] == ',' || p[1 + code] == ']')) {
		out->severity = compiler_code_severity(p + 1, code);
		open = p[1 + code] == '(' ? p + 2 + code : p + 1;
		open[strcspn(open, "),]")] = '\0';
		out->rule = open;
	} else if (!compiler_severity_word(p + 1, "]", out)) {
		return false;
	}
	out->message = close + 1;
	out->kind = LINE_FINDING;
	return true;
}

/* markdownlint-cli2: `error MD013/line-length message` */
static bool tail_word(char *p, struct compiler_line *out)
{
	size_t n = compiler_severity_word(p, " ", out);
	enum severity said = out->severity;

	if (!n || !compiler_tail_code(p + n + 1, out))
		return false;
	out->severity = said;
	return true;
}

/* RuboCop: `C: [Correctable] Style/Alias: message` */
static bool tail_letter(char *p, struct compiler_line *out)
{
	static const struct {
		char letter;
		enum severity severity;
	} letters[] = { { 'C', SEVERITY_LOW },	{ 'R', SEVERITY_LOW },	    { 'W', SEVERITY_MEDIUM },
			{ 'E', SEVERITY_HIGH }, { 'F', SEVERITY_CRITICAL }, { 'I', SEVERITY_INFO } };
	char *rule = p + 3, *close = NULL;
	size_t n;

	if (!text_is_letter(p[0]) || p[1] != ':' || p[2] != ' ')
		return false;
	if (*rule == '[' && (close = strchr(rule, ']')))
		rule = text_skip_space(close + 1);
	n = strcspn(rule, ": ");
	if (rule[n] != ':' || !memchr(rule, '/', n) || !compiler_is_rule(rule, n))
		return false;
	out->severity = SEVERITY_MEDIUM;
	for (size_t i = 0; i < sizeof(letters) / sizeof(*letters); i++)
		out->severity = letters[i].letter == *p ? letters[i].severity : out->severity;
	rule[n] = '\0';
	out->rule = rule;
	out->message = rule + n + 1;
	out->kind = LINE_FINDING;
	return true;
}

/* ESLint's compact form: `Warning - message (rule)` */
static bool tail_dash(char *p, struct compiler_line *out)
{
	size_t n = compiler_severity_word(p, " ", out);

	if (!n || strncmp(p + n, " - ", 3))
		return false;
	out->message = p + n + 3;
	out->kind = LINE_FINDING;
	return true;
}

/* The linker's, and make's. */
bool compiler_tail_phrase(char *p, struct compiler_line *out)
{
	static const struct {
		const char *begins, *rule;
		enum compiler_line_kind kind;
	} phrases[] = { { "undefined reference to ", "undefined-reference", LINE_FINDING },
			{ "multiple definition of ", "multiple-definition", LINE_FINDING },
			{ "first defined here", "", LINE_NOTE },
			{ "cannot find -l", "cannot-find", LINE_FINDING },
			{ "*** ", "", LINE_FINDING } };

	for (size_t i = 0; i < sizeof(phrases) / sizeof(*phrases); i++)
		if (text_begins(p, phrases[i].begins)) {
			out->kind = phrases[i].kind;
			out->rule = phrases[i].rule;
			out->severity = SEVERITY_HIGH;
			out->message = p;
			/* Where else it is defined is an object's name, often a temporary one. */
			p[i == 1 ? strcspn(p, ";") : strlen(p)] = '\0';
			return true;
		}
	return false;
}

static bool (*const tail_forms[])(char *p, struct compiler_line *out) = {
	compiler_tail_severity, compiler_tail_code, tail_word, tail_letter, tail_brackets, tail_dash, compiler_tail_phrase,
};

/* Suffixes of files whose analysers write `path:3:5: message`.  Logs have times and addresses of such a form. */
static bool has_source_suffix(const char *path)
{
	static const char *const suffixes[] = {
		".go",	  ".js",     ".jsx",	".mjs",	 ".cjs",  ".ts",   ".tsx",   ".mts",   ".cts",	  ".vue",     ".svelte",
		".astro", ".css",    ".scss",	".sass", ".less", ".html", ".htm",   ".xml",   ".svg",	  ".xsl",     ".xsd",
		".c",	  ".cc",     ".cpp",	".cxx",	 ".h",	  ".hh",   ".hpp",   ".hxx",   ".m",	  ".mm",      ".cu",
		".cl",	  ".py",     ".pyi",	".pyx",	 ".lua",  ".rb",   ".erb",   ".rs",    ".java",	  ".kt",      ".kts",
		".scala", ".groovy", ".gradle", ".cs",	 ".fs",	  ".vb",   ".swift", ".dart",  ".zig",	  ".nim",     ".d",
		".v",	  ".sv",     ".vhd",	".vhdl", ".vala", ".hs",   ".ml",    ".mli",   ".ex",	  ".exs",     ".erl",
		".clj",	  ".el",     ".jl",	".r",	 ".R",	  ".f",	   ".f90",   ".adb",   ".ads",	  ".pas",     ".asm",
		".S",	  ".s",	     ".sh",	".bash", ".zsh",  ".ksh",  ".ps1",   ".pl",    ".pm",	  ".t",	      ".php",
		".phtml", ".twig",   ".sql",	".md",	 ".rst",  ".adoc", ".tex",   ".txt",   ".yml",	  ".yaml",    ".json",
		".toml",  ".ini",    ".cfg",	".hcl",	 ".tf",	  ".rego", ".bicep", ".proto", ".thrift", ".graphql", ".feature",
		".cmake", ".bzl",    ".nix",	".j2",
	};
	const char *dot = strrchr(path, '.');

	for (size_t i = 0; dot && i < sizeof(suffixes) / sizeof(*suffixes); i++)
		if (!strcmp(dot, suffixes[i]))
			return true;
	return false;
}

/* Tools whose rule stands in parentheses. */
static bool wants_parentheses(const struct compiler_line *l, bool bare)
{
	size_t n = strlen(l->rule);

	return (!n && bare) || (n == 5 && compiler_code_length(l->rule) == 5 && text_is_digit(l->rule[1]));
}

/* `path:3:5: message`, which says nothing else; where the text is an analyser's, `path:3: message` is one as well, but for the single
 * word of a test (`a_test.py:3: AssertionError`). */
static bool take_bare(char *p, char *tail, bool lenient, struct compiler_line *out)
{
	size_t n = strlen(tail);

	if (!n || p[-1] != ':' || strchr(out->path, ' ') || !has_source_suffix(out->path))
		return false;
	/* gcc's context (`   required from here`) stands further to the right; cpplint's messages do, and end in [5]. */
	if (!(tail - p == 2 && n > 1 && tail[n - 1] == ']' && text_is_digit(tail[n - 2])) &&
	    ((!out->column && !(lenient && strpbrk(tail, " -["))) || tail - p != 1))
		return false;
	out->severity = text_begins(tail, "syntax error") || strstr(tail, " error :") ? SEVERITY_HIGH : SEVERITY_MEDIUM;
	out->kind = LINE_FINDING;
	out->message = tail;
	return true;
}

bool compiler_tail(char *p, bool lenient, struct compiler_line *out)
{
	bool bare = false, dash = false, known = false;
	char *tail;

	p += *p == ':' || *p == ',';
	tail = text_skip_space(p);
	if (tail[0] == '-' && tail[1] == ' ') {
		/* tsc --pretty and Pyright: `path:3:5 - error TS2322: message` */
		tail = text_skip_space(tail + 1);
		dash = true;
	}
	for (size_t i = 0; !known && i < sizeof(tail_forms) / sizeof(*tail_forms); i++)
		known = tail_forms[i](tail, out);
	if (!known) {
		if (!*tail && out->column && p[-1] == ':') {
			out->kind = LINE_PLACE;
			return true;
		}
		bare = true;
		if (dash || !take_bare(p, tail, lenient, out))
			return false;
	}
	text_trim_end(out->message);
	if (!bare && text_begins(out->message, "  ") && out->message[2])
		out->kind = out->kind == LINE_FINDING ? LINE_CONTINUED : out->kind;
	compiler_take_brackets(out->message, out);
	if (wants_parentheses(out, bare || dash || *tail == '[' || p[-1] == ','))
		compiler_take_parentheses(out->message, out);
	out->message += strspn(out->message, " \t");
	return true;
}
