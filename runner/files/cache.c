/*
 * <state>/cache/<readable part of the key>-<hash of the key>.tar.zst.  The hash alone tells keys apart; the readable part is for whoever
 * looks into the directory.  A cache that is used is touched, so that the time of the file says when it was last of use.
 */
#include "runner/files/cache.h"

#include "base/error.h"
#include "runner/files/archive.h"
#include "runner/files/beneath.h"
#include "runner/files/digest.h"
#include "runner/git/git.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { READABLE = 40, KEY_HASH = 40 };
static const char default_key[] = "default";

/* ---- keys ---- */

struct hasher {
	struct digest *digest;
	struct arena *a;
	const char *workspace;
	int root;
	unsigned files;
	int rc;
	pipe_error *err;
};

/* Path and length go in with the content, so that moving bytes between two files changes the key. */
static int hash_file(void *context, const char *path)
{
	struct hasher *h = context;
	char buffer[16384], head[64];
	int fd = beneath_open_follow(h->root, path, O_RDONLY | O_NONBLOCK);
	struct stat st;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) || !S_ISREG(st.st_mode)) {
		if (fd >= 0)
			close(fd);
		return 0;
	}
	digest_add(h->digest, path, strlen(path) + 1);
	n = snprintf(head, sizeof(head), "%lld", (long long)st.st_size);
	digest_add(h->digest, head, (size_t)n + 1);
	while ((n = read(fd, buffer, sizeof(buffer))) > 0 || (n < 0 && errno == EINTR))
		if (n > 0)
			digest_add(h->digest, buffer, (size_t)n);
	if (n < 0)
		h->rc = error_errno(h->err, PIPE_EIO, errno, "%s", path);
	h->files++;
	close(fd);
	return h->rc;
}

/* The commit that changed it last counts, not what is in it now. */
static int hash_commit(void *context, const char *path)
{
	struct hasher *h = context;
	char sha[41];

	h->rc = git_last_commit(h->workspace, path, sha, h->err);
	if (h->rc == PIPE_OK && *sha) {
		digest_add(h->digest, sha, sizeof(sha));
		h->files++;
	}
	return h->rc;
}

/* Paths as they are (a directory has a last commit as well); patterns stand for the files that match. */
static int hash_commits(struct hasher *h, const char *const *patterns)
{
	int rc = PIPE_OK;

	for (; rc == PIPE_OK && *patterns; patterns++) {
		const char *const one[] = { *patterns, NULL };
		struct archive_select select = { .paths = one };
		const char *path = path_clean(*patterns, h->a, NULL);
		if (!path)
			continue; /* it has a "..", and nothing outside counts */
		if (strpbrk(path, "*?[{"))
			rc = archive_find(h->workspace, &select, hash_commit, h, h->err);
		else
			rc = hash_commit(h, path);
	}
	return rc;
}

static int hash_contents(struct hasher *h, const char *const *patterns)
{
	struct archive_select select = { .paths = patterns };

	return archive_find(h->workspace, &select, hash_file, h, h->err);
}

static int hash_files(const struct cache *cache, const char *const *patterns, const char *workspace, struct arena *a,
		      const char **text, pipe_error *err)
{
	struct hasher h = { .a = a, .err = err, .workspace = workspace };
	char hex[DIGEST_TEXT];
	int rc = root_open(workspace, &h.root, err);

	*text = NULL;
	if (rc)
		return rc;
	rc = digest_create(&h.digest, "sha256", err);
	if (rc == PIPE_OK)
		rc = (cache->key_files_commits ? hash_commits : hash_contents)(&h, patterns);
	if (rc == PIPE_OK)
		rc = h.rc;
	if (rc == PIPE_OK && h.files) {
		rc = digest_hex(h.digest, hex, err);
		if (rc == PIPE_OK && !(*text = arena_strndup(a, hex, KEY_HASH)))
			rc = error_nomem(err);
	}
	digest_free(h.digest);
	close(h.root);
	return rc;
}

/* NULL-terminated and expanded; NULL: no memory. */
static const char **expand_list(const text_list *list, const struct scope *scope, struct arena *a)
{
	const char **out = ARENA_ARRAY(a, const char *, (size_t)list->count + 1);
	bool failed = false;

	for (uint32_t i = 0; out && i < list->count; i++)
		if (!(out[i] = scope_expand(scope, list->items[i], a, &failed)))
			return NULL;
	return failed ? NULL : out;
}

static int key_of_files(const struct cache *cache, const struct scope *scope, const char *workspace, struct arena *a,
			const char **key, pipe_error *err)
{
	const char *const *files = expand_list(&cache->key_files, scope, a);
	const char *prefix = NULL, *hash;
	bool failed = false;
	int rc;

	if (!files)
		return error_nomem(err);
	if (cache->key_prefix) {
		prefix = scope_expand(scope, cache->key_prefix, a, &failed);
		if (!prefix || failed)
			return error_nomem(err);
	}
	rc = hash_files(cache, files, workspace, a, &hash, err);
	if (rc)
		return rc;
	if (!hash)
		hash = default_key;
	*key = prefix && *prefix ? arena_printf(a, "%s-%s", prefix, hash) : hash;
	return *key ? PIPE_OK : error_nomem(err);
}

