/*
 * The language of `rules:if`: == != =~ !~ && || ( ) null, "text" 'text', $NAME, /regex/flags.  && binds tighter than ||.
 * https://docs.gitlab.com/ci/jobs/job_rules/#cicd-variable-expressions and what GitLab does where the page is silent.
 */
#ifndef PIPELINE_EXPRESSION_H
#define PIPELINE_EXPRESSION_H

#include "pipeline/diagnostic.h"
#include "pipeline/variable.h"

struct expression;

/* NULL: wrong, and reported with the column inside the text (when the text is one plain or quoted line; else at the node). */
struct expression *expression_parse(struct arena *a, const struct node *text, struct diagnostics *d);
/* Sets *value; a pattern that exceeds its step limit or that a variable brought and that is no pattern is reported and false. */
bool expression_true(const struct expression *e, const struct scope *scope, struct arena *scratch, uint32_t regex_steps,
                     struct diagnostics *d);

/* Regular expressions in RE2's syntax, matched by PCRE2 with a step limit: look-around and back references are refused.
 * Returns the match's first capture (or the whole match) in the subject; -1: no match, -2: wrong pattern (text in err), -3: too many
 * steps.  Also used for `coverage:` and input `regex`. */
struct regex;
struct regex *regex_compile(struct arena *a, const char *pattern, size_t length, const char *flags, pipe_error *err);
int regex_search(const struct regex *r, const char *subject, size_t length, uint32_t steps, size_t *start, size_t *end);
void regex_free(struct regex *r);

#endif
