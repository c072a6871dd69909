/* Opening and closing a conversation: which address, which certificates. */
#include "base/error.h"
#include "runner/oci/client.h"
#include "runner/oci/name.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { RETRIES = 4, TIMEOUT_MS = 60000 };

/* Docker's own registry is spoken to under a name that nobody writes. */
static const char *address_of(const char *host)
{
	return strcmp(host, OCI_DOCKER_HUB) != 0 ? host : "registry-1.docker.io";
}

/* localhost, 127.0.0.0/8, [::1]: nobody listens in between. */
static bool is_loopback(const char *host)
{
	size_t n = strcspn(host, *host == '[' ? "]" : ":");
	struct in_addr address;
	char name[64];

	if (n >= sizeof(name))
		return false;
	memcpy(name, host, n);
	name[n] = '\0';
	if (!strcasecmp(name, "localhost") || !strcmp(name, "[::1"))
		return true;
	return inet_pton(AF_INET, name, &address) == 1 && ntohl(address.s_addr) >> 24 == 127;
}

/* ---- certificates ---- */

/* A file of DIRECTORY/certs.d/HOST that can be read; NULL: it cannot.  false: no memory. */
static bool find_file(struct registry *r, const char *above, const char *name, const char **out)
{
	const char *path = arena_printf(&r->arena, "%s/certs.d/%s/%s", above, r->host, name);

	*out = path && !access(path, R_OK) ? path : NULL;
	return path != NULL;
}

/* https://docs.docker.com/engine/security/certificates/, containers-certs.d(5): the user's own before the machine's. */
static int find_certificates(struct registry *r, pipe_error *err)
{
	const char *home = credential_variable(r->options.envp, "HOME");
	const char *const user = home ? arena_printf(&r->arena, "%s/.config/containers", home) : "";
	const char *const places[] = { user, "/etc/containers", "/etc/docker" };

	for (size_t i = 0; user && i < sizeof(places) / sizeof(*places); i++) {
		if (!*places[i])
			continue;
		if ((!r->ca_file && !find_file(r, places[i], "ca.crt", &r->ca_file)) ||
		    (!r->certificate && (!find_file(r, places[i], "client.cert", &r->certificate) ||
					 !find_file(r, places[i], "client.key", &r->key))))
			return error_nomem(err);
	}
	return user ? PIPE_OK : error_nomem(err);
}

/* ---- open and close ---- */

static bool copy_text(struct registry *r, const char **text)
{
	if (*text)
		*text = arena_strdup(&r->arena, *text);
	return *text != NULL;
}

static bool copy_envp(struct registry *r, const char *const *envp)
{
	size_t n = 0;
	const char **copy;

	while (envp && envp[n])
		n++;
	copy = ARENA_ARRAY(&r->arena, const char *, n + 1);
	for (size_t i = 0; copy && i < n; i++)
		if (!(copy[i] = arena_strdup(&r->arena, envp[i])))
			return false;
	r->options.envp = copy;
	return copy != NULL;
}

static bool copy_options(struct registry *r, const struct registry_options *o)
{
	r->options = *o;
	r->options.retries = o->retries ? o->retries : RETRIES;
	r->options.timeout_ms = o->timeout_ms > 0 ? o->timeout_ms : TIMEOUT_MS;
	return (!o->docker_config || copy_text(r, &r->options.docker_config)) && (!o->user || copy_text(r, &r->options.user)) &&
	       (!o->password || copy_text(r, &r->options.password)) && (!o->ca_file || copy_text(r, &r->options.ca_file)) &&
	       copy_envp(r, o->envp);
}

static bool name_addresses(struct registry *r, const char *host)
{
	r->host = arena_strdup(&r->arena, host);
	if (!r->host)
		return false;
	r->https = arena_printf(&r->arena, "https://%s", address_of(host));
	r->http = arena_printf(&r->arena, "http://%s", address_of(host));
	r->may_be_http = r->options.insecure || r->options.plain_http || is_loopback(host);
	r->base = r->options.plain_http ? r->http : r->may_be_http ? NULL : r->https;
	return r->https && r->http;
}

int registry_open(struct registry **out, const char *host, const struct registry_options *options, pipe_error *err)
{
	struct registry *r;
	int rc;

	*out = NULL;
	if (!oci_host_valid(host))
		return error_set(err, PIPE_EUSAGE, "\"%.120s\" is no registry: a host name is expected, with or without a port",
				 host);
	r = calloc(1, sizeof(*r));
	if (!r)
		return error_nomem(err);
	rc = copy_options(r, options) && name_addresses(r, host) ? PIPE_OK : error_nomem(err);
	r->ca_file = r->options.ca_file;
	if (rc == PIPE_OK && r->ca_file && access(r->ca_file, R_OK))
		rc = error_set(err, PIPE_EUSAGE, "the certificates in %s cannot be read", r->ca_file);
	if (rc == PIPE_OK)
		rc = find_certificates(r, err);
	if (rc == PIPE_OK)
		rc = transfer_create(&r->transfer, err);
	if (rc) {
		registry_close(r);
		return rc;
	}
	*out = r;
	return PIPE_OK;
}

void registry_close(struct registry *r)
{
	if (!r)
		return;
	registry_tokens_clear(r);
	transfer_free(r->transfer);
	arena_clear(&r->arena);
	free(r);
}
