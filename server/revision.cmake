cmake_minimum_required(VERSION 3.25)

# Run at each build, as a script: writes the header OUTPUT with the revision of SOURCE_DIR, which is REVISION or, where
# that is empty, what git says. A header that says so already keeps its time, and nothing is compiled anew.
if(NOT REVISION)
  find_package(Git QUIET)
  if(GIT_FOUND)
    execute_process(
      COMMAND ${GIT_EXECUTABLE} -C ${SOURCE_DIR} describe --always --dirty --abbrev=40 --exclude=*
      OUTPUT_VARIABLE REVISION OUTPUT_STRIP_TRAILING_WHITESPACE ERROR_QUIET)
  endif()
endif()
if(NOT REVISION)
  set(REVISION unknown)
endif()
file(CONFIGURE OUTPUT ${OUTPUT} CONTENT "#define MOBILECLIP_REVISION \"@REVISION@\"\n" @ONLY)
