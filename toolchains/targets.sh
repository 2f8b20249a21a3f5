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

target x86-64-sse2 nightly - libgtest-dev
target x86-64-sse4 nightly - libgtest-dev
target x86-64-avx2 nightly - libgtest-dev
target x86-64-avx512 nightly - libgtest-dev
target aarch64-linux ci $aarch64 $googletest
target aarch64-linux-clang nightly $aarch64 $clang $googletest
target aarch64-dotprod nightly $aarch64 $googletest
target aarch64-i8mm nightly $aarch64 $googletest
target aarch64-sve2 nightly $aarch64 $googletest
target armv7-linux nightly $armv7 $googletest
target riscv64-linux nightly $riscv64 $googletest
target riscv64-v ci $riscv64 $clang $googletest
target wasm32 ci em++ emscripten node nodejs $googletest

# Boards, emulated whole.
cortex_m="arm-none-eabi-g++ gcc-arm-none-eabi qemu-system-arm qemu-system-arm
  - libnewlib-arm-none-eabi - libstdc++-arm-none-eabi-newlib"
# picolibc's targets borrow the headers of C++ (cmake/port.cmake).
cxx_headers="- libstdc++-arm-none-eabi-dev"

target cortex-m0plus ci $cortex_m
target cortex-m3 ci $cortex_m
target cortex-m4f ci $cortex_m $googletest
target cortex-m7 nightly $cortex_m $googletest
target cortex-m33 nightly $cortex_m $googletest
target cortex-m55 ci $cortex_m $googletest
target aarch64-none nightly $clang ld.lld-19 lld-19 - picolibc-aarch64-linux-gnu \
  aarch64-linux-gnu-g++ g++-aarch64-linux-gnu \
  qemu-system-aarch64 qemu-system-arm $cxx_headers
target riscv32-none nightly riscv64-unknown-elf-g++ gcc-riscv64-unknown-elf \
  - picolibc-riscv64-unknown-elf qemu-system-riscv32 qemu-system-misc \
  $cxx_headers

# Where `./dev bench --instructions` counts.
counted_targets=(aarch64-linux aarch64-dotprod aarch64-i8mm riscv64-v cortex-m4f
  cortex-m7 cortex-m55)

unset cortex_m cxx_headers aarch64 armv7 riscv64 clang googletest
