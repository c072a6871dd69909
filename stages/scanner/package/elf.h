/* As much of an ELF file as it takes to find a section's bytes and what lies at an address. */
#ifndef SCANNER_PACKAGE_ELF_H
#define SCANNER_PACKAGE_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_file {
	const unsigned char *bytes;
	size_t length;
	bool wide, big; /* 64 bits; big-endian */
};

/* false: this is no ELF file. */
bool elf_open(struct elf_file *e, const char *bytes, size_t length);
/* Numbers of 2, 4 or 8 bytes at an offset that is within the file. */
uint64_t elf_number(const struct elf_file *e, size_t offset, unsigned size);
/* The file's bytes of a section; false: there is none of that name. */
bool elf_section(const struct elf_file *e, const char *name, size_t *offset, size_t *length);
/* The file's bytes of the first loaded segment that is written to and not run. */
bool elf_data(const struct elf_file *e, size_t *offset, size_t *length);
/* Where the bytes of an address lie; false: nowhere in the file, or fewer than `length` of them. */
bool elf_address(const struct elf_file *e, uint64_t address, size_t length, size_t *offset);

#endif
