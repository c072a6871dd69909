/*
 * What has to wait: items of a report that names behind them what they need (their tool, their rules, their file).  Compact copies
 * with each text held once, and bounded: a report that would need more is refused with PIPE_ELIMIT rather than read half.
 */
#ifndef STAGES_REPORT_HELD_H
#define STAGES_REPORT_HELD_H

#include "base/arena.h"
#include "base/map.h"
#include "stages/report/report.h"

/* So many times limits.item_bytes may wait. */
enum { HELD_FACTOR = 16 };

struct held_finding;

struct held {
	struct arena arena;
	struct map texts;
	size_t most;
	struct held_finding *first, *last; /* that wait, in their order */
};

void held_init(struct held *h, const struct report_limits *limits);
/* Forgets everything; ready for use again. */
void held_clear(struct held *h);
/* Zeroed memory until held_clear. */
int held_new(struct held *h, void **out, size_t size, pipe_error *err);
/* Replaces each text (NULL stays) by a copy that lives until held_clear. */
int held_texts(struct held *h, const char **const *texts, size_t count, pipe_error *err);
/* The same for a text that no other one equals. */
int held_own_text(struct held *h, const char **text, pipe_error *err);
/* Those of a finding. */
int held_finding_texts(struct held *h, struct evidence_finding *f, pipe_error *err);
/* A copy of the finding waits. */
int held_finding(struct held *h, const struct evidence_finding *f, pipe_error *err);
/* Hands on those that wait, until `each` fails; then none does. */
int held_findings_release(struct held *h, int (*each)(void *payload, struct evidence_finding *f, pipe_error *err), void *payload,
			  pipe_error *err);

#endif
