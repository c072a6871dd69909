/*
 * A sink in front of a sink: what parsers hand over passes through it, so that they need not care.  It counts and bounds the items,
 * and makes of every text what stages/evidence.h promises: never NULL, valid UTF-8, no control characters (nor the terminal's colour
 * sequences), not too long; and a test always has a name.
 */
#ifndef STAGES_REPORT_CLEAN_H
#define STAGES_REPORT_CLEAN_H

#include "stages/report/report.h"

/* XML cannot carry most control characters.  Parsers that meet one all the same let it travel as the noncharacter CLEAN_CONTROL + c
 * (three bytes of UTF-8: CLEAN_CONTROL_PREFIX, 0x90 + c), which is taken for c here. */
enum { CLEAN_CONTROL = 0xfdd0 };
#define CLEAN_CONTROL_PREFIX "\xef\xb7"

struct cleaner {
	struct evidence_sink sink; /* for the parser; valid as long as the cleaner stays where it is */
	const struct evidence_sink *to;
	struct arena arena; /* of the item's texts that had to be changed */
	uint64_t items, most_items;
	uint32_t text_bytes;
};

void cleaner_init(struct cleaner *c, const struct evidence_sink *to, const struct report_limits *limits);
void cleaner_clear(struct cleaner *c);

#endif
