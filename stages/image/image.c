/*
 * uses: image - builds an image with the builder that is there and works, and pushes it under its tags once it is whole.
 *
 * The job goes in rounds, each made when the one before is known to be good (react):
 *   look     the context is searched for secrets; the first builder is asked whether it works, and after a no the next one
 *   build    into the builder's own store, under an id
 *   push     as an archive, and under one tag after the other: those that stay before those that move
 *   record   digest and size as the registry has them, the bill of what is in it, old tags removed
 * A push that ended in the middle is taken up by the next: what the registry has is not sent again.
 */
#include "stages/image/builder.h"

#include "base/error.h"
#include "stages/parameter.h"
#include "stages/types.h"

#include <string.h>

/* ---- compile ---- */

static bool is_there(const struct image_work *i, const struct image_builder *b)
{
	for (size_t k = 0; k < sizeof(b->programs) / sizeof(*b->programs) && b->programs[k]; k++)
		if (i->job->world->tool(i->job->world->payload, i->job->arena, b->programs[k]))
			return true;
	return false;
}

static int add_candidate(struct image_work *i, const struct image_builder *b, pipe_error *err)
{
	const struct image_builder **slot = (const struct image_builder **)vec_push(i->job->arena, &i->candidates);

	if (!slot)
		return error_nomem(err);
	*slot = b;
	return PIPE_OK;
}

static int name_builder(struct image_work *i, const char *name, pipe_error *err)
{
	const struct image_builder *first = NULL;
	const struct node *at = parameter_node(i->job, "builder");
	const char *why = NULL, *no;
	int rc = PIPE_OK;

	for (size_t k = 0; rc == PIPE_OK && image_builders[k]; k++) {
		const struct image_builder *b = image_builders[k];
		if (strcmp(b->name, name) != 0)
			continue;
		first = first ? first : b;
		no = image_builder_refuses(b, i);
		if (!no)
			rc = add_candidate(i, b, err);
		else
			why = why ? why : arena_printf(i->job->arena, "%s%s %s", name, b->how, no);
	}
	if (rc)
		return rc;
	if (!i->candidates.count)
		return parameter_wrong(i->job, at, err, "%s", why ? why : "there is no such builder");
	i->left_out = why;
	i->probing = first->how[0] != '\0';
	return is_there(i, first) || stage_tool(i->job, first->programs[0], first->package) ? PIPE_OK : error_nomem(err);
}

/* All that are there and can; without one, what is missing is the first. */
static int find_builders(struct image_work *i, pipe_error *err)
{
	const struct image_builder *refused = NULL;
	int rc = PIPE_OK;

	i->probing = true;
	for (size_t k = 0; rc == PIPE_OK && image_builders[k]; k++) {
		const struct image_builder *b = image_builders[k];
		if (!is_there(i, b))
			continue;
		if (!image_builder_refuses(b, i))
			rc = add_candidate(i, b, err);
		else
			refused = refused ? refused : b;
	}
	if (rc || i->candidates.count)
		return rc;
	if (refused)
		return parameter_wrong(i->job, i->job->with, err, "none of the builders here can do it: %s%s %s", refused->name,
				       refused->how, image_builder_refuses(refused, i));
	if (!stage_tool(i->job, image_builders[0]->programs[0], image_builders[0]->package))
		return error_nomem(err);
	return add_candidate(i, image_builders[0], err);
}

static int choose_builder(struct image_work *i, pipe_error *err)
{
	const char *name = "auto";
	int rc = parameter_text(i->job, "builder", &name, err);

	if (rc)
		return rc;
	return strcmp(name, "auto") != 0 ? name_builder(i, name, err) : find_builders(i, err);
}

/* trivy, else syft; without either the job cannot begin. */
static int choose_sbom_tool(struct image_work *i, pipe_error *err)
{
	static const char *const tools[] = { "trivy", "syft" };

	if (!i->set.sbom)
		return PIPE_OK;
	for (size_t k = 0; k < sizeof(tools) / sizeof(*tools) && !i->sbom_tool; k++)
		if (i->job->world->tool(i->job->world->payload, i->job->arena, tools[k]))
			i->sbom_tool = tools[k];
	if (i->sbom_tool)
		return PIPE_OK;
	i->sbom_tool = tools[0];
	return stage_tool(i->job, tools[0], "a release of Trivy, or of Syft, on the PATH: `sbom` is written by one of them")
		       ? PIPE_OK
		       : error_nomem(err);
}

static int keep_archive(struct image_work *i, pipe_error *err)
{
	const char **slot;

	if (!i->set.archive)
		return PIPE_OK;
	slot = vec_push(i->job->arena, &i->job->outputs);
	if (!slot)
		return error_nomem(err);
	*slot = i->set.archive;
	return PIPE_OK;
}

