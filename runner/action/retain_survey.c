/* Manifests are got once each, by digest; parts of indexes are got where it matters what is in them. */
#include "runner/action/retain_survey.h"

#include "base/error.h"
#include "runner/files/beneath.h"
#include "stages/scanner/advisory/text.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { DEPTH_MAX = 4, CONFIG_MAX = 4 << 20 };

struct survey_manifest *survey_find(const struct survey *s, const char *digest)
{
	return map_get(&s->manifests, digest, strlen(digest));
}

/* What is known by its digest only, until its manifest is got. */
static struct survey_manifest *make(struct survey *s, const char *digest)
{
	struct survey_manifest *m = survey_find(s, digest);

	if (m)
		return m;
	m = ARENA_NEW(s->arena, struct survey_manifest);
	if (!m || !(m->digest = arena_strdup(s->arena, digest)))
		return NULL;
	m->view.config.digest = m->view.subject = m->view.created = "";
	return map_put(&s->manifests, s->arena, m->digest, strlen(m->digest), m) ? m : NULL;
}

/* PIPE_ENOTFOUND: it is not there. */
static int get(struct survey *s, const char *tag_or_digest, struct survey_manifest **out, pipe_error *err)
{
	struct registry_manifest got;
	struct survey_manifest *m = NULL;
	int rc = registry_get_manifest(s->registry, s->repository, tag_or_digest, &got, err);

	if (rc == PIPE_OK && !(m = make(s, got.digest)))
		rc = error_nomem(err);
	if (rc == PIPE_OK)
		rc = manifest_view(&got, s->arena, &m->view, err);
	registry_manifest_clear(&got);
	*out = m;
	return rc;
}

/* ---- tags ---- */

/* "sha256-<64 digits>", with or without an ending: how signatures, attestations and lists of referrers are tagged. */
static const char *companion_of(struct survey *s, const char *tag)
{
	static const char begin[] = "sha256-";
	const char *hex = tag + sizeof(begin) - 1, *digest;

	if (strncmp(tag, begin, sizeof(begin) - 1) != 0 || strspn(hex, "0123456789abcdef") != 64 || (hex[64] && hex[64] != '.'))
		return "";
	digest = arena_printf(s->arena, "sha256:%.64s", hex);
	return digest;
}

static int on_tag(void *payload, const char *name)
{
	struct survey *s = payload;
	struct survey_tag *tag = vec_push(s->arena, &s->tags);

	if (!tag)
		return PIPE_ENOMEM;
	tag->name = arena_strdup(s->arena, name);
	tag->companion_of = companion_of(s, name);
	if (!tag->name || !tag->companion_of)
		return PIPE_ENOMEM;
	if (!*tag->companion_of)
		tag->companion_of = NULL;
	return PIPE_OK;
}

int survey_take(struct survey *s, pipe_error *err)
{
	int rc = registry_tags(s->registry, s->repository, on_tag, s, err);

	if (rc == PIPE_ENOMEM)
		return error_nomem(err);
	for (uint32_t i = 0; rc == PIPE_OK && i < s->tags.count; i++) {
		rc = get(s, s->tags.items[i].name, &s->tags.items[i].manifest, err);
		if (rc == PIPE_ENOTFOUND) {
			s->tags.items[i].manifest = NULL;
			rc = PIPE_OK;
		}
	}
	return rc;
}

/* ---- time ---- */

/* Go's programs write the year 1 where they mean that they do not know. */
static bool read_time(const char *text, int64_t *ms)
{
	return *text && strncmp(text, "0001-", 5) != 0 && advisory_time(text, ms);
}

static int get_config(struct survey *s, const char *digest, json_t **out, pipe_error *err)
{
	int fd = memfd_create("config", MFD_CLOEXEC), rc;
	const char *text;
	size_t length;

	*out = NULL;
	if (fd < 0)
		return error_errno(err, PIPE_EIO, errno, "cannot hold a config");
	rc = registry_get_blob(s->registry, s->repository, digest, CONFIG_MAX, fd, err);
	if (rc == PIPE_OK && lseek(fd, 0, SEEK_SET) < 0)
		rc = error_errno(err, PIPE_EIO, errno, "cannot read a config");
	if (rc == PIPE_OK)
		rc = fd_read_all(fd, "the config", CONFIG_MAX, s->arena, &text, &length, err);
	close(fd);
	if (rc == PIPE_OK)
		*out = json_loadb(text, length, 0, NULL);
	return rc == PIPE_ENOTFOUND ? PIPE_OK : rc; /* then it does not say */
}

