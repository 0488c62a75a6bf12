# SPDX-License-Identifier: Apache-2.0
#
# find_package(loiter) gives
#   loiter::loiter    the headers under loiter/: nothing to link, and nothing happens without the library
#   loiter::command   the command, for add_test and add_custom_command
#   loiter_COMMAND, loiter_LIBRARY   paths of the command and of the library to preload
#   loiter_gate_tests(...)           puts tests under the gate
get_filename_component(loiter_PREFIX "${CMAKE_CURRENT_LIST_DIR}/../../.." ABSOLUTE)
set(loiter_COMMAND "${loiter_PREFIX}/bin/loiter")
set(loiter_LIBRARY "${loiter_PREFIX}/lib/loiter/libloiter.so")

foreach(file IN ITEMS "${loiter_COMMAND}" "${loiter_LIBRARY}" "${loiter_PREFIX}/include/loiter/loiter.h")
  if(NOT EXISTS "${file}")
    set(loiter_FOUND FALSE)
    set(loiter_NOT_FOUND_MESSAGE "${file} is missing: install loiter as a whole, by cmake --install")
  endif()
endforeach()

if(NOT TARGET loiter::loiter)
  add_library(loiter::loiter INTERFACE IMPORTED)
  set_target_properties(loiter::loiter PROPERTIES INTERFACE_INCLUDE_DIRECTORIES "${loiter_PREFIX}/include")
  add_executable(loiter::command IMPORTED)
  set_target_properties(loiter::command PROPERTIES IMPORTED_LOCATION "${loiter_COMMAND}")
endif()

# loiter_gate_tests([TARGETS <target>...] [TIMEOUT <seconds>] [OPTIONS <option of loiter gate>...])
#
# Every test that runs one of these targets runs under `loiter gate`; without TARGETS, every target that is added
# in this folder, and below, from here on. A test fails with status 86 for threads that it leaves behind.
#
# TIMEOUT: reports and ends a test that takes longer. Some seconds less than the tests' own TIMEOUT: CTest kills
# without a word.
#
# By the test launcher where CMake has it (3.29), else by the emulator for programs of other machines, which add_test
# and gtest_discover_tests use as well; tests that name a program by its path are run as they are.
function(loiter_gate_tests)
  cmake_parse_arguments(PARSE_ARGV 0 arg "" "TIMEOUT" "TARGETS;OPTIONS")
  if(arg_UNPARSED_ARGUMENTS)
    message(FATAL_ERROR "loiter_gate_tests: unknown argument ${arg_UNPARSED_ARGUMENTS}; give options of the gate after OPTIONS")
  endif()
  set(launcher "${loiter_COMMAND}" gate)
  if(DEFINED arg_TIMEOUT)
    list(APPEND launcher --timeout "${arg_TIMEOUT}s")
  endif()
  list(APPEND launcher ${arg_OPTIONS} --)
  set(property CROSSCOMPILING_EMULATOR)
  if(CMAKE_VERSION VERSION_GREATER_EQUAL 3.29)
    set(property TEST_LAUNCHER)
  endif()
  if(DEFINED arg_TARGETS)
    set_property(TARGET ${arg_TARGETS} PROPERTY ${property} "${launcher}")
  else()
    set(CMAKE_${property} "${launcher}" PARENT_SCOPE)
  endif()
endfunction()
