/*
 * Caches: archives shared between runs by key, below <state>/cache/.  A key is made of text or of files' contents; the file name is
 * a hash of it, so no key escapes.  A cache is replaced atomically; two runs that save at once leave one whole cache.
 */
#ifndef RUNNER_CACHE_H
#define RUNNER_CACHE_H

#include "base/arena.h"
#include "pipe.h"
#include "pipeline/model.h"

/* The key of a cache in this scope: expanded text, or prefix and a hash over key:files (missing files count as absent). */
int cache_key(const struct cache *cache, const struct scope *scope, const char *workspace, struct arena *a, const char **key,
	      pipe_error *err);
/* Brings the cache of key, or of the first fallback key that there is; *hit says which (NULL: none). */
int cache_restore(const char *state_directory, const char *key, const char *const *fallback_keys, const char *workspace,
		  const char **hit, pipe_error *err);
int cache_save(const char *state_directory, const char *key, const struct cache *cache, const struct scope *scope,
	       const char *workspace, pipe_error *err);

#endif
