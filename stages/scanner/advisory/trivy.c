/* Advisories as Trivy's database has them.  Which fields count depends on the bucket (shape_of). */
#include "stages/scanner/advisory/trivy.h"

#include "base/error.h"
#include "stages/scanner/advisory/text.h"
#include <string.h>

/* How the advisories of a source are to be read. */
enum shape {
	PLAIN,	   /* one, with the version that mends it */
	LANGUAGE,  /* one, with lists of ranges */
	BY_ARCH,   /* several entries, each for some architectures; one without any is for none */
	BY_PRODUCT /* Red Hat's: entries for products, which may be several CVEs */
};

static enum shape shape_of(const char *bucket)
{
	static const struct {
		const char *prefix;
		enum shape shape;
	} shapes[] = { { "Red Hat", BY_PRODUCT }, { "rocky ", BY_ARCH }, { "Oracle Linux ", BY_ARCH } };

	if (strstr(bucket, "::"))
		return LANGUAGE;
	for (size_t i = 0; i < sizeof(shapes) / sizeof(*shapes); i++)
		if (!strncmp(bucket, shapes[i].prefix, strlen(shapes[i].prefix)))
			return shapes[i].shape;
	return PLAIN;
}

bool trivy_is_source(const char *bucket, size_t length)
{
	static const char *const others[] = { "vulnerability",	 "data-source",		 "Red Hat CPE",
					      "advisory-detail", "vulnerability-detail", "vulnerability-id" };

	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++)
		if (strlen(others[i]) == length && !memcmp(others[i], bucket, length))
			return false;
	return true;
}

/* ---- small values ---- */

static int64_t time_of(const json_t *map, const char *key)
{
	const char *text = json_string_value(json_object_get(map, key));
	int64_t ms;

	/* Go writes the year 1 for a time that was never set */
	return text && advisory_time(text, &ms) && ms > 0 ? ms : 0;
}

int trivy_metadata_read(const char *bytes, size_t length, struct trivy_metadata *out, pipe_error *err)
{
	json_t *map;
	int rc = advisory_json(bytes, length, "the file metadata.json of the database", &map, err);

	*out = (struct trivy_metadata){ 0, 0, 0 };
	if (rc)
		return rc;
	if (json_integer_value(json_object_get(map, "Version")) != TRIVY_SCHEMA)
		rc = error_set(err, PIPE_EPIPELINE, "the database is of schema version %lld, and only version %d can be read",
			       (long long)json_integer_value(json_object_get(map, "Version")), TRIVY_SCHEMA);
	out->updated_ms = time_of(map, "UpdatedAt");
	out->next_ms = time_of(map, "NextUpdate");
	out->downloaded_ms = time_of(map, "DownloadedAt");
	json_decref(map);
	return rc;
}

int trivy_source_read(const char *bytes, size_t length, struct trivy_source *out, struct arena *a, pipe_error *err)
{
	json_t *map;
	int rc = advisory_json(bytes, length, "a data source of the database", &map, err);

	if (rc)
		return rc;
	out->id = advisory_text(a, json_object_get(map, "ID"));
	out->name = advisory_text(a, json_object_get(map, "Name"));
	out->url = advisory_text(a, json_object_get(map, "URL"));
	json_decref(map);
	return out->id && out->name && out->url ? PIPE_OK : error_nomem(err);
}

/* Trivy counts UNKNOWN, LOW, MEDIUM, HIGH, CRITICAL from 0; ours has "info" between the first two. */
static uint8_t severity_of(const json_t *value)
{
	double number = json_number_value(value);

	return number >= 1 && number <= 4 ? (uint8_t)(SEVERITY_LOW + (int)number - 1) : SEVERITY_UNKNOWN;
}

static const char *status_of(const json_t *value)
{
	static const char *const words[] = {
		"", "not_affected", "affected", "fixed", "under_investigation", "will_not_fix", "fix_deferred", "end_of_life"
	};
	const size_t count = sizeof(words) / sizeof(*words);
	double number = json_number_value(value);

	return number >= 0 && number < (double)count ? words[(size_t)number] : "";
}

/* ---- Red Hat's products ---- */

int trivy_products_add(struct trivy_products *products, const char *bytes, size_t length, struct arena *a, pipe_error *err)
{
	json_t *list = json_loadb(bytes, length, 0, NULL);

	if (!json_is_array(list)) {
		json_decref(list);
		return error_set(err, PIPE_EPIPELINE, "the database is damaged: Red Hat's products cannot be read");
	}
	for (size_t i = 0; i < json_array_size(list); i++) {
		uint32_t *number = vec_push(a, &products->numbers);

		if (!number) {
			json_decref(list);
			return error_nomem(err);
		}
		*number = (uint32_t)json_number_value(json_array_get(list, i));
	}
	json_decref(list);
	return PIPE_OK;
}

