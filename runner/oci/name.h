/* The parts of a reference, each by itself: what goes into a registry's address has been looked at here before. */
#ifndef RUNNER_OCI_NAME_H
#define RUNNER_OCI_NAME_H

#include <stdbool.h>

/* The registry of names that name none; it is spoken to under another name (registry.c). */
#define OCI_DOCKER_HUB "docker.io"

/* A host name, an IPv4 address or an IPv6 address in brackets, with or without a port. */
bool oci_host_valid(const char *host);
bool oci_repository_valid(const char *repository);
bool oci_tag_valid(const char *tag);

#endif
