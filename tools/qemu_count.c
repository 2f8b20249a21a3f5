// SPDX-License-Identifier: Apache-2.0
// A plugin of QEMU's that counts executed instructions: the same on every run,
// of a process and of a whole board alike.
//
//   -plugin libqemu_count.so,begin=ADDRESS,end=ADDRESS,out=FILE
//
// Each time that `end` is reached, the instructions executed since `begin` was
// go into FILE as a line.  Both are addresses of functions, hexadecimal, 0x...
//
// QEMU's own header is part of no Debian package.  What stands here of it is
// its documented interface,
// https://www.qemu.org/docs/master/devel/tcg-plugins.html
#include <inttypes.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef QEMU_PLUGIN_VERSION
#define QEMU_PLUGIN_VERSION 1  // of QEMU 7.2; later ones want later ones
#endif

typedef uint64_t qemu_plugin_id_t;
typedef struct qemu_info_t qemu_info_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;
enum qemu_plugin_cb_flags { QEMU_PLUGIN_CB_NO_REGS };

typedef void (*TranslateFn)(qemu_plugin_id_t, struct qemu_plugin_tb*);
typedef void (*ExecuteFn)(unsigned cpu, void* data);

void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t id, TranslateFn f);
void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb* tb,
                                          ExecuteFn f,
                                          enum qemu_plugin_cb_flags flags,
                                          void* data);
void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn* insn,
                                            ExecuteFn f,
                                            enum qemu_plugin_cb_flags flags,
                                            void* data);
size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb* tb);
struct qemu_plugin_insn* qemu_plugin_tb_get_insn(
    const struct qemu_plugin_tb* tb, size_t index);
uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn* insn);

#define EXPORTED __attribute__((visibility("default")))
EXPORTED int qemu_plugin_version = QEMU_PLUGIN_VERSION;
EXPORTED int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t* info,
                                 int count, char** arguments);

static uint64_t begin_address, end_address;
static FILE* out;
static uint64_t executed, executed_at_begin;

// Instructions are counted when the straight piece of code they are in begins,
// by its length: cheaper than one by one, and the same unless a fault leaves
// the piece in its middle.  A function's first instruction begins a piece.
static void Execute(unsigned cpu, void* instructions) {
  (void)cpu;
  executed += (uintptr_t)instructions;
}

static void Begin(unsigned cpu, void* data) {
  (void)cpu, (void)data;
  executed_at_begin = executed;
}

static void End(unsigned cpu, void* data) {
  (void)cpu, (void)data;
  fprintf(out, "%" PRIu64 "\n", executed - executed_at_begin);
  fflush(out);
}

static void Translate(qemu_plugin_id_t id, struct qemu_plugin_tb* tb) {
  const size_t count = qemu_plugin_tb_n_insns(tb);
  const uint64_t first = qemu_plugin_insn_vaddr(qemu_plugin_tb_get_insn(tb, 0));
  (void)id;
  qemu_plugin_register_vcpu_tb_exec_cb(tb, Execute, QEMU_PLUGIN_CB_NO_REGS,
                                       (void*)(uintptr_t)count);
  if (first == begin_address || first == end_address) {
    qemu_plugin_register_vcpu_insn_exec_cb(qemu_plugin_tb_get_insn(tb, 0),
                                           first == begin_address ? Begin : End,
                                           QEMU_PLUGIN_CB_NO_REGS, NULL);
  }
}

int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t* info, int count,
                        char** arguments) {
  (void)info;
  for (int i = 0; i < count; ++i) {
    if (strncmp(arguments[i], "begin=", 6) == 0) {
      begin_address = strtoull(arguments[i] + 6, NULL, 16);
    } else if (strncmp(arguments[i], "end=", 4) == 0) {
      end_address = strtoull(arguments[i] + 4, NULL, 16);
    } else if (strncmp(arguments[i], "out=", 4) == 0) {
      out = fopen(arguments[i] + 4, "w");
    }
  }
  if (begin_address == 0 || end_address == 0 || out == NULL) {
    fprintf(stderr, "qemu_count: begin=, end= and out= are wanted\n");
    return 1;
  }
  qemu_plugin_register_vcpu_tb_trans_cb(id, Translate);
  return 0;
}
