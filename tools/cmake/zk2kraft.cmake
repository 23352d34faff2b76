# Helpers that keep each folder's CMakeLists.txt to the one thing it decides: what may be linked.

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
# Debian has no static libfmt.
set(ZK2KRAFT_FMT fmt::fmt)
if(ZK2KRAFT_STATIC)
  set(ZK2KRAFT_FMT fmt::fmt-header-only)
endif()
find_package(Boost 1.74 REQUIRED)

add_library(zk2kraft_options INTERFACE)
target_include_directories(zk2kraft_options INTERFACE ${CMAKE_SOURCE_DIR})
target_compile_options(zk2kraft_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wshadow -Wnon-virtual-dtor
  -Wold-style-cast -Woverloaded-virtual -Wcast-qual -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12 reports these on standard-library code that it inlined itself; clang checks ours.
  target_compile_options(zk2kraft_options INTERFACE
    -Wno-maybe-uninitialized -Wno-restrict -Wno-array-bounds -Wno-stringop-overflow -Wno-stringop-overread
    -Wno-dangling-pointer -Wno-free-nonheap-object -Wno-missing-field-initializers)
else()
  target_compile_options(zk2kraft_options INTERFACE
    -Wno-missing-field-initializers -Wno-missing-designated-field-initializers
    # libstdc++ 12's own std::stable_sort uses what C++17 deprecated.
    -Wno-deprecated-declarations)
endif()
if(ZK2KRAFT_SANITIZE)
  target_compile_options(zk2kraft_options INTERFACE -fsanitize=${ZK2KRAFT_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(zk2kraft_options INTERFACE -fsanitize=${ZK2KRAFT_SANITIZE})
endif()

if(ZK2KRAFT_FUZZERS)
  target_compile_options(zk2kraft_options INTERFACE -fsanitize=fuzzer-no-link)  # what is read guides the fuzzer
endif()

# Presets that are built from nothing (release, the compilers CI compares) compile several files of a library as
# one, which costs a third of the time; so names in anonymous namespaces are unique within a folder.
set(CMAKE_UNITY_BUILD_BATCH_SIZE 16)

# zk2kraft_library(<target> [DIRECTORY dir] [LINK libs…] [PRIVATE_LINK libs…])
# A static library of every .cc directly in the folder (not below it). A folder without a .cc yet, or
# with headers only, becomes an INTERFACE library, so that the map can stand before the territory.
function(zk2kraft_library target)
  cmake_parse_arguments(arg "" "DIRECTORY" "LINK;PRIVATE_LINK" ${ARGN})
  if(NOT arg_DIRECTORY)
    set(arg_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
  endif()
  file(GLOB sources CONFIGURE_DEPENDS ${arg_DIRECTORY}/*.cc)
  list(FILTER sources EXCLUDE REGEX "_(fuzz|benchmark|main)\\.cc$")
  if(sources)
    add_library(${target} STATIC ${sources})
    target_link_libraries(${target} PUBLIC zk2kraft_options ${arg_LINK} PRIVATE ${arg_PRIVATE_LINK})
  else()
    add_library(${target} INTERFACE)
    target_link_libraries(${target} INTERFACE zk2kraft_options ${arg_LINK} ${arg_PRIVATE_LINK})
  endif()
endfunction()

# zk2kraft_schemas(<target>): a library of the generated code of every .proto directly in the folder, which is not held
# to our warnings. Generated files stand at the same place below the build directory, so that they are included by path
# from the root like everything else.
function(zk2kraft_schemas target)
  find_package(Protobuf REQUIRED)
  file(GLOB schemas CONFIGURE_DEPENDS RELATIVE ${CMAKE_SOURCE_DIR} ${CMAKE_CURRENT_SOURCE_DIR}/*.proto)
  set(generated)
  foreach(schema ${schemas})
    string(REGEX REPLACE "\\.proto$" ".pb" stem ${CMAKE_BINARY_DIR}/${schema})
    add_custom_command(OUTPUT ${stem}.cc ${stem}.h
      COMMAND protobuf::protoc --proto_path=${CMAKE_SOURCE_DIR} --cpp_out=${CMAKE_BINARY_DIR} ${CMAKE_SOURCE_DIR}/${schema}
      DEPENDS ${CMAKE_SOURCE_DIR}/${schema} COMMENT "Schema ${schema}")
    list(APPEND generated ${stem}.cc ${stem}.h)
  endforeach()
  add_library(${target} STATIC ${generated})
  target_include_directories(${target} SYSTEM PUBLIC ${CMAKE_BINARY_DIR})
  set_target_properties(${target} PROPERTIES UNITY_BUILD OFF)
  target_link_libraries(${target} PUBLIC protobuf::libprotobuf)
endfunction()

# zk2kraft_test(<target> [DIRECTORY dir] [LINK libs…] [LABELS labels…] [TIMEOUT seconds])
# One GoogleTest binary of every *_test.cc directly in the folder; each test is a ctest entry.
function(zk2kraft_test target)
  cmake_parse_arguments(arg "" "DIRECTORY;TIMEOUT" "LINK;LABELS" ${ARGN})
  if(NOT arg_DIRECTORY)
    set(arg_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
  endif()
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 300)
  endif()
  file(GLOB sources CONFIGURE_DEPENDS ${arg_DIRECTORY}/*_test.cc)
  if(NOT sources)
    return()
  endif()
  add_executable(${target} ${sources})
  target_link_libraries(${target} PRIVATE ${arg_LINK} zk2kraft_options tests_support GTest::gtest
    GTest::gtest_main rapidcheck_gtest)
  target_compile_definitions(${target} PRIVATE ZK2KRAFT_SOURCE_DIR="${CMAKE_SOURCE_DIR}"
    ZK2KRAFT_BINARY_DIR="${CMAKE_BINARY_DIR}")
  set(labels)
  if(arg_LABELS)
    set(labels LABELS "${arg_LABELS}")  # an empty value would take the next word for the label
  endif()
  gtest_discover_tests(${target} DISCOVERY_MODE PRE_TEST WORKING_DIRECTORY ${CMAKE_SOURCE_DIR}
    # One seed for all properties, so that a test run can be repeated; run a binary by itself, or set RC_PARAMS,
    # to look further.
    PROPERTIES TIMEOUT ${arg_TIMEOUT} ${labels} ENVIRONMENT "RC_PARAMS=seed=20241119")
endfunction()

# zk2kraft_benchmarks([DIRECTORY dir] LINK libs…): each <name>_benchmark.cc in the folder becomes a Google
# Benchmark executable <name>_benchmark.
function(zk2kraft_benchmarks)
  cmake_parse_arguments(arg "" "DIRECTORY" "LINK" ${ARGN})
  if(NOT ZK2KRAFT_BENCHMARKS)
    return()
  endif()
  if(NOT arg_DIRECTORY)
    set(arg_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
  endif()
  find_package(benchmark REQUIRED)
  file(GLOB sources CONFIGURE_DEPENDS ${arg_DIRECTORY}/*_benchmark.cc)
  foreach(source ${sources})
    get_filename_component(name ${source} NAME_WE)
    add_executable(${name} ${source})
    target_link_libraries(${name} PRIVATE ${arg_LINK} zk2kraft_options benchmark::benchmark)
  endforeach()
endfunction()

# zk2kraft_fuzzers(LINK libs…): each <name>_fuzz.cc becomes a libFuzzer executable <name>_fuzz. Where those are not
# built, the tests' build compiles it all the same, so that whoever changes what it reads hears of it at once.
function(zk2kraft_fuzzers)
  cmake_parse_arguments(arg "" "DIRECTORY" "LINK" ${ARGN})
  if(NOT ZK2KRAFT_FUZZERS AND NOT ZK2KRAFT_TESTS)
    return()
  endif()
  if(NOT arg_DIRECTORY)
    set(arg_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR})
  endif()
  file(GLOB sources CONFIGURE_DEPENDS ${arg_DIRECTORY}/*_fuzz.cc)
  foreach(source ${sources})
    get_filename_component(name ${source} NAME_WE)
    if(ZK2KRAFT_FUZZERS)
      add_executable(${name} ${source})
      target_compile_options(${name} PRIVATE -fsanitize=fuzzer)
      target_link_options(${name} PRIVATE -fsanitize=fuzzer)
    else()
      add_library(${name} OBJECT ${source})
    endif()
    target_link_libraries(${name} PRIVATE ${arg_LINK} zk2kraft_options)
  endforeach()
endfunction()
