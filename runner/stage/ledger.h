/*
 * What one attempt of a job has to say, on its way into the evidence: secrets are taken out of every text, the stage may mark tests,
 * and the database is opened and a transaction begun only when there is something to write.  Worker threads only, with the desk.
 */
#ifndef RUNNER_STAGE_LEDGER_H
#define RUNNER_STAGE_LEDGER_H

#include "runner/log/mask.h"
#include "runner/stage/desk.h"
#include "runner/stage/rebase.h"

struct ledger {
	/* Given; borrowed. */
	struct stage_desk *desk;
	int64_t run;
	uint32_t job;
	const char *name, *base; /* the job's, without " 1/3" or ": [a, b]" */
	const struct mask *mask; /* or NULL */
	struct stage_job *marks; /* whose type looks at each test first; or NULL */
	bool again;		 /* an earlier attempt may have left evidence */

	struct evidence_sink sink;     /* to be handed to parsers and stages; its payload is this */
	struct evidence_totals totals; /* since the last ledger_commit: over all rounds */
	uint32_t round;		       /* of the next transaction */
	bool open;		       /* a transaction is */
	struct evidence_db *db;
	struct rebase rebase;	     /* of the report that is being read */
	struct str text;	     /* masking */
	struct str path, shown_path; /* of the last line of coverage */
	struct arena arena;	     /* masked texts of one item */
};

void ledger_init(struct ledger *l);
/* On any thread; no transaction may be open. */
void ledger_clear(struct ledger *l);
/* Begins a report: what the sink gets belongs to it until ledger_report_end, which takes it back when why is not NULL. */
int ledger_report_begin(struct ledger *l, const char *path, pipe_error *err);
int ledger_report_end(struct ledger *l, const struct report_format *format, const pipe_error *why, pipe_error *err);
int ledger_condition(struct ledger *l, const struct stage_condition *c, pipe_error *err);
/* Ends the round: what was written is kept.  Nothing was: nothing happens, but that an earlier attempt's evidence goes. */
int ledger_commit(struct ledger *l, pipe_error *err);
void ledger_rollback(struct ledger *l);

#endif
