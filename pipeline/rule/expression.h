/*
 * The language of `rules:if`: == != =~ !~ && || ( ) null, "text" 'text', $NAME, /regex/flags.  && binds tighter than ||.
 * https://docs.gitlab.com/ci/jobs/job_rules/#cicd-variable-expressions and what GitLab does where the page is silent.
 */
#ifndef PIPELINE_EXPRESSION_H
#define PIPELINE_EXPRESSION_H

#include "pipeline/document/diagnostic.h"
#include "pipeline/rule/variable.h"

struct expression;

/* NULL: wrong, and reported with the column inside the text (when the text is one plain or quoted line; else at the node). */
struct expression *expression_parse(struct arena *a, const struct node *text, struct diagnostics *d);
/* Sets *value; a pattern that exceeds its step limit or that a variable brought and that is no pattern is reported and false. */
bool expression_true(const struct expression *e, const struct scope *scope, struct arena *scratch, uint32_t regex_steps,
		     struct diagnostics *d);
/* The same with a budget of steps for many evaluations together, from which what was used is taken. */
bool expression_true_within(const struct expression *e, const struct scope *scope, struct arena *scratch, uint32_t regex_steps,
			    uint64_t *budget, struct diagnostics *d);

/*
 * Regular expressions in RE2's syntax, matched by PCRE2: what RE2 does not have (look-around, back references...) is refused.  Also
 * used for `coverage:` and the `regex` of inputs.
 */
struct regex;
/* flags: some of "imsU", or NULL.  With an arena the regex lives in it; without (NULL) it is the caller's, for regex_free().  NULL:
 * wrong; err says why, its column counts the pattern's characters from 1. */
struct regex *regex_compile(struct arena *a, const char *pattern, size_t length, const char *flags, pipe_error *err);
/* 0: the first match, *start and *end are those of its first group where it has one that took part, else of all of it; -1: no match;
 * -3: more than `steps` steps (and some for each byte of the subject) would be needed. */
int regex_search(const struct regex *r, const char *subject, size_t length, uint32_t steps, size_t *start, size_t *end);
/* The same; what was used is taken from *budget, which may end it too. */
int regex_search_within(const struct regex *r, const char *subject, size_t length, uint32_t steps, uint64_t *budget,
			size_t *start, size_t *end);
/* Only for one that was compiled without an arena; NULL is fine. */
void regex_free(struct regex *r);

#endif
