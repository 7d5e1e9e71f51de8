#include "process/visible_tree.h"

#include <cerrno>
#include <climits>
#include <cstdlib>

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file.h"

namespace grange {
namespace {

/// More entries than this are not bound one by one.
constexpr std::size_t kOpenedLimit = 20'000;
constexpr int kSymlinkLimit = 40;

std::vector<std::string_view> components_of(std::string_view path) {
  if (!path.starts_with('/')) {
    throw InvalidError("path '" + std::string(path) + "' in a sandbox must be absolute");
  }
  std::vector<std::string_view> components;
  for (std::size_t begin = 0; begin < path.size();) {
    const std::size_t end = std::min(path.find('/', begin), path.size());
    const auto component = path.substr(begin, end - begin);
    if (component == "..") {
      throw InvalidError("path '" + std::string(path) + "' in a sandbox must not contain '..'");
    }
    if (!component.empty() && component != ".") components.push_back(component);
    begin = end + 1;
  }
  return components;
}

std::string read_link(const std::string& path) {
  std::string target(PATH_MAX, '\0');
  const auto size = ::readlink(path.c_str(), target.data(), target.size());
  if (size < 0) throw_errno("reading symlink", path);
  target.resize(static_cast<std::size_t>(size));
  return target;
}

VisibleTree::Kind bind_kind(mode_t mode) {
  if (S_ISDIR(mode)) return VisibleTree::Kind::bind_directory;
  return S_ISREG(mode) ? VisibleTree::Kind::bind_file : VisibleTree::Kind::bind_device;
}

/// The host's path without symlinks; nothing when it does not exist.
std::optional<std::string> resolve(const std::string& path) {
  const std::unique_ptr<char, void (*)(void*)> resolved(::realpath(path.c_str(), nullptr),
                                                        &std::free);
  if (resolved) return resolved.get();
  if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
  throw_errno("looking at", path);
}

/// Does `directory`, when it is bound somewhere, show `source` at `rest` below it? Only symlinks
/// that stay beside themselves are followed, since where others lead inside is another question.
bool shows(const std::string& directory, const std::vector<std::string_view>& rest,
           std::size_t first, const std::string& source) {
  std::string path = directory;
  int links = 0;
  for (std::size_t i = first; i < rest.size(); ++i) {
    std::string next = path + "/" + std::string(rest[i]);
    struct stat status {};
    for (;;) {
      if (::lstat(next.c_str(), &status) != 0) return false;
      if (!S_ISLNK(status.st_mode)) break;
      const std::string target = read_link(next);
      if (target.find('/') != std::string::npos || target == "." || target == "..") return false;
      if (++links > kSymlinkLimit) return false;
      next = path + "/" + target;
    }
    path = std::move(next);
  }
  struct stat shown {};
  struct stat specified {};
  return ::stat(path.c_str(), &shown) == 0 && ::stat(source.c_str(), &specified) == 0 &&
         shown.st_dev == specified.st_dev && shown.st_ino == specified.st_ino;
}

}  // namespace

/// Turns a bound host directory into one of our own with the same entries.
void VisibleTree::open_directory(Node& node) {
  const std::string source = std::move(node.text);
  node.kind = Kind::directory;
  node.text.clear();
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(::opendir(source.c_str()), &::closedir);
  if (!stream) throw_errno("opening", source);
  while (const dirent* entry = ::readdir(stream.get())) {
    const std::string_view name = entry->d_name;
    if (name == "." || name == "..") continue;
    const std::string path = (source == "/" ? "" : source) + "/" + std::string(name);
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) continue;  // removed meanwhile
    if (node.children.size() >= kOpenedLimit) {
      throw InvalidError("host directory '" + source + "' has more than " +
                         std::to_string(kOpenedLimit) +
                         " entries: no other path can be shown inside of it");
    }
    auto child = std::make_unique<Node>();
    if (S_ISLNK(status.st_mode)) {
      child->kind = Kind::symlink;
      child->text = read_link(path);
      child->link_source = path;
    } else {
      child->kind = bind_kind(status.st_mode);
      child->text = path;
    }
    node.children.insert_or_assign(std::string(name), std::move(child));
  }
}

