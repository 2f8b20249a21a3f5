# SPDX-License-Identifier: Apache-2.0
# The targets of `./dev cross` and `./dev matrix`, sourced by ./dev. A target is
# also a preset of that name.
#
#   target NAME WHEN COMMAND PACKAGE...
#
# WHEN: ci, part of every `./dev matrix`; or nightly, of `./dev matrix --all`.
# Then what it needs, in pairs as need() of ./dev takes them: a command and its
# Debian package, or "-" and a package that has no command.

target_names=()
declare -A target_when=() target_packages=()

target() {
  target_names+=("$1")
  target_when[$1]=$2
  target_packages[$1]=${*:3}
}

aarch64="aarch64-linux-gnu-g++ g++-aarch64-linux-gnu qemu-aarch64 qemu-user"
armv7="arm-linux-gnueabihf-g++ g++-arm-linux-gnueabihf qemu-arm qemu-user"
riscv64="riscv64-linux-gnu-g++ g++-riscv64-linux-gnu qemu-riscv64 qemu-user"
clang="clang++-19 clang-19"
googletest="- googletest"

target x86-64-sse2 ci - libgtest-dev
target x86-64-sse4 nightly - libgtest-dev
target x86-64-avx2 nightly - libgtest-dev
target x86-64-avx512 nightly - libgtest-dev
target aarch64-linux ci $aarch64 $googletest
target aarch64-linux-clang nightly $aarch64 $clang $googletest
target aarch64-dotprod nightly $aarch64 $googletest
target aarch64-sve2 ci $aarch64 $googletest
target armv7-linux ci $armv7 $googletest
target riscv64-linux nightly $riscv64 $googletest
target riscv64-v ci $riscv64 $clang $googletest
target wasm32 ci em++ emscripten node nodejs $googletest

unset aarch64 armv7 riscv64 clang googletest
