/* Pieces of help pages and of the reference, which keywords and types of stages have in common (keyword_view.c). */
#ifndef PIPELINE_KEYWORD_VIEW_H
#define PIPELINE_KEYWORD_VIEW_H

#include "pipeline/keyword/keyword.h"

/* "  Label    text", when there is a text. */
void view_line(struct str *out, bool colour, const char *label, const char *text);
/* Text of several lines, each behind `indent`. */
void view_indented(struct str *out, const char *indent, const char *text);
/* The head of a help page. */
void view_title(struct str *out, bool colour, const char *title, const char *help);
/* What a row takes, its default... and its example. */
void view_row(struct str *out, bool colour, const struct keyword *k);
/* "The help of it", with a capital, without a full stop. */
void view_sentence(struct str *out, const char *help);
/* The rows of a Markdown table, with those below them; since: with a column that says since when. */
void view_table(struct str *out, const struct keyword *rows, bool since);

#endif
