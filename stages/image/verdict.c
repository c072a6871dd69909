/* What became of an image: evidence, what is handed on, the verdict. */
#include "stages/image/builder.h"

#include "base/error.h"

#include <stdlib.h>
#include <string.h>

static const struct step *step_at(const struct image_work *i, uint32_t index)
{
	return index < i->job->steps.count ? &i->job->steps.items[index] : NULL;
}

static bool is_done(const struct step *s)
{
	return s && s->state == STEP_DONE && s->end == STEP_OK;
}

static bool has_failed(const struct step *s)
{
	return s && s->state == STEP_DONE && s->end != STEP_OK;
}

static int fail(struct image_work *i, const char *reason, pipe_error *err)
{
	if (!reason)
		return error_nomem(err);
	i->job->verdict = VERDICT_FAIL;
	i->job->reason = reason;
	return PIPE_OK;
}

/* "exit code 125", or the runner's own words. */
static const char *end_of(const struct image_work *i, const struct step *s)
{
	return s->reason ? s->reason : arena_printf(i->job->arena, "exit code %d", s->exit_code);
}

/* ---- evidence ---- */

static int keep_findings(struct image_work *i, pipe_error *err)
{
	const struct evidence_sink *sink = i->job->sink;
	unsigned gives = GIVES_MISCONFIGURATIONS | (is_done(step_at(i, i->scan_step)) ? GIVES_SECRETS : 0u);
	int rc;

	if (!sink || !sink->finding || i->phase == PHASE_LOOK)
		return PIPE_OK;
	rc = sink_scope(sink, gives, err);
	for (uint32_t k = 0; rc == PIPE_OK && k < i->findings.count; k++)
		rc = sink_finding(sink, &i->findings.items[k].finding, err);
	return rc;
}

/* "sha256:... BYTES MEDIA_TYPE" */
static void take_answer(struct image_work *i)
{
	const struct step *s = step_at(i, i->resolve_step);
	const char *answer = is_done(s) && s->answer ? s->answer : "";
	size_t n = strcspn(answer, " ");

	if (strncmp(answer, "sha256:", 7) != 0)
		return;
	if (!i->digest)
		i->digest = arena_strndup(i->job->arena, answer, n);
	if (!i->bytes)
		i->bytes = strtoull(answer + n, NULL, 10);
}

static const char *first_name(const struct image_work *i)
{
	return i->tagging.tags.count ? i->tagging.tags.items[0].reference : i->set.archive;
}

static int keep_image(struct image_work *i, pipe_error *err)
{
	const struct evidence_sink *sink = i->job->sink;
	struct evidence_image image = { .name = first_name(i), .digest = i->digest, .bytes = i->bytes };

	return i->digest && sink ? sink_image(sink, &image, err) : PIPE_OK;
}

static int export_as(struct image_work *i, const char *name, const char *value, pipe_error *err)
{
	const char **slot = vec_push(i->job->arena, &i->job->exports);

	if (slot)
		*slot = arena_printf(i->job->arena, "%s=%s", name, value);
	return slot && *slot ? PIPE_OK : error_nomem(err);
}

static int hand_on(struct image_work *i, pipe_error *err)
{
	const struct image_tag *first = i->tagging.tags.count ? i->tagging.tags.items : NULL;
	const char *name = first ? first->reference : NULL;
	int rc = PIPE_OK;

	if (first && i->digest && i->set.push)
		name = arena_printf(i->job->arena, "%s@%s", first->repository, i->digest);
	if (first && !name)
		return error_nomem(err);
	if (i->digest)
		rc = export_as(i, "IMAGE_DIGEST", i->digest, err);
	if (rc == PIPE_OK && name)
		rc = export_as(i, "IMAGE", name, err);
	if (rc == PIPE_OK && first)
		rc = export_as(i, "IMAGE_NAME", first->repository, err);
	if (rc == PIPE_OK && first)
		rc = export_as(i, "IMAGE_TAG", first->tag, err);
	return rc || !i->set.archive ? rc : export_as(i, "IMAGE_ARCHIVE", i->set.archive, err);
}

