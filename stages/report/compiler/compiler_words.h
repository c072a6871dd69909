/* The words in a diagnostic's line: how bad it is, and which rule it broke. */
#ifndef STAGES_REPORT_COMPILER_COMPILER_WORDS_H
#define STAGES_REPORT_COMPILER_COMPILER_WORDS_H

#include "stages/report/compiler/compiler_line.h"

#include <stddef.h>

/* The length of the word (`fatal error`, `Warning`) that text begins with, and its severity in out; it has to be followed by one of
 * `ends`.  0: no such word. */
size_t compiler_severity_word(const char *text, const char *ends, struct compiler_line *out);
/* The length of a code (`E501`, `SC2086`, `TS2322`) that text begins with; 0: none. */
size_t compiler_code_length(const char *text);
/* What flake8's, Ruff's and pylint's codes say by their first letter. */
enum severity compiler_code_severity(const char *code, size_t length);
/* Whether this may be a rule's name. */
bool compiler_is_rule(const char *text, size_t length);
/* Take ` [rule]` and ` (rule)` off the end of a message, which is written in. */
void compiler_take_brackets(char *message, struct compiler_line *out);
void compiler_take_parentheses(char *message, struct compiler_line *out);

#endif