static int compile(struct stage_job *job, pipe_error *err)
{
	struct image_work *i = ARENA_NEW(job->arena, struct image_work);
	int rc;

	if (!i)
		return error_nomem(err);
	job->own = i;
	i->job = job;
	i->scan_step = i->probe_step = i->build_step = i->layout_step = i->archive_first = i->resolve_step = i->sbom_step =
		UINT32_MAX;
	rc = image_settings_read(i, err);
	if (rc == PIPE_OK)
		rc = choose_builder(i, err);
	if (rc == PIPE_OK)
		rc = choose_sbom_tool(i, err);
	if (rc == PIPE_OK)
		rc = keep_archive(i, err);
	if (rc == PIPE_OK)
		rc = image_scan_step(i, err);
	return rc ? rc : image_probe(i, err);
}

/* ---- react ---- */

static bool went_well(const struct image_work *i, uint32_t from)
{
	for (uint32_t k = from; k < i->job->steps.count; k++) {
		const struct step *s = &i->job->steps.items[k];
		if (!s->may_fail && (s->state != STEP_DONE || s->end != STEP_OK))
			return false;
	}
	return true;
}

static bool is_forbidden(const struct image_work *i)
{
	for (uint32_t k = 0; k < i->findings.count; k++)
		if (i->findings.items[k].level == LEVEL_FAIL)
			return true;
	return i->failure != NULL;
}

/* Once: what was found, before anything is built. */
static int look(struct image_work *i, pipe_error *err)
{
	int rc = image_scan_read(i, err);

	for (uint32_t k = 0; k < i->tagging.notes.count; k++)
		stage_say(i->job, "%s", i->tagging.notes.items[k]);
	if (rc == PIPE_OK)
		rc = image_check_all(i, err);
	if (rc == PIPE_OK)
		image_say_findings(i);
	return rc;
}

/* "buildah, docker with buildx" */
static int none_works(struct image_work *i, pipe_error *err)
{
	const char *list = "";

	for (uint32_t k = 0; list && k < i->candidates.count; k++)
		list = arena_printf(i->job->arena, "%s%s%s%s", list, k ? ", " : "", i->candidates.items[k]->name,
				    i->candidates.items[k]->how);
	if (list)
		i->failure = arena_printf(i->job->arena, "no builder works here; asked were: %s; the log has what each said%s%s",
					  list, i->left_out ? "; " : "", i->left_out ? i->left_out : "");
	i->phase = PHASE_OVER;
	return i->failure ? PIPE_OK : error_nomem(err);
}

static int after_look(struct image_work *i, pipe_error *err)
{
	bool first = i->job->round == 0;
	int rc;

	if (!went_well(i, i->job->steps_before)) {
		i->phase = PHASE_OVER;
		return PIPE_OK;
	}
	rc = first ? look(i, err) : PIPE_OK;
	if (rc == PIPE_OK && is_forbidden(i)) {
		i->phase = PHASE_OVER;
		return PIPE_OK;
	}
	if (rc == PIPE_OK && i->probing && i->job->steps.items[i->probe_step].end != STEP_OK) {
		if (++i->chosen == i->candidates.count) {
			i->chosen--;
			return none_works(i, err);
		}
		return image_probe(i, err);
	}
	i->phase = PHASE_BUILD;
	return rc ? rc : image_build(i, err);
}

static int after_push(struct image_work *i, pipe_error *err)
{
	i->phase = PHASE_RECORD;
	return image_record(i, err);
}

static int react(struct stage_job *job, pipe_error *err)
{
	struct image_work *i = job->own;
	uint32_t before = job->steps.count;
	int rc;

	if (i->phase == PHASE_LOOK)
		return after_look(i, err);
	if (i->phase == PHASE_OVER || i->phase == PHASE_RECORD)
		return PIPE_OK;
	if (!went_well(i, job->steps_before)) {
		i->phase = PHASE_OVER;
		return PIPE_OK;
	}
	if (i->phase == PHASE_PUSH)
		return after_push(i, err);
	i->phase = PHASE_PUSH;
	rc = image_push(i, err);
	/* Nothing to push and nothing to write: then that round is over before it begins. */
	return rc || job->steps.count > before ? rc : after_push(i, err);
}

const struct stage_type stage_image = {
	.uses = { .name = "image",
		  .help = "builds an image with the builder that is there, and pushes it under its tags",
		  .parameters = image_parameters,
		  .example = "container:\n"
			     "  uses: image\n"
			     "  with:\n"
			     "    name: registry.example.com/shop\n"
			     "    tags: [semver, sha]\n"
			     "    push: true\n"
			     "    source_date_epoch: commit\n",
		  .since = "0.1",
		  .check = image_check_parameters },
	.compile = compile,
	.react = react,
	.evaluate = image_evaluate,
};
