#pragma once

#include <span>
#include <string>
#include <string_view>

namespace grange {

/// A file of web/, which the program carries within itself.
struct WebFile {
  std::string_view name;  ///< below web/: "static/style.css"
  std::string_view content;
};

/// All of them, by name.
std::span<const WebFile> web_files();
/// Throws NotFoundError.
const WebFile& web_file(std::string_view name);
/// Another one when any of them is another: what is below /static/DIGEST/ never changes.
const std::string& web_files_digest();

}  // namespace grange
