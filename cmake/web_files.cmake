# The files of web/, and the pinned ones of web/package.json that pages run, become part of a library: an assembler file
# that includes them, and a table of their names, begins and ends.
function(grange_web_files target)
  set(web ${PROJECT_SOURCE_DIR}/web)
  file(GLOB files CONFIGURE_DEPENDS RELATIVE ${web} ${web}/templates/*.html ${web}/static/*)
  # Name, and where it is.
  set(pairs "")
  foreach(file ${files})
    list(APPEND pairs "${file}|${file}")
  endforeach()
  list(APPEND pairs "static/htmx.js|node_modules/htmx.org/dist/htmx.min.js"
    "static/uplot.js|node_modules/uplot/dist/uPlot.iife.min.js"
    "static/uplot.css|node_modules/uplot/dist/uPlot.min.css")
  set(contents "")
  set(table "")
  set(number 0)
  foreach(pair ${pairs})
    string(REPLACE "|" ";" pair "${pair}")
    list(GET pair 0 name)
    list(GET pair 1 file)
    if(NOT EXISTS ${web}/${file})
      message(FATAL_ERROR "web/${file} is missing: run tools/setup, or npm ci in web/")
    endif()
    string(APPEND contents
      "name_${number}: .asciz \"${name}\"\nbegin_${number}: .incbin \"${web}/${file}\"\nend_${number}:\n")
    string(APPEND table ".quad name_${number}, begin_${number}, end_${number}\n")
    list(APPEND paths ${web}/${file})
    math(EXPR number "${number} + 1")
  endforeach()
  set(source ${PROJECT_BINARY_DIR}/web_files.S)
  file(GENERATE OUTPUT ${source} CONTENT
"    .section .rodata
${contents}
    .section .data.rel.ro, \"aw\"
    .balign 8
    .globl grange_web_files
grange_web_files:
${table}.quad 0
    .section .note.GNU-stack, \"\"
")
  set_source_files_properties(${source} PROPERTIES OBJECT_DEPENDS "${paths}" GENERATED ON)
  target_sources(${target} PRIVATE ${source})
endfunction()