/* ---- the verdict ---- */

static const char *place_of(const struct image_work *i, const struct evidence_finding *f)
{
	if (!*f->path)
		return arena_strdup(i->job->arena, f->message);
	return f->line ? arena_printf(i->job->arena, "%s:%u: %s", f->path, f->line, f->message)
		       : arena_printf(i->job->arena, "%s: %s", f->path, f->message);
}

/* The first finding that stands for it, and how many there are. */
static const char *worst_finding(const struct image_work *i, enum image_level level)
{
	const struct image_finding *first = NULL;
	unsigned more = 0;
	const char *words;

	for (uint32_t k = 0; k < i->findings.count; k++) {
		if (i->findings.items[k].level != level)
			continue;
		more += first != NULL;
		first = first ? first : &i->findings.items[k];
	}
	words = first ? place_of(i, &first->finding) : NULL;
	return words && more ? arena_printf(i->job->arena, "%s (and %u more)", words, more) : words;
}

static bool any_finding(const struct image_work *i, enum image_level level)
{
	for (uint32_t k = 0; k < i->findings.count; k++)
		if (i->findings.items[k].level == level)
			return true;
	return false;
}

/* Which tags are in the registry, and which is not: "registry/shop:1.2, registry/shop:1". */
static const char *pushed_tags(const struct image_work *i, const char **failed, const struct step **step)
{
	const char *there = NULL;

	*failed = NULL;
	for (uint32_t k = 0; k < i->push_count; k++) {
		const struct step *s = step_at(i, i->push_first + k);
		const char *name = i->tagging.tags.items[k].reference;

		if (is_done(s))
			there = there ? arena_printf(i->job->arena, "%s, %s", there, name) : name;
		else if (has_failed(s) && !*failed) {
			*failed = name;
			*step = s;
		}
	}
	return there;
}

static int judge_push(struct image_work *i, pipe_error *err)
{
	const struct step *step = NULL;
	const char *failed, *there = pushed_tags(i, &failed, &step), *end;

	if (!failed)
		return PIPE_OK;
	end = end_of(i, step);
	if (!end)
		return error_nomem(err);
	return fail(i,
		    arena_printf(i->job->arena, "the push of %s failed: %s; %s%s", failed, end,
				 there ? "in the registry are the whole image and the tags " : "none of its tags was set",
				 there ? there : ""),
		    err);
}

static int judge_build(struct image_work *i, pipe_error *err)
{
	const struct step *build = step_at(i, i->build_step);
	const struct image_builder *b = image_builder(i);
	const char *end = has_failed(build) ? end_of(i, build) : NULL;

	if (!has_failed(build))
		return PIPE_OK;
	if (!end)
		return error_nomem(err);
	if (i->set.push && b->can & PUSHES_WHOLE)
		return fail(
			i,
			arena_printf(
				i->job->arena,
				"%s could not build and push the image: %s; which of its tags are in the registry is not known",
				b->name, end),
			err);
	return fail(i,
		    arena_printf(i->job->arena, "%s could not build the image from %s: %s; its last lines name the step%s",
				 b->name, i->set.dockerfile, end, i->set.push ? ", and nothing was pushed" : ""),
		    err);
}

static int judge_layout(struct image_work *i, pipe_error *err)
{
	const struct step *s = step_at(i, i->layout_step);
	const char *end = has_failed(s) ? end_of(i, s) : NULL;

	if (!has_failed(s))
		return PIPE_OK;
	if (!end)
		return error_nomem(err);
	return fail(
		i,
		arena_printf(i->job->arena,
			     "%s built the image, and it could not be written as an OCI layout: %s; the lines above say why%s",
			     image_builder(i)->name, end, i->set.push ? ", and nothing was pushed" : ""),
		err);
}

