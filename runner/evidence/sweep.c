/* Evidence follows the history: what is known of runs that are gone goes as well. */
#include "base/error.h"
#include "base/vec.h"
#include "runner/evidence/read.h"
#include "runner/history/state.h"
#include <errno.h>
#include <limits.h>
#include <unistd.h>

struct sweep {
	struct store *store;
	struct arena arena;
	VEC(int64_t) gone;
	int rc;
	pipe_error *err;
};

static int look(void *payload, int64_t run)
{
	struct sweep *x = payload;
	int64_t found, *gone;
	pipe_error unseen;

	if (x->store) {
		int rc = store_resolve_run(x->store, run, &found, &unseen);

		if (rc == PIPE_OK)
			return 0;
		if (rc != PIPE_ENOTFOUND) {
			x->rc = error_set(x->err, unseen.code, "%s", unseen.text);
			return 1;
		}
	}
	gone = vec_push(&x->arena, &x->gone);
	if (!gone) {
		x->rc = error_nomem(x->err);
		return 1;
	}
	*gone = run;
	return 0;
}

/* What was moved away when the history was made anew. */
static int remove_moved(const char *state_directory, pipe_error *err)
{
	static const char *const parts[] = { "", "-wal", "-shm" };
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		int rc = state_path(path, err, state_directory, "evidence.db.gone%s", parts[i]);

		if (rc)
			return rc;
		if (unlink(path) && errno != ENOENT)
			return error_errno(err, error_code_of(errno), errno, "cannot remove %s", path);
	}
	return PIPE_OK;
}

int evidence_sweep(const char *state_directory, struct store *s, pipe_error *err)
{
	struct sweep x = { .store = s, .arena = ARENA_INIT, .err = err };
	struct evidence_db *db = NULL;
	int rc = remove_moved(state_directory, err);

	if (!rc)
		rc = evidence_open(&db, state_directory, STORE_READ, err);
	if (!rc && db)
		rc = read_runs(db, look, &x, err);
	rc = rc ? rc : x.rc;
	evidence_free(db);
	db = NULL;
	if (!rc && x.gone.count)
		rc = evidence_open(&db, state_directory, STORE_WRITE, err);
	if (!rc && x.gone.count)
		rc = evidence_gc(db, x.gone.items, x.gone.count, err);
	evidence_free(db);
	arena_clear(&x.arena);
	return rc;
}
