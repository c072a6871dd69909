/*
 * OSV records (https://ossf.github.io/osv-schema/): read one by one, kept as rows, and turned into advisories when a package is looked
 * up.  A record is called by its CVE where it has one, so that it is one with what another source says of the same vulnerability.
 */
#ifndef SCANNER_ADVISORY_OSV_H
#define SCANNER_ADVISORY_OSV_H

#include "base/str.h"
#include "stages/scanner/advisory/advisory.h"

enum { OSV_RECORD_MAX = 32 * 1024 * 1024 }; /* bytes of one record */

/* From `introduced` on; up to `below` (which has it no more) or `last` (which still has it); "": no bound. */
struct osv_interval {
	const char *introduced, *below, *last;
	const char *fixed; /* below, where that is because it is mended there; "" */
};

struct osv_affected {
	const char *ecosystem, *package; /* as they are looked up */
	VEC(struct osv_interval) intervals;
	const char *const *versions; /* or NULL */
	uint8_t severity;	     /* of this package; UNKNOWN: the record's */
};

struct osv_record {
	const char *id;
	/* What findings are called, one a line: the CVE among the aliases; of an advisory of a distribution that has none, all CVEs
	 * that it is about; otherwise the record's own id, or that of the aliases which comes first. */
	const char *names;
	const char *aliases; /* all, one a line; with the id */
	const char *modified;
	int64_t modified_ms; /* 0: not said */
	bool withdrawn;
	uint8_t severity;
	VEC(struct osv_affected) affected; /* with something that a version can be held against */
	struct str body;		   /* JSON of what osv_details_read wants */
};

/* *is_record: the file is JSON, but no OSV record at all (then nothing else is set).  PIPE_EPIPELINE: it is broken, err says where.
 * Clear it whatever is returned. */
int osv_record_read(const char *bytes, size_t length, struct osv_record *out, bool *is_record, struct arena *a, pipe_error *err);
void osv_record_clear(struct osv_record *record);

/* One of them, as JSON. */
void osv_affected_write(const struct osv_affected *affected, struct str *out);

/* A row, as it comes back. */
struct osv_row {
	const char *id, *names, *body; /* body: what osv_affected_write wrote */
	uint8_t severity;	       /* of the record */
};
int osv_row_read(const struct osv_row *row, struct arena *a, int (*each)(void *context, const struct advisory *advisory),
		 void *context, pipe_error *err);
int osv_details_read(const char *id, const char *body, size_t length, const char *aliases, uint8_t severity, struct arena *a,
		     struct advisory_details *out, pipe_error *err);

/* osv_range.c: the intervals of one `ranges` element, added to the list.  Events are put in the order of their versions first, where
 * the scheme understands all of them.  false: no memory. */
struct json_t;
bool osv_range_read(const struct json_t *range, const char *scheme, struct osv_affected *out, struct arena *a);

#endif
