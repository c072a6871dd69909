#include "runner/scan/trivy_report.h"

#include "base/error.h"

#include <jansson.h>
#include <string.h>

struct reader {
	struct scan_report *report;
	struct arena *a;
	bool failed; /* no memory */
};

/* A text member in the arena; "" : there is none. */
static const char *text_of(struct reader *r, const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	const char *copy = json_is_string(value) ? arena_strndup(r->a, json_string_value(value), json_string_length(value)) : "";

	r->failed |= !copy;
	return copy ? copy : "";
}

static uint32_t number_of(const json_t *object, const char *name)
{
	json_int_t n = json_integer_value(json_object_get(object, name));

	return n > 0 && n < UINT32_MAX ? (uint32_t)n : 0;
}

static const char *const *texts_of(struct reader *r, const json_t *list)
{
	size_t count = json_array_size(list);
	const char **out = count ? ARENA_ARRAY(r->a, const char *, count + 1) : NULL;

	r->failed |= count && !out;
	for (size_t i = 0; out && i < count; i++) {
		const char *text = json_string_value(json_array_get(list, i));
		out[i] = arena_strdup(r->a, text ? text : "");
		r->failed |= !out[i];
	}
	return r->failed ? NULL : out;
}

static uint8_t severity_of(const json_t *object)
{
	const char *text = json_string_value(json_object_get(object, "Severity"));
	enum severity severity = SEVERITY_UNKNOWN;

	if (text && !severity_from(text, &severity))
		severity = SEVERITY_UNKNOWN;
	return (uint8_t)severity;
}

/* ---- findings ---- */

static void common(struct reader *r, const json_t *v, const char *id, struct scan_finding *f)
{
	f->id = text_of(r, v, id);
	f->severity = severity_of(v);
	f->severity_source = text_of(r, v, "SeveritySource");
	f->title = text_of(r, v, "Title");
	f->description = text_of(r, v, "Description");
	f->url = text_of(r, v, "PrimaryURL");
	f->fixed = f->status = f->vendor_id = f->path = f->category = f->match = f->suppressed_by = f->suppressed_status = "";
}

static void vulnerability(struct reader *r, const json_t *v, struct scan_finding *f)
{
	struct scan_package *package = ARENA_NEW(r->a, struct scan_package);
	const json_t *identifier = json_object_get(v, "PkgIdentifier");
	const char *const *vendors = texts_of(r, json_object_get(v, "VendorIDs"));

	common(r, v, "VulnerabilityID", f);
	f->kind = FINDING_VULNERABILITY;
	f->fixed = text_of(r, v, "FixedVersion");
	f->status = text_of(r, v, "Status");
	f->vendor_id = vendors ? vendors[0] : "";
	r->failed |= !package;
	if (!package)
		return;
	*package = (struct scan_package){ .name = text_of(r, v, "PkgName"),
					  .version = text_of(r, v, "InstalledVersion"),
					  .source_name = "",
					  .source_version = "",
					  .arch = "",
					  .licenses = "",
					  .purl = text_of(r, identifier, "PURL"),
					  .path = text_of(r, v, "PkgPath") };
	f->package = package;
}

static void secret(struct reader *r, const json_t *v, struct scan_finding *f)
{
	common(r, v, "RuleID", f);
	f->kind = FINDING_SECRET;
	f->category = text_of(r, v, "Category");
	f->match = text_of(r, v, "Match");
	f->line_from = number_of(v, "StartLine");
	f->line_to = number_of(v, "EndLine");
}

static void misconfiguration(struct reader *r, const json_t *v, struct scan_finding *f)
{
	const json_t *cause = json_object_get(v, "CauseMetadata");

	common(r, v, "ID", f);
	f->kind = FINDING_MISCONFIGURATION;
	f->match = text_of(r, v, "Message");
	f->line_from = number_of(cause, "StartLine");
	f->line_to = number_of(cause, "EndLine");
}

typedef void (*read_finding)(struct reader *r, const json_t *v, struct scan_finding *f);

static const struct {
	const char *list, *modified; /* ExperimentalModifiedFindings[].Type */
	read_finding read;
} kinds[] = {
	{ "Vulnerabilities", "vulnerability", vulnerability },
	{ "Secrets", "secret", secret },
	{ "Misconfigurations", "misconfiguration", misconfiguration },
};