VisibleTree::Node* VisibleTree::parent_of(std::string_view path, const Components& components,
                                          const std::string* source) {
  Node* node = &root_;
  for (std::size_t i = 0; i < components.size(); ++i) {
    if (node->kind == Kind::symlink && !node->link_source.empty()) {
      // A host symlink to a directory gives way to a directory with the same entries.
      const auto target = resolve(node->link_source);
      struct stat status {};
      if (target && ::stat(target->c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
        node->kind = Kind::bind_directory;
        node->text = *target;
      }
    }
    if (node->kind == Kind::bind_directory) {
      if (source != nullptr && shows(node->text, components, i, *source)) return nullptr;
      open_directory(*node);
    }
    if (node->kind != Kind::directory) {
      throw InvalidError("path '" + std::string(path) +
                         "' in a sandbox lies below something that is no directory");
    }
    if (i + 1 == components.size()) return node;
    auto& child = node->children[std::string(components[i])];
    if (!child) child = std::make_unique<Node>();
    node = child.get();
  }
  throw InvalidError("path '" + std::string(path) + "' in a sandbox is the root directory itself");
}

VisibleTree::Node& VisibleTree::place(std::string_view path, Kind kind, std::string text) {
  const auto components = components_of(path);
  auto& child = parent_of(path, components, nullptr)->children[std::string(components.back())];
  child = std::make_unique<Node>();
  child->kind = kind;
  child->text = std::move(text);
  return *child;
}

void VisibleTree::add_directory(std::string_view path) {
  if (!has_directory(path)) place(path, Kind::directory, {});
}

void VisibleTree::add_file(std::string_view path, std::string content) {
  place(path, Kind::file, std::move(content));
}

void VisibleTree::add_symlink(std::string_view path, std::string target) {
  place(path, Kind::symlink, std::move(target));
}

bool VisibleTree::bind(std::string_view path, const std::filesystem::path& source) {
  const auto components = components_of(path);
  const auto resolved = resolve(source.native());
  struct stat status {};
  if (!resolved || ::stat(resolved->c_str(), &status) != 0) return false;
  if (components.empty()) {
    root_ = Node{bind_kind(status.st_mode), *resolved, {}, {}};
    return true;
  }
  Node* parent = parent_of(path, components, &*resolved);
  if (parent == nullptr) return true;
  auto node = std::make_unique<Node>();
  node->kind = bind_kind(status.st_mode);
  node->text = *resolved;
  parent->children.insert_or_assign(std::string(components.back()), std::move(node));
  return true;
}

const VisibleTree::Node* VisibleTree::find(const Node& from, const Components& components) {
  const Node* node = &from;
  for (const auto component : components) {
    const auto child = node->children.find(component);
    if (child == node->children.end()) return nullptr;
    node = child->second.get();
  }
  return node;
}

bool VisibleTree::has_directory(std::string_view path) const {
  const Node* node = find(root_, components_of(path));
  return node != nullptr && node->kind == Kind::directory;
}

bool VisibleTree::contains(std::string_view path) const {
  return find(root_, components_of(path)) != nullptr;
}

bool VisibleTree::has_children(std::string_view path) const {
  const Node* node = find(root_, components_of(path));
  return node != nullptr && !node->children.empty();
}

std::vector<VisibleTree::Entry> VisibleTree::entries() const {
  std::vector<Entry> entries;
  struct Visit {
    const Node* node;
    std::string path;
  };
  std::vector<Visit> left{{&root_, ""}};
  while (!left.empty()) {
    const Visit visit = std::move(left.back());
    left.pop_back();
    if (visit.node != &root_) {
      entries.push_back({visit.node->kind, visit.path, visit.node->text});
    }
    for (auto child = visit.node->children.rbegin(); child != visit.node->children.rend();
         ++child) {
      left.push_back({child->second.get(), visit.path + "/" + child->first});
    }
  }
  return entries;
}

}  // namespace grange
