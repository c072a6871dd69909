/* What the files of the document room share. */
#ifndef PIPELINE_DOCUMENT_INTERNAL_H
#define PIPELINE_DOCUMENT_INTERNAL_H

#include "pipeline/document/document.h"
#include <stddef.h>

struct yaml_parser_s;

/* Looks at a text before it is parsed: size, encoding, what would make libyaml slow.  false: refused, and said so. */
bool document_check_text(const struct source *text, uint16_t source, const pipe_limits *limits, struct diagnostics *d);
/* The place of a byte. */
struct mark document_mark_of(const struct source *text, uint16_t source, size_t offset);
/* Reports why libyaml stopped, in words that help. */
void document_report_syntax(const struct yaml_parser_s *parser, uint16_t source, struct diagnostics *d);

/* Turns key, value, key, value... into the pairs of map: says what is said twice, resolves merge keys.  false: no memory. */
bool document_fill_map(struct node *map, struct node *const *nodes, size_t count, struct arena *a, struct diagnostics *d);
bool document_is_merge_key(const struct node *key);
/* How much of a text a message shows: at most 80 bytes, whole characters. */
int document_clip(const char *text, size_t length);

#endif
