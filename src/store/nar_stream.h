#pragma once

#include <filesystem>
#include <functional>
#include <memory>

#include "base/stream.h"

namespace grange {

/// A NAR on its way from one store to another: taken once, by whoever needs it pulled.
class NarStream {
 public:
  virtual ~NarStream() = default;
  virtual void read_with(const std::function<void(Source&)>& use) = 0;
  /// The same for whoever only passes it on.
  virtual void write_to(Sink& sink) = 0;
  /// Dumped here from a tree: its grammar needs no check.
  virtual bool is_well_formed() const = 0;
};

/// Of a source that gives exactly the NAR.
std::unique_ptr<NarStream> nar_from_source(std::unique_ptr<Source> source);
/// Of a function that writes it, which runs in a thread of its own where somebody pulls.
std::unique_ptr<NarStream> nar_from_writer(std::function<void(Sink&)> write);
/// Of a file, symlink or directory tree.
std::unique_ptr<NarStream> nar_from_tree(const std::filesystem::path& path);

}  // namespace grange
