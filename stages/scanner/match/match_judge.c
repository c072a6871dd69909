/*
 * What a finding says beside "it is there": how grave it is and by whose word, its status, and where to read more.  The order of words
 * is Trivy's: the advisory's own severity where the distribution gives one per package; then that of the advisory's source; of GHSA
 * ids GitHub's; then NVD's; then what the database made of all of them.  So are the links, for reports of both to be equal.
 */
#include "stages/scanner/match/match_rules.h"

#include <ctype.h>
#include <string.h>

static const char *const own_links[][3] = {
	{ "debian", "http://www.debian.org", "https://www.debian.org" },
	{ "ubuntu", "http://www.ubuntu.com", "https://usn.ubuntu.com" },
	{ "redhat", "https://access.redhat.com", NULL },
	{ "suse-cvrf", "http://lists.opensuse.org", "https://lists.opensuse.org" },
	{ "oracle-oval", "http://linux.oracle.com/errata", "https://linux.oracle.com/errata" },
	{ "nodejs-security-wg", "https://www.npmjs.com", "https://hackerone.com" },
	{ "ruby-advisory-db", "https://groups.google.com", NULL },
};

static const struct {
	const char *prefix, *url;
	bool lower;
} id_links[] = {
	{ "CVE-", "https://avd.aquasec.com/nvd/", true },
	{ "RUSTSEC-", "https://osv.dev/vulnerability/", false },
	{ "GHSA-", "https://github.com/advisories/", false },
	{ "TEMP-", "https://security-tracker.debian.org/tracker/", false },
};

/* The first line of references that begins with the prefix; "" : none. */
static const char *reference(const char *references, const char *prefix, struct arena *a)
{
	size_t length = strlen(prefix);

	while (*references) {
		size_t n = strcspn(references, "\n");

		if (n >= length && !memcmp(references, prefix, length))
			return arena_strndup(a, references, n);
		references += n;
		references += *references == '\n';
	}
	return "";
}

static const char *link_of_source(const char *source, const char *references, struct arena *a)
{
	for (size_t i = 0; i < sizeof(own_links) / sizeof(*own_links); i++)
		if (!strcmp(own_links[i][0], source))
			for (size_t k = 1; k < 3 && own_links[i][k]; k++) {
				const char *found = reference(references, own_links[i][k], a);

				if (!found || *found)
					return found;
			}
	return "";
}

static const char *link_of(const struct scan_finding *f, struct arena *a)
{
	for (size_t i = 0; i < sizeof(id_links) / sizeof(*id_links); i++)
		if (!strncmp(f->id, id_links[i].prefix, strlen(id_links[i].prefix))) {
			char *url = arena_printf(a, "%s%s", id_links[i].url, f->id);

			for (char *c = url ? url + strlen(id_links[i].url) : NULL; id_links[i].lower && c && *c; c++)
				*c = (char)tolower((unsigned char)*c);
			return url;
		}
	return f->details ? link_of_source(f->advisory->source_id, f->details->references, a) : "";
}

static bool by_vendor(struct scan_finding *f, const char *source)
{
	for (uint32_t i = 0; *source && i < f->details->vendor_count; i++)
		if (!strcmp(f->details->vendors[i].source, source)) {
			f->severity = f->details->vendors[i].severity;
			f->severity_source = f->details->vendors[i].source;
			return true;
		}
	return false;
}

static void by_details(struct scan_finding *f)
{
	if (by_vendor(f, f->advisory->source_id))
		return;
	if (!strncmp(f->id, "GHSA-", 5) && by_vendor(f, "ghsa") && f->severity != SEVERITY_UNKNOWN)
		return;
	if (by_vendor(f, "nvd") && f->severity != SEVERITY_UNKNOWN)
		return;
	f->severity = f->details->severity;
	f->severity_source = "";
}

bool match_judge(const struct match_family *family, struct scan_finding *f, struct arena *a)
{
	const struct advisory *advisory = f->advisory;
	bool own = family && family->severity_of && (family->always_severity || advisory->severity != SEVERITY_UNKNOWN);

	f->severity = SEVERITY_UNKNOWN;
	f->severity_source = "";
	if (own) {
		f->severity = advisory->severity;
		f->severity_source = family->severity_of;
	} else if (f->details) {
		by_details(f);
	}
	if (!own && f->severity == SEVERITY_UNKNOWN && advisory->severity != SEVERITY_UNKNOWN) {
		f->severity = advisory->severity;
		f->severity_source = advisory->source_id;
	}
	f->status = *f->fixed						       ? "fixed"
		    : *advisory->status && strcmp(advisory->status, "unknown") ? advisory->status
									       : "affected";
	f->vendor_id = advisory->vendor_id;
	f->title = f->details ? f->details->title : "";
	f->description = f->details ? f->details->description : "";
	f->url = link_of(f, a);
	return f->url != NULL;
}
