/* Lets a User-Mode Linux of 2022 run on a processor of 2023: preload this into linux.uml.
 *
 * The kernel's ptrace(2) takes the registers of a process in one piece only
 * (PTRACE_SETREGSET, NT_X86_XSTATE), as large as everything that the processor may have
 * to save. Where that includes AMX, the piece has 11,008 bytes; the buffer of Linux 6.1
 * for it has room for what came before AMX, and its first process dies of
 * "ptrace set fp regs failed, errno = 14". Here the piece is read and written whole, and
 * what did not fit is said to be in its initial state. Nothing is lost: to use AMX a
 * process must ask its kernel first, and that one would not know what it is asked. */
#include <cpuid.h>
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum {
	PIECE_MAX = 65536,
	FEATURES = 512, /* offset of XSTATE_BV, which parts are not initial */
};

/* One thread of UML does all its tracing, and its stacks are small. */
static uint8_t piece[PIECE_MAX];

/* The parts of the registers that lie within the first n bytes. */
static uint64_t parts_within(size_t n)
{
	uint64_t parts = 3; /* x87 and SSE */

	for (unsigned i = 2; i < 63; i++) {
		unsigned size, offset, c, d;

		__cpuid_count(0xd, i, size, offset, c, d);
		if (size > 0 && (uint64_t)offset + size <= n)
			parts |= UINT64_C(1) << i;
	}
	return parts;
}

static void leave_out_what_is_behind(size_t n)
{
	uint64_t features;

	memcpy(&features, piece + FEATURES, sizeof(features));
	features &= parts_within(n);
	memcpy(piece + FEATURES, &features, sizeof(features));
}

static long read_registers(long pid, struct iovec *to)
{
	struct iovec all = {piece, PIECE_MAX};
	long rc = syscall(SYS_ptrace, PTRACE_GETREGSET, pid, NT_X86_XSTATE, &all);

	if (rc < 0)
		return rc;
	if (to->iov_len > all.iov_len)
		to->iov_len = all.iov_len;
	leave_out_what_is_behind(to->iov_len);
	memcpy(to->iov_base, piece, to->iov_len);
	return rc;
}

static long write_registers(long pid, const struct iovec *from)
{
	struct iovec all = {piece, PIECE_MAX};
	long rc = syscall(SYS_ptrace, PTRACE_GETREGSET, pid, NT_X86_XSTATE, &all);

	if (rc < 0)
		return rc;
	memset(piece, 0, all.iov_len);
	memcpy(piece, from->iov_base,
		from->iov_len < all.iov_len ? from->iov_len : all.iov_len);
	leave_out_what_is_behind(from->iov_len);
	return syscall(SYS_ptrace, PTRACE_SETREGSET, pid, NT_X86_XSTATE, &all);
}

/* As the C library has it: what is peeked at is the result. */
static long plain(long request, long pid, void *address, void *data)
{
	long word, rc;

	if (request != PTRACE_PEEKTEXT && request != PTRACE_PEEKDATA &&
		request != PTRACE_PEEKUSER)
		return syscall(SYS_ptrace, request, pid, address, data);
	rc = syscall(SYS_ptrace, request, pid, address, &word);
	if (rc < 0)
		return rc;
	errno = 0;
	return word;
}

long ptrace(enum __ptrace_request request, ...)
{
	va_list rest;
	long pid;
	void *address, *data;

	va_start(rest, request);
	pid = va_arg(rest, int);
	address = va_arg(rest, void *);
	data = va_arg(rest, void *);
	va_end(rest);
	if ((uintptr_t)address == NT_X86_XSTATE && request == PTRACE_GETREGSET)
		return read_registers(pid, data);
	if ((uintptr_t)address == NT_X86_XSTATE && request == PTRACE_SETREGSET)
		return write_registers(pid, data);
	return plain(request, pid, address, data);
}
