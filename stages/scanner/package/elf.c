/* ELF, https://refspecs.linuxfoundation.org/elf/gabi4+/contents.html: see elf.h.  Every offset is checked against the file. */
#include "stages/scanner/package/elf.h"

#include <elf.h>
#include <string.h>

enum { ENTRIES_MOST = 65535 };

static bool within(const struct elf_file *e, uint64_t offset, uint64_t length)
{
	return offset <= e->length && length <= e->length - offset;
}

uint64_t elf_number(const struct elf_file *e, size_t offset, unsigned size)
{
	uint64_t n = 0;

	for (unsigned i = 0; i < size; i++)
		n |= (uint64_t)e->bytes[offset + i] << 8 * (e->big ? size - 1 - i : i);
	return n;
}

bool elf_open(struct elf_file *e, const char *bytes, size_t length)
{
	*e = (struct elf_file){ .bytes = (const unsigned char *)bytes, .length = length };
	if (length < EI_NIDENT || memcmp(bytes, ELFMAG, SELFMAG) != 0)
		return false;
	e->wide = bytes[EI_CLASS] == ELFCLASS64;
	e->big = bytes[EI_DATA] == ELFDATA2MSB;
	return length >= (e->wide ? sizeof(Elf64_Ehdr) : sizeof(Elf32_Ehdr));
}

/* A member of a structure that exists in both widths. */
#define MEMBER(e, base, type, member)                                                                                            \
	((e)->wide ? elf_number((e), (base) + offsetof(Elf64_##type, member), sizeof(((Elf64_##type *)0)->member))               \
		   : elf_number((e), (base) + offsetof(Elf32_##type, member), sizeof(((Elf32_##type *)0)->member)))

static bool section_at(const struct elf_file *e, uint64_t index, size_t *at)
{
	uint64_t start = MEMBER(e, 0, Ehdr, e_shoff), size = MEMBER(e, 0, Ehdr, e_shentsize);

	if (size < (e->wide ? sizeof(Elf64_Shdr) : sizeof(Elf32_Shdr)) || !within(e, start, 0) ||
	    !within(e, start + index * size, size))
		return false;
	*at = (size_t)(start + index * size);
	return true;
}

bool elf_section(const struct elf_file *e, const char *name, size_t *offset, size_t *length)
{
	uint64_t count = MEMBER(e, 0, Ehdr, e_shnum), names, names_size;
	size_t at, n = strlen(name) + 1;

	if (!section_at(e, MEMBER(e, 0, Ehdr, e_shstrndx), &at))
		return false;
	names = MEMBER(e, at, Shdr, sh_offset);
	names_size = MEMBER(e, at, Shdr, sh_size);
	if (!within(e, names, names_size))
		return false;
	for (uint64_t i = 0; i < count && i < ENTRIES_MOST && section_at(e, i, &at); i++) {
		uint64_t from = MEMBER(e, at, Shdr, sh_name), start = MEMBER(e, at, Shdr, sh_offset),
			 size = MEMBER(e, at, Shdr, sh_size);

		if (from > names_size || names_size - from < n || memcmp(e->bytes + names + from, name, n) != 0)
			continue;
		*offset = (size_t)start;
		*length = (size_t)size;
		return MEMBER(e, at, Shdr, sh_type) != SHT_NOBITS && within(e, start, size);
	}
	return false;
}

static bool segment_at(const struct elf_file *e, uint64_t index, size_t *at)
{
	uint64_t start = MEMBER(e, 0, Ehdr, e_phoff), size = MEMBER(e, 0, Ehdr, e_phentsize);

	if (index >= MEMBER(e, 0, Ehdr, e_phnum) || size < (e->wide ? sizeof(Elf64_Phdr) : sizeof(Elf32_Phdr)) ||
	    !within(e, start, 0) || !within(e, start + index * size, size))
		return false;
	*at = (size_t)(start + index * size);
	return true;
}

bool elf_data(const struct elf_file *e, size_t *offset, size_t *length)
{
	size_t at;

	for (uint64_t i = 0; segment_at(e, i, &at); i++) {
		uint64_t flags = MEMBER(e, at, Phdr, p_flags), start = MEMBER(e, at, Phdr, p_offset),
			 size = MEMBER(e, at, Phdr, p_filesz);

		if (MEMBER(e, at, Phdr, p_type) != PT_LOAD || (flags & (PF_X | PF_W)) != PF_W || !within(e, start, size))
			continue;
		*offset = (size_t)start;
		*length = (size_t)size;
		return true;
	}
	return false;
}

bool elf_address(const struct elf_file *e, uint64_t address, size_t length, size_t *offset)
{
	size_t at;

	for (uint64_t i = 0; segment_at(e, i, &at); i++) {
		uint64_t from = MEMBER(e, at, Phdr, p_vaddr), size = MEMBER(e, at, Phdr, p_filesz),
			 start = MEMBER(e, at, Phdr, p_offset);

		if (MEMBER(e, at, Phdr, p_type) != PT_LOAD || address < from || address - from > size ||
		    size - (address - from) < length || !within(e, start, size))
			continue;
		*offset = (size_t)(start + (address - from));
		return true;
	}
	return false;
}