const char *const *trivy_repositories(const char *release)
{
	static const char *const names[][3] = {
		{ "rhel-6-server-rpms", "rhel-6-server-extras-rpms", NULL },
		{ "rhel-7-server-rpms", "rhel-7-server-extras-rpms", NULL },
		{ "rhel-8-for-x86_64-baseos-rpms", "rhel-8-for-x86_64-appstream-rpms", NULL },
		{ "rhel-9-for-x86_64-baseos-rpms", "rhel-9-for-x86_64-appstream-rpms", NULL },
	};

	if (release[0] < '6' || release[0] > '9' || release[1])
		return NULL;
	return names[release[0] - '6'];
}

static bool concerns(const struct trivy_products *products, const json_t *affected)
{
	for (size_t i = 0; products && i < json_array_size(affected); i++) {
		double number = json_number_value(json_array_get(affected, i));

		for (uint32_t k = 0; k < products->numbers.count; k++)
			if ((double)products->numbers.items[k] == number)
				return true;
	}
	return false;
}

/* ---- advisories ---- */

struct reading {
	const struct trivy_value *value;
	struct arena *arena;
	int (*each)(void *context, const struct advisory *advisory);
	void *context;
	pipe_error *err;
};

static struct advisory begin(const struct reading *r)
{
	const struct trivy_source *s = r->value->source;

	return (struct advisory){
		.id = r->value->key,
		.vendor_id = "",
		.fixed = "",
		.fixed_below = "",
		.affected_from = "",
		.status = "",
		.source_id = s->id,
		.source_name = s->name,
		.source_url = s->url,
	};
}

/* Of a distribution: from a map with FixedVersion and what stands beside it. */
static int hand_out(const struct reading *r, struct advisory *adv, const json_t *map)
{
	const char *const *vendors;

	adv->fixed_below = adv->fixed = advisory_text(r->arena, json_object_get(map, "FixedVersion"));
	adv->affected_from = advisory_text(r->arena, json_object_get(map, "AffectedVersion"));
	if (!advisory_list(r->arena, json_object_get(map, "Arches"), &adv->arches) ||
	    !advisory_list(r->arena, json_object_get(map, "VendorIDs"), &vendors) || !adv->fixed || !adv->affected_from)
		return error_nomem(r->err);
	if (vendors)
		adv->vendor_id = advisory_join(r->arena, vendors, ", ", false);
	if (!adv->vendor_id)
		return error_nomem(r->err);
	adv->status = status_of(json_object_get(map, "Status"));
	if (!adv->severity)
		adv->severity = severity_of(json_object_get(map, "Severity"));
	return r->each(r->context, adv);
}

static int read_by_arch(const struct reading *r, const json_t *map)
{
	const json_t *entries = json_object_get(map, "Entries");
	struct advisory adv = begin(r);
	int rc = PIPE_OK;

	if (!json_array_size(entries))
		return hand_out(r, &adv, map);
	for (size_t i = 0; !rc && i < json_array_size(entries); i++) {
		const json_t *entry = json_array_get(entries, i);

		adv = begin(r);
		if (json_array_size(json_object_get(entry, "Arches")))
			rc = hand_out(r, &adv, entry);
	}
	return rc;
}

/* One of the CVEs of an entry.  Where the key is an erratum, the entry says which they are. */
static int read_cve(const struct reading *r, const json_t *entry, const json_t *cve)
{
	struct advisory adv = begin(r);

	if (strncmp(r->value->key, "CVE-", 4)) {
		adv.vendor_id = r->value->key;
		adv.id = advisory_text(r->arena, json_object_get(cve, "ID"));
		if (!adv.id)
			return error_nomem(r->err);
		if (!*adv.id)
			return PIPE_OK;
	}
	adv.severity = severity_of(json_object_get(cve, "Severity"));
	return hand_out(r, &adv, entry);
}

static int read_by_product(const struct reading *r, const json_t *map)
{
	const json_t *entries = json_object_get(map, "Entries");
	int rc = PIPE_OK;

	for (size_t i = 0; !rc && i < json_array_size(entries); i++) {
		const json_t *entry = json_array_get(entries, i), *cves = json_object_get(entry, "Cves");

		if (!concerns(r->value->products, json_object_get(entry, "Affected")))
			continue;
		for (size_t k = 0; !rc && k < json_array_size(cves); k++)
			rc = read_cve(r, entry, json_array_get(cves, k));
	}
	return rc;
}

