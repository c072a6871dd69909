/* Secrets in files: well-known shapes of tokens and keys, most of them held against their entropy.  The secret itself is never handed out. */
#ifndef STAGES_SCANNER_SECRET_SECRET_H
#define STAGES_SCANNER_SECRET_SECRET_H

#include "pipe.h"
#include "stages/scanner/report/scan_report.h"

/* Compiled rules; const after creation: several threads may use them. */
struct secret_rules;
int secret_rules_create(struct secret_rules **out, pipe_error *err);
void secret_rules_free(struct secret_rules *rules);

/* Is the file worth a look (not an image, a font, a lock file, a vendored directory...)? */
bool secret_wants(const char *path, uint64_t size);
/* Finds them; texts of findings are in the arena, the secret in `match` is replaced by asterisks.  Binary files: none.  PIPE_OK, or what
 * each returns. */
int secret_scan(const struct secret_rules *rules, const char *path, const char *bytes, size_t length, struct arena *a,
		int (*each)(void *payload, const struct scan_finding *finding), void *payload, pipe_error *err);

#endif
