# SPDX-License-Identifier: Apache-2.0
# WebAssembly with 128-bit SIMD, by Emscripten; the tests run in Node.js.
set(FOVEA_EMSCRIPTEN_DIR /usr/share/emscripten CACHE PATH
    "Emscripten, as far as its cmake/Modules")
list(APPEND CMAKE_TRY_COMPILE_PLATFORM_VARIABLES FOVEA_EMSCRIPTEN_DIR)
set(CMAKE_C_FLAGS_INIT "-msimd128")
set(CMAKE_CXX_FLAGS_INIT "-msimd128")
# The tests read files as on any other host, and some need more than 16 MiB.
set(CMAKE_EXE_LINKER_FLAGS_INIT "-sNODERAWFS=1 -sALLOW_MEMORY_GROWTH=1")
# Where Debian keeps the module that Emscripten's linker needs: its own Node.js
# looks there by itself, another does not.
set(CMAKE_CXX_LINKER_LAUNCHER
    "${CMAKE_COMMAND};-E;env;NODE_PATH=/usr/share/nodejs:/usr/lib/nodejs")
# Node's own fetch() would be taken for a browser's.
set(CMAKE_CROSSCOMPILING_EMULATOR "node;--no-experimental-fetch")
include("${FOVEA_EMSCRIPTEN_DIR}/cmake/Modules/Platform/Emscripten.cmake")