static int date_image(struct survey *s, struct survey_manifest *m, pipe_error *err)
{
	const char *created;
	json_t *config;
	int rc;

	if (m->view.config.bytes > CONFIG_MAX || !*m->view.config.digest)
		return PIPE_OK;
	rc = get_config(s, m->view.config.digest, &config, err);
	if (rc)
		return rc;
	created = json_string_value(json_object_get(config, "created"));
	m->dated = created && read_time(created, &m->created_ms);
	json_decref(config);
	return PIPE_OK;
}

static int date(struct survey *s, struct survey_manifest *m, unsigned depth, pipe_error *err);

static int date_index(struct survey *s, struct survey_manifest *m, unsigned depth, pipe_error *err)
{
	int rc = PIPE_OK;

	if (depth >= DEPTH_MAX)
		return error_set(err, PIPE_ELIMIT, "an index has indexes in it, more than %d deep", DEPTH_MAX);
	for (uint32_t i = 0; rc == PIPE_OK && i < m->view.parts.count; i++) {
		struct survey_manifest *part;
		if (m->view.parts.items[i].attestation)
			continue;
		rc = get(s, m->view.parts.items[i].digest, &part, err);
		if (rc == PIPE_ENOTFOUND) { /* not every platform's need be there */
			rc = PIPE_OK;
			continue;
		}
		if (rc == PIPE_OK)
			rc = date(s, part, depth + 1, err);
		if (rc == PIPE_OK && part->dated && (!m->dated || part->created_ms > m->created_ms)) {
			m->created_ms = part->created_ms;
			m->dated = true;
		}
	}
	return rc;
}

static int date(struct survey *s, struct survey_manifest *m, unsigned depth, pipe_error *err)
{
	int rc = m->dated ? PIPE_OK : m->view.index ? date_index(s, m, depth, err) : date_image(s, m, err);

	if (rc == PIPE_OK && !m->dated)
		m->dated = read_time(m->view.created, &m->created_ms);
	return rc;
}

int survey_date(struct survey *s, struct survey_manifest *m, pipe_error *err)
{
	return date(s, m, 0, err);
}

/* ---- who needs what ---- */

static int need(struct survey *s, struct survey_manifest *m, const char *tag, unsigned depth, pipe_error *err);

static int need_digest(struct survey *s, const struct manifest_blob *part, const char *tag, unsigned depth, pipe_error *err)
{
	struct survey_manifest *m = survey_find(s, part->digest);
	int rc = PIPE_OK;

	if (!m && part->index) {
		rc = get(s, part->digest, &m, err);
		if (rc == PIPE_ENOTFOUND)
			return PIPE_OK;
	} else if (!m && !(m = make(s, part->digest))) {
		rc = error_nomem(err);
	}
	return rc ? rc : need(s, m, tag, depth + 1, err);
}

static int need(struct survey *s, struct survey_manifest *m, const char *tag, unsigned depth, pipe_error *err)
{
	const struct manifest_blob subject = { .digest = m->view.subject };
	int rc = PIPE_OK;

	if (m->needed_by)
		return PIPE_OK;
	if (depth >= DEPTH_MAX)
		return error_set(err, PIPE_ELIMIT, "what \"%s\" needs leads from one manifest to the next, more than %d deep",
				 tag, DEPTH_MAX);
	m->needed_by = tag;
	for (uint32_t i = 0; rc == PIPE_OK && i < m->view.parts.count; i++)
		rc = need_digest(s, &m->view.parts.items[i], tag, depth, err);
	if (rc == PIPE_OK && oci_digest_valid(subject.digest))
		rc = need_digest(s, &subject, tag, depth, err);
	return rc;
}

int survey_need(struct survey *s, struct survey_manifest *m, const char *tag, pipe_error *err)
{
	return need(s, m, tag, 0, err);
}
