/* Counts the instructions of an emulated program, and the bytes it reads and writes, between two system calls.
 *
 * A QEMU plugin. Its header is in no package, so what is used is declared here: only what every version since 7.2 has.
 * The program arms it with syscall(MARKER, ARM), then puts OPEN before what is to be counted and CLOSE after it, both
 * of the one thread that is counted; each CLOSE adds a line "INSTRUCTIONS READ WRITTEN" to the file of the argument
 * out=. These system calls do not exist, so they fail and change nothing. Until it is armed the program runs as fast as
 * without a plugin.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;
typedef uint32_t qemu_plugin_meminfo_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
struct qemu_info_t;
enum { NO_REGISTERS = 0, READS_AND_WRITES = 3 };

typedef void (*simple_cb)(qemu_plugin_id_t);
typedef void (*translation_cb)(qemu_plugin_id_t, struct qemu_plugin_tb *);
typedef void (*execution_cb)(unsigned, void *);
typedef void (*access_cb)(unsigned, qemu_plugin_meminfo_t, uint64_t, void *);
typedef void syscall_cb(qemu_plugin_id_t, unsigned, int64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t, uint64_t,
                        uint64_t, uint64_t);

void qemu_plugin_reset(qemu_plugin_id_t, simple_cb);
void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t, translation_cb);
void qemu_plugin_register_vcpu_syscall_cb(qemu_plugin_id_t, syscall_cb *);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *, execution_cb, int, void *);
void qemu_plugin_register_vcpu_mem_cb(struct qemu_plugin_insn *, access_cb, int, int, void *);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
unsigned qemu_plugin_mem_size_shift(qemu_plugin_meminfo_t);
bool qemu_plugin_mem_is_store(qemu_plugin_meminfo_t);

EXPORTED int qemu_plugin_version = PLUGIN_VERSION;

static const int64_t MARKER = 48879;
enum { ARM = 1, OPEN = 2, CLOSE = 3 };

static uint64_t instructions, bytes_read, bytes_written;
static unsigned counted = UINT32_MAX;
static int out = -1;

static void on_execution(unsigned cpu, void *length)
{
    if (cpu == counted)
        instructions += (uintptr_t)length;
}

static void on_access(unsigned cpu, qemu_plugin_meminfo_t access, uint64_t address, void *data)
{
    (void)address, (void)data;
    if (cpu == counted)
        *(qemu_plugin_mem_is_store(access) ? &bytes_written : &bytes_read) += 1u << qemu_plugin_mem_size_shift(access);
}

static void on_translation(qemu_plugin_id_t id, struct qemu_plugin_tb *block)
{
    (void)id;
    uintptr_t length = qemu_plugin_tb_n_insns(block);
    qemu_plugin_register_vcpu_tb_exec_cb(block, on_execution, NO_REGISTERS, (void *)length);
    for (size_t i = 0; i < length; i++)
        qemu_plugin_register_vcpu_mem_cb(qemu_plugin_tb_get_insn(block, i), on_access, NO_REGISTERS, READS_AND_WRITES,
                                         NULL);
}

static syscall_cb on_syscall;

static void when_reset(qemu_plugin_id_t id)
{
    qemu_plugin_register_vcpu_syscall_cb(id, on_syscall);
    qemu_plugin_register_vcpu_tb_trans_cb(id, on_translation);
}

static void write_counts(void)
{
    char line[96];
    int length = snprintf(line, sizeof line, "%" PRIu64 " %" PRIu64 " %" PRIu64 "\n", instructions, bytes_read,
                          bytes_written);
    if (write(out, line, length) != length)
        _exit(121); /* a count that is lost must not look like one that was never asked for */
}

static void on_syscall(qemu_plugin_id_t id, unsigned cpu, int64_t number, uint64_t what, uint64_t a2, uint64_t a3,
                       uint64_t a4, uint64_t a5, uint64_t a6, uint64_t a7, uint64_t a8)
{
    (void)a2, (void)a3, (void)a4, (void)a5, (void)a6, (void)a7, (void)a8;
    if (number != MARKER)
        return;
    if (what == ARM) {
        qemu_plugin_reset(id, when_reset);
    } else if (what == OPEN) {
        instructions = bytes_read = bytes_written = 0;
        counted = cpu;
    } else if (what == CLOSE) {
        counted = UINT32_MAX;
        write_counts();
    }
}

EXPORTED int qemu_plugin_install(qemu_plugin_id_t id, const struct qemu_info_t *info, int argc, char **argv)
{
    (void)info;
    for (int i = 0; i < argc; i++)
        if (strncmp(argv[i], "out=", 4) == 0)
            out = open(argv[i] + 4, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (out < 0)
        return -1;
    qemu_plugin_register_vcpu_syscall_cb(id, on_syscall);
    return 0;
}
