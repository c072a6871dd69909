/* The sources of advisories that a scan asks, opened together and checked for their age. */
#ifndef RUNNER_SCAN_ADVISORY_SOURCES_H
#define RUNNER_SCAN_ADVISORY_SOURCES_H

#include "stages/scanner/advisory/advisory.h"

enum { SOURCES_MOST = 2 };

struct scan_sources {
	struct advisory_source opened[SOURCES_MOST];
	struct advisory_source *list[SOURCES_MOST + 1]; /* NULL-terminated */
	unsigned count;
	const char *scratch; /* records that were read for this scan alone are kept there; NULL: none were */
};

/* db: a file or a directory, also of OSV records (.json files, or a .zip of them), which are read for this scan alone; NULL: the user's own (advisories_directory).  PIPE_ENOTFOUND: there is none, and how to get one;
 * PIPE_EPIPELINE: it cannot be believed (damaged, empty, older than max_age_ms: 0 any age). */
int scan_sources_open(struct scan_sources *s, const char *db, const char *const *envp, int64_t max_age_ms, struct arena *a,
		      pipe_error *err);
void scan_sources_close(struct scan_sources *s);
/* For people: "Trivy's database of 2026-11-20 (123,456 advisories)"; in the arena, or NULL. */
const char *scan_sources_text(const struct scan_sources *s, struct arena *a);

#endif
