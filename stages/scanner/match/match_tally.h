/* What a match could not compare or left out, counted by type of package; and which targets there are (match_targets.c). */
#ifndef STAGES_SCANNER_MATCH_MATCH_TALLY_H
#define STAGES_SCANNER_MATCH_MATCH_TALLY_H

#include "stages/scanner/match/match.h"

struct tally_line {
	uint64_t count;
	const struct scan_package *first; /* for example */
};

struct tally {
	const char *type;
	uint64_t incomparable;
	const char *why;
	struct tally_line versions, modular;
	uint64_t development;
	uint64_t ranges; /* advisories whose versions cannot be understood */
	const struct advisory *range;
	const struct scan_package *range_of;
};

struct tallies {
	VEC(struct tally *) items;
};

/* Of that type, a new one where there is none; NULL: no memory. */
struct tally *tally_of(struct tallies *t, struct arena *a, const char *type);
void tally_count(struct tally_line *line, const struct scan_package *p);
void tally_advisory(struct tally *t, const struct scan_package *p, const struct advisory *a);
/* Adds their sentences to the report's notes; false: no memory. */
bool tallies_say(const struct tallies *t, struct scan_report *report);

/* Adds a result for each target: a list of its own, or one for several lists that Trivy shows as one. */
int match_targets(struct scan_report *report, const struct package_list *const *lists, size_t count,
		  const struct match_options *options, struct tallies *tallies, pipe_error *err);

#endif
