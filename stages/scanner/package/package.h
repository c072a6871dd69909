/*
 * Packages: what is installed or locked in what is scanned.  One file a format, each a function over the bytes of one file;
 * package_formats is their registry.  A file is held whole while it is read (at most PACKAGE_FILE_MAX bytes).  Bytes are hostile.
 */
#ifndef STAGES_SCANNER_PACKAGE_PACKAGE_H
#define STAGES_SCANNER_PACKAGE_PACKAGE_H

#include "base/arena.h"
#include "base/vec.h"
#include "pipe.h"
#include <stdbool.h>
#include <stdint.h>

enum { PACKAGE_FILE_MAX = 256 * 1024 * 1024, PACKAGES_MAX = 10 * 1000 * 1000 };

enum package_class { PACKAGE_OS, PACKAGE_LANGUAGE };

/* The distribution of a root file system (os-release and its predecessors). */
struct scan_os {
	const char *
		family; /* Trivy's word: "debian", "ubuntu", "alpine", "redhat", "rocky", "alma", "amazon", "opensuse-leap"...; "" */
	const char *version; /* "12.5", "3.18.4" */
	const char *name;    /* PRETTY_NAME, for people */
	bool ended;	     /* its support has ended (EOSL), where that is known */
};

struct scan_package {
	const char *name;
	/* As the ecosystem writes and compares it; of rpm and deb with epoch and release ("1:2.3-4"). */
	const char *version;
	const char *source_name, *source_version; /* of distributions: the source package; "" where it is the same */
	const char *arch;			  /* "" */
	const char *licenses;			  /* joined by ", "; "" */
	const char *purl;			  /* "" : package_purl makes it */
	const char *path;			  /* where in the target it was found; "" : the result's own file */
	uint32_t line_from, line_to;		  /* in that file; 0: not known */
	bool indirect;				  /* not asked for by the project itself */
	bool development;	       /* only needed to build or test: Trivy leaves those out, and so do we unless asked */
	bool modular;		       /* rpm: of a module stream */
	const char *module;	       /* its label, "nodejs:12:8030020201124152102:229f0a1c"; NULL or "" : not known */
	const char *const *depends_on; /* ids "name@version", NULL-terminated; or NULL */
};

/* What one file (or one data base of a distribution) says. */
struct package_list {
	const char *
		type; /* Trivy's: "debian", "alpine", "npm", "pip", "gomod", "cargo"... NULL for a file that only lends to others */
	enum package_class class;
	const char *path; /* of the file, in the target */
	VEC(struct scan_package) packages;
	VEC(const char *) notes; /* what could not be read in it, in words: "line 12: a version without a name" */
};

struct package_format {
	const char *name; /* "package-lock" */
	const char *
		type; /* the ecosystem that its packages belong to, as Trivy names it; of distributions "" (the scan_os says it) */
	enum package_class class;
	const char *help;
	/* May the file at path (relative to the target's root, with `/`) be one of these?  installed: the target is an image or a root
	 * file system, where lock files are not looked at but what is installed (as Trivy does); else it is a project's tree. */
	bool (*wants)(const char *path, bool installed);
	bool executable; /* only files that may be executed: their names say nothing */
	/* Fills list (type, class and path are set).  PIPE_EPIPELINE: it is broken, err->line and err->text say where and how; a file that
	 * holds something else is no error and leaves the list empty.  `beside` brings another file by its path relative to the target's
	 * root (go.sum beside go.mod, package.json beside a lock); NULL where there is none. */
	int (*parse)(const char *bytes, size_t length, struct package_list *list, struct arena *a,
		     const char *(*beside)(void *payload, const char *path, size_t *length), void *payload, pipe_error *err);
};

/* All, sorted by name; a NULL at the end. */
extern const struct package_format *const package_formats[];

/* Reads /etc/os-release, /etc/alpine-release, /etc/debian_version, /etc/redhat-release...  Files that say it: os_wants. */
bool os_wants(const char *path);
/* Adds what one of these files says; false: no memory.  The order of calls does not matter. */
bool os_read(struct scan_os *os, const char *path, const char *bytes, size_t length, struct arena *a);

/* https://github.com/package-url/purl-spec; os may be NULL. */
const char *package_purl(struct arena *a, const char *type, const struct scan_os *os, const struct scan_package *package);
/* The scheme by which versions of that type are compared (version.h), by Trivy's type; NULL: not known. */
struct version_scheme;
const struct version_scheme *package_scheme(const char *type);

#endif
