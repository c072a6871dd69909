/* How the real Trivy is asked for what a scan wants: its command line, in one place for the command `pipe scan` and the stage. */
#ifndef SCANNER_TRIVY_COMMAND_H
#define SCANNER_TRIVY_COMMAND_H

#include "base/arena.h"
#include <stdbool.h>

struct trivy_command {
	const char *program; /* argv[0] */
	const char *command; /* image, rootfs, filesystem, repository, config, sbom */
	bool vulnerabilities, secrets, misconfigurations;
	const char *target;
	bool input;		 /* of an image: the target is an archive or a layout, and no reference */
	const char *db;		 /* trivy.db or its directory, which is CACHE/db; nothing is fetched then.  NULL: Trivy's own */
	const char *ignore_file; /* NULL: .trivyignore where it is */
	const char *const *vex_files, *const *skip; /* NULL-terminated, or NULL */
	bool development;
	const char *platform;
	bool insecure;
	const char *output; /* the file of its JSON */
};

/* NULL-terminated, in the arena; NULL: no memory, or too many words.  It ends with status 0 whatever it finds. */
const char *const *trivy_arguments(struct arena *a, const struct trivy_command *c);

#endif
