/*
 * What the commands share that show evidence: the run that is asked for, the page that is written, and how a test or a finding looks
 * on it.  Text from reports is hostile: it passes sheet_text or text_clean.
 */
#ifndef CLI_SHEET_H
#define CLI_SHEET_H

#include "base/json.h"
#include "cli/cli.h"
#include "cli/record.h"

struct sheet {
	struct cli *c;
	pipe_project *project;
	int64_t run; /* 0: the last one */
	struct str out;
	struct json json;
	unsigned columns; /* of a terminal; otherwise as many as there may be */
	pipe_error err;
};

/* Opens the project and finds the run that the first argument names.  The exit status; not 0: wrong, and said. */
int sheet_open(struct sheet *s, struct cli *c);
/* Writes what is left and gives everything back; rc: of the last call.  The exit status. */
int sheet_close(struct sheet *s, int rc);
/* Hands the text on, when it is worth a call.  Not 0: nobody reads it. */
int sheet_pass(struct sheet *s);

/* One clean line of a text, its line breaks as spaces, in at most so many columns.  Returns those it took. */
unsigned sheet_text(struct sheet *s, const char *text, unsigned columns, bool pad);
/* The same, cut at its beginning: of a path the end says more. */
unsigned sheet_path(struct sheet *s, const char *path, unsigned columns, bool pad);
unsigned sheet_width(struct sheet *s, const char *text);
/* The first lines of a text, indented. */
void sheet_lines(struct sheet *s, const char *text, unsigned indent, unsigned lines);
void sheet_heading(struct sheet *s, const char *sgr, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* "run 12  tests 3 passed · ..." */
void sheet_run(struct sheet *s, int64_t run, const pipe_evidence *e);
/* Reports that could not be read: nothing else says that something is missing. */
int sheet_broken(struct sheet *s, const char *job);

/* "suite name", and further texts on its line: the job, how long it took. */
void sheet_test(struct sheet *s, const pipe_test_record *t);
/* "src/a.c:12", or the package where there is no path. */
const char *sheet_place(struct sheet *s, const pipe_finding_record *f);
/* "place  message  rule", the place in so many columns. */
void sheet_finding(struct sheet *s, const pipe_finding_record *f, unsigned place);
const char *sheet_severity_sgr(const char *severity);
enum { PERCENT_SIZE = 16 };
/* "78.4 %"; "-" of nothing.  Never 100 where something is missing. */
char *sheet_percent(uint64_t hit, uint64_t all, char buffer[PERCENT_SIZE]);
double sheet_ratio(uint64_t hit, uint64_t all);

#endif
