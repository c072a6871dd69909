/* Reading an element of a JSON report: what is not there, or of another type, is "", 0 or NULL.  And recognising a JSON format. */
#ifndef STAGES_REPORT_JSON_JSON_ITEM_H
#define STAGES_REPORT_JSON_JSON_ITEM_H

#include "stages/report/json/json_items.h"

/* PIPE_EPIPELINE at the item's place. */
int json_item_error(const struct json_item *item, pipe_error *err, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* The value behind a key of the map behind a key. */
const json_t *json_item_below(const json_t *map, const char *outer, const char *inner);
const char *json_item_string(const json_t *value);
const char *json_item_text(const json_t *map, const char *key);
/* A line, a column, a count: positive and within 32 bits; also in quotes. */
uint32_t json_item_number(const json_t *map, const char *key);
/* A number, also in quotes; what is none is `otherwise`. */
double json_item_real(const json_t *map, const char *key, double otherwise);
/* Its severity by name (severity_from), or SEVERITY_UNKNOWN. */
uint8_t json_item_severity(const json_t *map, const char *key);
/* That of a CVSS score from 0 to 10: 9 critical, 7 high, 4 medium, above 0 low. */
uint8_t severity_of_score(double score);

/* For recognising formats.  Does `"key":` stand in a report's first bytes? */
bool json_head_has(const char *head, size_t length, const char *key);
/* Does the text stand there anywhere? */
bool json_head_says(const char *head, size_t length, const char *text);
/* The first byte that is no white space; '\0': none. */
char json_head_first(const char *head, size_t length);
/* Does the file's name (without its directory) hold the word, in any case? */
bool json_path_has(const char *path, const char *word);

#endif
