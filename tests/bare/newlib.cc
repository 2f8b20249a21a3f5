// SPDX-License-Identifier: Apache-2.0
// What newlib asks of a board, for test images alone: a heap in the RAM that is
// left, and the files and the console of the machine beyond semihosting.
#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>

#include "port/port.h"
#include "port/semihosting.h"

using fovea::port::Call;
using fovea::port::Semihosting;

extern "C" {
extern char fovea_heap_begin[], fovea_heap_end[];

void* _sbrk(ptrdiff_t bytes);
int _open(const char* path, int flags, int mode);
int _close(int file);
int _read(int file, char* to, int bytes);
int _write(int file, const char* from, int bytes);
int _lseek(int file, int offset, int whence);
int _fstat(int file, struct stat* status);
int _isatty(int file);
int _kill(int process, int signal);
int _getpid();
[[noreturn]] void _exit(int status);

// Named by GoogleTest and by the C++ library, for what no test here does.
int mkdir(const char* path, mode_t mode);
char* getcwd(char* to, size_t bytes);
int _stat(const char* path, struct stat* status);
int _unlink(const char* path);
int _gettimeofday(struct timeval* time, void* zone);
void _fini();
extern void* __dso_handle;
void* __dso_handle = nullptr;
}

namespace {

constexpr int kFirstFile = 3, kFiles = 8;

struct File {
  intptr_t handle;
  intptr_t position, length;
  bool open;
};
File files[kFiles];

File* FileOf(int number) {
  const int index = number - kFirstFile;
  return index >= 0 && index < kFiles && files[index].open ? &files[index]
                                                           : nullptr;
}

int Fail(int error) {
  errno = error;
  return -1;
}

}  // namespace

extern "C" {

void* _sbrk(ptrdiff_t bytes) {
  static char* end = fovea_heap_begin;
  if (bytes > fovea_heap_end - end) {
    fovea::port::Trap("the heap is full");
  }
  char* const begin = end;
  end += bytes;
  return begin;
}

// Reading alone: tests that write files do so on a host.
int _open(const char* path, int flags, int) {
  constexpr uintptr_t kReadBinary = 1;
  if ((flags & O_ACCMODE) != O_RDONLY) return Fail(EROFS);
  for (int i = 0; i < kFiles; ++i) {
    if (files[i].open) continue;
    const uintptr_t name[3] = {reinterpret_cast<uintptr_t>(path), kReadBinary,
                               strlen(path)};
    const intptr_t handle = Call(Semihosting::kOpen, name);
    if (handle < 0) return Fail(ENOENT);
    const intptr_t block[1] = {handle};
    files[i] = {handle, 0, Call(Semihosting::kFileLength, block), true};
    return kFirstFile + i;
  }
  return Fail(EMFILE);
}

int _close(int number) {
  File* const file = FileOf(number);
  if (file == nullptr) return Fail(EBADF);
  const intptr_t block[1] = {file->handle};
  file->open = false;
  return static_cast<int>(Call(Semihosting::kClose, block));
}

int _read(int number, char* to, int bytes) {
  File* const file = FileOf(number);
  if (file == nullptr) return Fail(EBADF);
  const intptr_t block[3] = {file->handle, reinterpret_cast<intptr_t>(to),
                             bytes};
  const int missing = static_cast<int>(Call(Semihosting::kRead, block));
  file->position += bytes - missing;
  return bytes - missing;
}

int _write(int number, const char* from, int bytes) {
  if (FileOf(number) != nullptr) return Fail(EROFS);
  char text[65];
  for (int at = 0; at < bytes;) {
    int length = 0;
    while (length < 64 && at < bytes) text[length++] = from[at++];
    text[length] = 0;
    fovea::port::WriteText(text);
  }
  return bytes;
}

int _lseek(int number, int offset, int whence) {
  File* const file = FileOf(number);
  if (file == nullptr) return Fail(ESPIPE);
  const intptr_t base[3] = {0, file->position, file->length};
  if (whence < 0 || whence > 2) return Fail(EINVAL);
  const intptr_t block[2] = {file->handle, base[whence] + offset};
  if (Call(Semihosting::kSeek, block) < 0) return Fail(EINVAL);
  file->position = block[1];
  return static_cast<int>(block[1]);
}

int _fstat(int number, struct stat* status) {
  const File* const file = FileOf(number);
  memset(status, 0, sizeof(*status));
  status->st_mode = file == nullptr ? S_IFCHR : S_IFREG;
  if (file != nullptr) status->st_size = file->length;
  return 0;
}

int _isatty(int number) { return FileOf(number) == nullptr; }

int _kill(int, int) { _exit(1); }

int _getpid() { return 1; }

void _exit(int status) { fovea::port::Exit(status); }

int mkdir(const char*, mode_t) { return Fail(EROFS); }

char* getcwd(char* to, size_t) { return strcpy(to, "/"); }

int _stat(const char*, struct stat*) { return Fail(ENOENT); }

int _unlink(const char*) { return Fail(EROFS); }

int _gettimeofday(struct timeval* time, void*) {
  const intptr_t centiseconds = Call(Semihosting::kClock, nullptr);
  time->tv_sec = centiseconds / 100;
  time->tv_usec = centiseconds % 100 * 10000;
  return 0;
}

void _fini() {}
}
