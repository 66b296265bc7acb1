# Cross-compiles for arm64 with Debian's g++-aarch64-linux-gnu; what is built runs under qemu-user-static. The libraries
# come from a tree of Debian's arm64 packages, extracted and not installed, so that the machine itself stays as it is:
#   mmdebstrap --variant=extract --architectures=arm64 --include=libstdc++-12-dev,LIBRARIES bookworm "$MOBILECLIP_ARM64_SYSROOT"
#   cmake -S . -B build/arm64 -G Ninja -DCMAKE_TOOLCHAIN_FILE=$PWD/deploy/arm64/toolchain.cmake
# where LIBRARIES are the -dev packages of BUILD_PACKAGES and TEST_PACKAGES (deploy/install_packages.sh).
set(CMAKE_SYSTEM_NAME Linux)
set(CMAKE_SYSTEM_PROCESSOR aarch64)
set(CMAKE_C_COMPILER aarch64-linux-gnu-gcc)
set(CMAKE_CXX_COMPILER aarch64-linux-gnu-g++)
set(CMAKE_SYSROOT $ENV{MOBILECLIP_ARM64_SYSROOT})
set(CMAKE_FIND_ROOT_PATH_MODE_PROGRAM NEVER)
set(CMAKE_FIND_ROOT_PATH_MODE_LIBRARY ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_INCLUDE ONLY)
set(CMAKE_FIND_ROOT_PATH_MODE_PACKAGE ONLY)
set(CMAKE_CROSSCOMPILING_EMULATOR qemu-aarch64-static;-L;${CMAKE_SYSROOT})
