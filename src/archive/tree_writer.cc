#include "archive/tree_writer.h"

#include <cerrno>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/stream.h"

namespace grange {
namespace {

std::filesystem::path without_trailing_slash(const std::filesystem::path& path) {
  std::string text = path.string();
  while (text.size() > 1 && text.back() == '/') text.pop_back();
  return text;
}

}  // namespace

TreeWriter::TreeWriter(const std::filesystem::path& destination)
    : destination_(without_trailing_slash(destination)),
      root_name_(destination_.filename().string()) {
  const auto directory = destination_.parent_path();
  root_parent_ = open_file(directory.empty() ? "." : directory, O_PATH | O_DIRECTORY);
}

TreeWriter::~TreeWriter() {
  if (!created_) return;
  file_.reset();
  open_.clear();
  try {
    remove_tree(destination_);
  } catch (const std::exception&) {  // the error that brought us here says more
  }
}

int TreeWriter::parent() const {
  return open_.empty() ? root_parent_.get() : open_.back().fd.get();
}

const char* TreeWriter::enter(std::string_view name) {
  name_ = open_.empty() ? std::string_view(root_name_) : name;
  return name_.c_str();
}

std::string TreeWriter::shown() const {
  if (open_.empty()) return destination_.string();
  std::string text = destination_.string();
  for (std::size_t i = 1; i < open_.size(); ++i) text += "/" + open_[i].name;
  return text + "/" + name_;
}

void TreeWriter::fail(std::string_view verb) const {
  if (errno == EEXIST) throw ConflictError("'" + shown() + "' exists already");
  throw_errno(verb, shown());
}

void TreeWriter::directory_begin(std::string_view name) {
  const char* own = enter(name);
  if (::mkdirat(parent(), own, 0777) != 0) fail("creating directory");
  created_ = true;
  FileDescriptor fd(::openat(parent(), own, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
  if (!fd) fail("opening");
  open_.push_back({std::move(fd), name_});
}

void TreeWriter::directory_end() {
  open_.pop_back();
}

void TreeWriter::file_begin(std::string_view name, bool executable, std::uint64_t) {
  const int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  file_ = FileDescriptor(::openat(parent(), enter(name), flags, executable ? 0777 : 0666));
  if (!file_) fail("creating");
  created_ = true;
}

void TreeWriter::file_data(std::string_view data) {
  with_context([&] { return "while writing '" + shown() + "'"; },
               [&] { FdSink(file_.get()).write(data); });
}

void TreeWriter::file_end() {
  file_.reset();
}

void TreeWriter::symlink(std::string_view name, std::string_view target) {
  if (::symlinkat(std::string(target).c_str(), parent(), enter(name)) != 0) {
    fail("creating symlink");
  }
  created_ = true;
}

}  // namespace grange