int cache_key(const struct cache *cache, const struct scope *scope, const char *workspace, struct arena *a, const char **key,
	      pipe_error *err)
{
	bool failed = false;

	*key = default_key;
	if (cache->key_files.count)
		return key_of_files(cache, scope, workspace, a, key, err);
	if (!cache->key)
		return PIPE_OK;
	*key = scope_expand(scope, cache->key, a, &failed);
	if (!*key || failed)
		return error_nomem(err);
	if (!**key)
		*key = default_key;
	return PIPE_OK;
}

/* ---- files ---- */

static void readable_part(const char *key, char *out)
{
	size_t n = 0;

	for (; *key && n < READABLE; key++, n++)
		out[n] = (*key >= 'a' && *key <= 'z') || (*key >= 'A' && *key <= 'Z') || (*key >= '0' && *key <= '9') ? *key
														      : '_';
	out[n] = '\0';
}

static int file_of(const char *state_directory, const char *key, struct arena *a, const char **path, pipe_error *err)
{
	char hex[DIGEST_TEXT], readable[READABLE + 1];
	struct digest *d;
	int rc = digest_create(&d, "sha256", err);

	if (rc)
		return rc;
	digest_add(d, key, strlen(key));
	rc = digest_hex(d, hex, err);
	digest_free(d);
	if (rc)
		return rc;
	readable_part(key, readable);
	*path = arena_printf(a, "%s/cache/%s-%.32s.tar.zst", state_directory, readable, hex);
	return *path ? PIPE_OK : error_nomem(err);
}

static int restore_one(const char *state_directory, const char *key, const char *workspace, bool *hit, pipe_error *err)
{
	struct arena a = ARENA_INIT;
	const char *path;
	int rc = file_of(state_directory, key, &a, &path, err);

	*hit = false;
	if (rc == PIPE_OK && access(path, F_OK) == 0) {
		rc = archive_extract(path, workspace, 0, NULL, err);
		if (rc == PIPE_OK) {
			(void)utimensat(AT_FDCWD, path, NULL, 0); /* on a read-only store it only ages faster */
			*hit = true;
		} else if (rc == PIPE_ENOTFOUND) {
			rc = PIPE_OK; /* collected meanwhile */
		}
	}
	arena_clear(&a);
	return rc;
}

int cache_restore(const char *state_directory, const char *key, const char *const *fallback_keys, const char *workspace,
		  const char **hit, pipe_error *err)
{
	bool found;
	int rc = restore_one(state_directory, key, workspace, &found, err);

	*hit = found ? key : NULL;
	for (; rc == PIPE_OK && !*hit && fallback_keys && *fallback_keys; fallback_keys++) {
		rc = restore_one(state_directory, *fallback_keys, workspace, &found, err);
		if (found)
			*hit = *fallback_keys;
	}
	return rc;
}

static int make_directory(const char *state_directory, struct arena *a, pipe_error *err)
{
	const char *directory = arena_printf(a, "%s/cache", state_directory);

	if (!directory)
		return error_nomem(err);
	if ((mkdir(state_directory, 0777) && errno != EEXIST) || (mkdir(directory, 0777) && errno != EEXIST))
		return error_errno(err, error_code_of(errno), errno, "%s", directory);
	return PIPE_OK;
}

static int untracked_files(const char *workspace, struct arena *a, const char *const **out, pipe_error *err)
{
	git_paths list = { 0 };
	int rc = git_files(workspace, false, true, true, &list, a, err);

	if (rc == PIPE_OK && !vec_push(a, &list))
		rc = error_nomem(err);
	*out = list.items;
	return rc;
}

int cache_save(const char *state_directory, const char *key, const struct cache *cache, const struct scope *scope,
	       const char *workspace, pipe_error *err)
{
	struct arena a = ARENA_INIT;
	struct archive_select select = { .paths = expand_list(&cache->paths, scope, &a), .untracked = cache->untracked };
	struct archive_stats stats;
	const char *path;
	int rc = select.paths ? PIPE_OK : error_nomem(err);

	if (rc == PIPE_OK && cache->untracked)
		rc = untracked_files(workspace, &a, &select.untracked_files, err);
	if (rc == PIPE_OK)
		rc = make_directory(state_directory, &a, err);
	if (rc == PIPE_OK)
		rc = file_of(state_directory, key, &a, &path, err);
	if (rc == PIPE_OK)
		rc = archive_write(path, workspace, &select, &stats, NULL, err);
	arena_clear(&a);
	return rc;
}