/* Where nothing says which versions are mended, the ends of the ranges do: that is for whoever shows it. */
static int read_language(const struct reading *r, const json_t *map)
{
	struct advisory adv = begin(r);
	const char *const *vendors;

	adv.ranged = true;
	if (!advisory_list(r->arena, json_object_get(map, "VulnerableVersions"), &adv.vulnerable) ||
	    !advisory_list(r->arena, json_object_get(map, "PatchedVersions"), &adv.patched) ||
	    !advisory_list(r->arena, json_object_get(map, "UnaffectedVersions"), &adv.unaffected) ||
	    !advisory_list(r->arena, json_object_get(map, "Arches"), &adv.arches) ||
	    !advisory_list(r->arena, json_object_get(map, "VendorIDs"), &vendors))
		return error_nomem(r->err);
	adv.fixed = advisory_join(r->arena, adv.patched, ", ", true);
	adv.vendor_id = advisory_join(r->arena, vendors, ", ", false);
	if (!adv.fixed || !adv.vendor_id)
		return error_nomem(r->err);
	adv.status = status_of(json_object_get(map, "Status"));
	adv.severity = severity_of(json_object_get(map, "Severity"));
	return r->each(r->context, &adv);
}

static int read_plain(const struct reading *r, const json_t *map)
{
	struct advisory adv = begin(r);

	return hand_out(r, &adv, map);
}

/* Names take longer to be written than most advisories to be read. */
static int unreadable(const struct trivy_value *value, pipe_error *err)
{
	char what[160];
	json_t *map;

	snprintf(what, sizeof(what), "the database is damaged: %.60s of %.60s", value->key, value->bucket);
	return advisory_json(value->bytes, value->length, what, &map, err);
}

int trivy_advisory_read(const struct trivy_value *value, struct arena *a,
			int (*each)(void *context, const struct advisory *advisory), void *context, pipe_error *err)
{
	static int (*const readers[])(const struct reading *r, const json_t *map) = {
		[PLAIN] = read_plain, [LANGUAGE] = read_language, [BY_ARCH] = read_by_arch, [BY_PRODUCT] = read_by_product
	};
	struct reading r = { value, a, each, context, err };
	json_t *map;
	int rc = advisory_json(value->bytes, value->length, "an advisory", &map, err);

	if (rc == PIPE_EPIPELINE)
		return unreadable(value, err);
	if (rc)
		return rc;
	rc = readers[shape_of(value->bucket)](&r, map);
	json_decref(map);
	return rc;
}

/* ---- details ---- */

static bool read_vendors(const json_t *map, struct arena *a, struct advisory_details *out)
{
	const json_t *vendors = json_object_get(map, "VendorSeverity");
	const size_t most = sizeof(out->vendors) / sizeof(*out->vendors);
	json_t *value;
	const char *name;

	json_object_foreach((json_t *)(uintptr_t)vendors, name, value)
	{
		if (out->vendor_count == most)
			break;
		out->vendors[out->vendor_count].source = arena_strdup(a, name);
		if (!out->vendors[out->vendor_count].source)
			return false;
		out->vendors[out->vendor_count++].severity = severity_of(value);
	}
	return true;
}

static const char *joined(const json_t *map, const char *key, const char *between, struct arena *a)
{
	const char *const *list;

	return advisory_list(a, json_object_get(map, key), &list) ? advisory_join(a, list, between, false) : NULL;
}

static const char *dumped(const json_t *value, struct arena *a)
{
	char *text = json_is_object(value) ? json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_REAL_PRECISION(10)) : NULL;
	const char *copy = text ? arena_strdup(a, text) : "";

	free(text);
	return copy;
}

int trivy_details_read(const char *bytes, size_t length, struct arena *a, struct advisory_details *out, pipe_error *err)
{
	enum severity severity = SEVERITY_UNKNOWN;
	const char *word;
	json_t *map;
	bool whole;
	int rc = advisory_json(bytes, length, "the database is damaged: a vulnerability", &map, err);

	memset(out, 0, sizeof(*out));
	if (rc)
		return rc;
	word = json_string_value(json_object_get(map, "Severity"));
	if (word)
		severity_from(word, &severity);
	out->severity = (uint8_t)severity;
	out->title = advisory_text(a, json_object_get(map, "Title"));
	out->description = advisory_text(a, json_object_get(map, "Description"));
	out->published = advisory_text(a, json_object_get(map, "PublishedDate"));
	out->modified = advisory_text(a, json_object_get(map, "LastModifiedDate"));
	out->cwes = joined(map, "CweIDs", ", ", a);
	out->references = joined(map, "References", "\n", a);
	out->cvss = dumped(json_object_get(map, "CVSS"), a);
	out->aliases = "";
	whole = read_vendors(map, a, out) && out->title && out->description && out->published && out->modified && out->cwes &&
		out->references && out->cvss;
	json_decref(map);
	return whole ? PIPE_OK : error_nomem(err);
}