static int judge_archive(struct image_work *i, pipe_error *err)
{
	for (uint32_t k = i->archive_first; k < i->push_first && k < i->job->steps.count; k++) {
		const struct step *s = step_at(i, k);
		const char *end = has_failed(s) && !s->may_fail ? end_of(i, s) : "";

		if (!end)
			return error_nomem(err);
		if (*end)
			return fail(i,
				    arena_printf(i->job->arena,
						 "%s built the image, and %s could not be written: %s; the lines above say why%s",
						 image_builder(i)->name, i->set.archive, end,
						 i->set.push ? ", and nothing was pushed" : ""),
				    err);
	}
	return PIPE_OK;
}

static int judge_look(struct image_work *i, pipe_error *err)
{
	const struct step *scan = step_at(i, i->scan_step);
	const char *end;

	if (i->failure)
		return fail(i, i->failure, err);
	if (has_failed(scan)) {
		end = end_of(i, scan);
		return fail(i, end ? arena_printf(i->job->arena, "the context could not be searched for secrets: %s", end) : NULL,
			    err);
	}
	if (any_finding(i, LEVEL_FAIL)) {
		end = worst_finding(i, LEVEL_FAIL);
		return fail(i, end ? arena_printf(i->job->arena, "nothing is built: %s", end) : NULL, err);
	}
	return PIPE_OK;
}

static int judge_rest(struct image_work *i, pipe_error *err)
{
	const struct step *resolve = step_at(i, i->resolve_step), *sbom = step_at(i, i->sbom_step);
	const struct step *s = has_failed(resolve) ? resolve : has_failed(sbom) ? sbom : NULL;
	const char *end = s ? end_of(i, s) : NULL;

	if (!s) {
		stage_judge_steps(i->job);
		return PIPE_OK;
	}
	if (!end)
		return error_nomem(err);
	return fail(i,
		    arena_printf(i->job->arena,
				 s == resolve ? "the image was pushed, and then not found in the registry: %s"
					      : "the image is there, and the list of what is in it could not be made: %s",
				 end),
		    err);
}

/* What is worth a warning. */
static int weigh(struct image_work *i, pipe_error *err)
{
	const char *words = worst_finding(i, LEVEL_WARN);

	for (uint32_t k = i->retain_from; k < i->retain_to && !words; k++) {
		const struct step *s = step_at(i, k);
		const char *end = has_failed(s) ? end_of(i, s) : NULL;
		if (end)
			words = arena_printf(i->job->arena, "the image is pushed, and old tags could not be removed: %s", end);
	}
	if (!words)
		return any_finding(i, LEVEL_WARN) ? error_nomem(err) : PIPE_OK;
	i->job->verdict = VERDICT_WARN;
	i->job->reason = words;
	return PIPE_OK;
}

void image_say_findings(struct image_work *i)
{
	static const char *const words[] = { [LEVEL_ALLOW] = "note", [LEVEL_WARN] = "warning", [LEVEL_FAIL] = "error" };

	for (uint32_t k = 0; k < i->findings.count; k++) {
		const char *place = place_of(i, &i->findings.items[k].finding);
		stage_say(i->job, "%s: %s", words[i->findings.items[k].level], place ? place : "");
	}
}

int image_evaluate(struct stage_job *job, pipe_error *err)
{
	struct image_work *i = job->own;
	int (*const judges[])(struct image_work *, pipe_error *) = { judge_look,    judge_build, judge_layout,
								     judge_archive, judge_push,	 judge_rest };
	int rc = keep_findings(i, err);

	take_answer(i);
	for (size_t k = 0; rc == PIPE_OK && job->verdict == VERDICT_PASS && k < sizeof(judges) / sizeof(*judges); k++)
		rc = judges[k](i, err);
	if (rc || job->verdict != VERDICT_PASS)
		return rc;
	rc = keep_image(i, err);
	if (rc == PIPE_OK)
		rc = hand_on(i, err);
	return rc ? rc : weigh(i, err);
}
