/* SARIF's parts: rules and places, each in a file of its own. */
#ifndef STAGES_REPORT_SARIF_SARIF_H
#define STAGES_REPORT_SARIF_SARIF_H

#include "base/vec.h"
#include "stages/report/held.h"
#include "stages/report/json/json_item.h"

enum { SARIF_NONE = -1 };

/* What a rule says of its results (reportingDescriptor, 3.49). */
struct sarif_rule {
	const char *id, *url, *text;
	struct sarif_message *messages;
	double score; /* security-severity; 0: not said */
	int8_t level; /* enum severity, or SARIF_NONE */
	int8_t kind;  /* enum finding_kind by its tags, or SARIF_NONE */
};

/* Of the tool's driver ([0]) and its extensions. */
struct sarif_component {
	VEC(struct sarif_rule) rules;
};

struct sarif_rules {
	struct arena arena;
	struct map by_id; /* of all components; the driver's win */
	VEC(struct sarif_component) components;
	size_t most; /* bytes */
};

/* Takes over what is needed of a rule. */
int sarif_rules_add(struct sarif_rules *r, uint32_t component, const json_t *rule, pipe_error *err);
void sarif_rules_clear(struct sarif_rules *r);
/* By component and index; otherwise by name, where "A/b" is also found as "A" (3.52.4).  NULL: none. */
const struct sarif_rule *sarif_rule_find(const struct sarif_rules *r, uint32_t component, int64_t index, const char *id);
/* The text of a message by its name; NULL: none. */
const char *sarif_rule_message(const struct sarif_rule *rule, const char *id);

/* A result, or a notification, as far as it says for itself. */
struct sarif_result {
	struct sarif_result *next;
	struct evidence_finding f;	    /* without path, severity and tool */
	const char *uri, *base;		    /* uri NULL: by artifact */
	const char *message_id, *arguments; /* NULL: f.message is it */
	int64_t artifact, rule;		    /* indices; SARIF_NONE */
	uint32_t component;
	double score;
	int8_t level, kind; /* SARIF_NONE: as the rule says */
	bool is_notification;
};

/* Reads a result (3.27): false: no memory.  Texts are borrowed from value, or in the arena. */
bool sarif_read_result(struct arena *a, const json_t *value, struct sarif_result *r);
/* It passed, does not apply, merely informs, or is no longer there. */
bool sarif_is_no_finding(const json_t *value);
/* Reads a notification (3.58), as a result that is an error; *is_error: it is one. */
bool sarif_read_notification(struct arena *a, const json_t *value, struct sarif_result *r, bool *is_error);

/* What kind of findings a tool's results are, and what its report is evidence of (report_gives bits). */
void sarif_tool_kind(const char *tool, enum finding_kind *kind, unsigned *scope);

/* enum severity of a `level`, or SARIF_NONE where there is none. */
int8_t sarif_level(const char *level);
/* properties.security-severity, or 0. */
double sarif_score(const json_t *map);
/* The kind of finding that properties.tags say, or SARIF_NONE. */
int8_t sarif_tags_kind(const json_t *map);

/* The path that a URI stands for, relative to the workspace; bases: originalUriBaseIds or NULL; base: uriBaseId or "".  In the arena, or
 * the text itself; NULL: no memory. */
const char *sarif_path(struct arena *a, const char *workspace, const json_t *bases, const char *base, const char *uri);
/* Does some base lead into a directory of the workspace below its top?  Then paths cannot be had without it. */
bool sarif_bases_matter(struct arena *a, const char *workspace, const json_t *bases);
/* Puts arguments (separated by SARIF_SEPARATOR) in place of {0}, {1}...; {{ and }} are braces.  NULL: no memory. */
const char *sarif_fill_in(struct arena *a, const char *text, const char *arguments);
#define SARIF_SEPARATOR '\x1f'

#endif