enum { KINDS = sizeof(kinds) / sizeof(*kinds) };

static struct scan_finding *add(struct reader *r, struct scan_result *result, read_finding read, const json_t *v)
{
	struct scan_finding *f = vec_push(r->a, &result->findings);

	r->failed |= !f;
	if (!f)
		return NULL;
	read(r, v, f);
	if (!*f->path)
		f->path = result->target;
	return f;
}

static void modified(struct reader *r, struct scan_result *result, const json_t *m)
{
	const char *type = json_string_value(json_object_get(m, "Type"));

	for (size_t i = 0; type && i < KINDS; i++) {
		struct scan_finding *f;

		if (strcmp(kinds[i].modified, type) != 0)
			continue;
		f = add(r, result, kinds[i].read, json_object_get(m, "Finding"));
		if (!f)
			return;
		f->suppressed_status = text_of(r, m, "Status");
		f->suppressed_by = strcmp(f->suppressed_status, "ignored") ? "vex" : "ignore";
		f->suppressed = arena_printf(r->a, "%s: %s", text_of(r, m, "Source"), text_of(r, m, "Statement"));
		r->failed |= !f->suppressed;
	}
}

/* ---- results ---- */

static void result(struct reader *r, const json_t *v)
{
	struct scan_result *out = vec_push(r->a, &r->report->results);
	const json_t *item, *list;
	size_t k;

	r->failed |= !out;
	if (!out)
		return;
	out->target = text_of(r, v, "Target");
	out->class = text_of(r, v, "Class");
	out->type = text_of(r, v, "Type");
	r->report->packages += json_array_size(json_object_get(v, "Packages"));
	for (size_t i = 0; i < KINDS; i++) {
		list = json_object_get(v, kinds[i].list);
		for (k = 0; k < json_array_size(list); k++) {
			const char *status;

			item = json_array_get(list, k);
			status = json_string_value(json_object_get(item, "Status"));
			if (kinds[i].read != misconfiguration || !status || !strcmp(status, "FAIL"))
				add(r, out, kinds[i].read, item);
		}
	}
	list = json_object_get(v, "ExperimentalModifiedFindings");
	for (k = 0; k < json_array_size(list); k++)
		modified(r, out, json_array_get(list, k));
}

static void head(struct reader *r, const json_t *root)
{
	const json_t *metadata = json_object_get(root, "Metadata"), *os = json_object_get(metadata, "OS");
	struct scan_report *p = r->report;

	p->artifact = text_of(r, root, "ArtifactName");
	p->artifact_type = text_of(r, root, "ArtifactType");
	p->created = text_of(r, root, "CreatedAt");
	p->os = (struct scan_os){ text_of(r, os, "Family"), text_of(r, os, "Name"), "",
				  json_is_true(json_object_get(os, "EOSL")) };
	p->image_id = text_of(r, metadata, "ImageID");
	p->digest = "";
	p->diff_ids = texts_of(r, json_object_get(metadata, "DiffIDs"));
	p->repo_tags = texts_of(r, json_object_get(metadata, "RepoTags"));
	p->repo_digests = texts_of(r, json_object_get(metadata, "RepoDigests"));
	p->database = "";
}

int trivy_report_read(const char *path, struct scan_report *report, pipe_error *err)
{
	struct reader r = { report, report->arena, false };
	json_error_t problem;
	json_t *root = json_load_file(path, 0, &problem);
	const json_t *results;
	size_t i;

	if (!root)
		return error_set(err, PIPE_EPIPELINE, "Trivy's report cannot be read: line %d: %s", problem.line, problem.text);
	if (json_integer_value(json_object_get(root, "SchemaVersion")) != 2) {
		json_decref(root);
		return error_set(err, PIPE_EPIPELINE, "Trivy's report is not of schema version 2");
	}
	head(&r, root);
	results = json_object_get(root, "Results");
	for (i = 0; i < json_array_size(results); i++)
		result(&r, json_array_get(results, i));
	json_decref(root);
	return r.failed ? error_nomem(err) : PIPE_OK;
}
