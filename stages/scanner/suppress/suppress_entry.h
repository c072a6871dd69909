/* What suppress.c and the readers of its formats share: entries, and how they get into the set. */
#ifndef STAGES_SCANNER_SUPPRESS_SUPPRESS_ENTRY_H
#define STAGES_SCANNER_SUPPRESS_SUPPRESS_ENTRY_H

#include "base/map.h"
#include "stages/scanner/suppress/suppress.h"
#include "stages/scanner/suppress/suppress_purl.h"
#include "stages/scanner/syntax/tree.h"

/* What a VEX statement is about: a package, or a whole product, or parts of it. */
struct suppress_product {
	const char *text;	  /* as it is written: a name of an image counts, too */
	const struct purl *purl;  /* NULL: it is none */
	VEC(struct purl *) parts; /* packages in it; none: all of it */
	bool in_parts;		  /* parts were named, though perhaps none that could be understood */
};

struct suppress_file {
	const char *path;
	bool vex;
	uint32_t entries, matched;
	const struct suppress_entry *unmatched; /* the first; for the warning */
};

struct suppress_entry {
	struct suppress_file *file;
	uint32_t line, number; /* number: in the order of reading */
	const char *id;
	unsigned kinds; /* bits by enum finding_kind */
	/* Of ignore files. */
	VEC(const char *) paths; /* globs; none: everywhere */
	VEC(struct purl *) purls;
	const char *until; /* the day on which it expires; "" */
	bool expired, twice;
	const char *comment; /* the statement, or the comment beside it; "" */
	bool says;	     /* comment is a statement of the file's own */
	/* Of VEX. */
	VEC(struct suppress_product) products;
	const char *status, *reason; /* "not_affected"; "code_not_reachable" or words; "" */
	int64_t at;		     /* when it was said */
	bool used;
};

struct suppress_link {
	struct suppress_entry *entry;
	struct suppress_link *next;
};

struct suppress_chain {
	struct suppress_link *first, **last;
};

struct suppressions {
	struct arena *a;
	VEC(struct suppress_entry *) entries;
	VEC(struct suppress_file *) files;
	struct map by_id; /* id -> struct suppress_chain */
};

struct suppress_file *suppress_file_new(struct suppressions *s, const char *path, bool vex);
/* A new one of that file, found by its id; NULL: no memory. */
struct suppress_entry *suppress_entry_new(struct suppressions *s, struct suppress_file *file, const char *id, uint32_t line);
/* Also found by that name; false: no memory. */
bool suppress_also(struct suppressions *s, struct suppress_entry *entry, const char *id);
/* A new product of the statement, as it is written; NULL: no memory. */
struct suppress_product *suppress_product_new(struct suppressions *s, struct suppress_entry *entry, const char *text);
bool suppress_part(struct suppressions *s, struct suppress_product *product, const char *text);
/* "2027-01-31" or RFC 3339; false: it is none. */
bool suppress_time(const char *text, int64_t *ms);

int suppress_read_yaml(struct suppressions *s, struct suppress_file *file, const char *bytes, size_t length, int64_t now_ms,
		       pipe_error *err);
/* Each looks at a document's root; the formats are told apart in suppress_vex.c. */
int suppress_read_openvex(struct suppressions *s, struct suppress_file *file, const struct tree_value *root, pipe_error *err);
int suppress_read_cyclonedx(struct suppressions *s, struct suppress_file *file, const struct tree_value *root, pipe_error *err);
int suppress_read_csaf(struct suppressions *s, struct suppress_file *file, const struct tree_value *root, pipe_error *err);
/* PIPE_EPIPELINE at that line. */
int suppress_fail(const struct suppress_file *file, uint32_t line, pipe_error *err, const char *format, ...)
	__attribute__((format(printf, 4, 5)));

#endif
