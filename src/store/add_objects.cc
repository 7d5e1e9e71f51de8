#include <chrono>

#include <fcntl.h>
#include <sys/stat.h>

#include "archive/nar.h"
#include "archive/tree_copy.h"
#include "base/error.h"
#include "base/fault.h"
#include "base/stream.h"
#include "base/text.h"
#include "store/content_check.h"
#include "store/local_store_implementation.h"
#include "store/nar_check.h"
#include "store/path_locks.h"
#include "store/registration_checks.h"

namespace grange {
namespace {

/// Whoever holds it may be building the same path; then this is how long a build may take.
constexpr std::chrono::seconds kLockPatience = std::chrono::hours(24);
constexpr std::uint64_t kMaxText = std::uint64_t{256} << 20;

/// The content itself must have the address that the path claims. The NAR was hashed already.
void check_content(const StoreDir& store, const std::filesystem::path& staged,
                   const PathInfo& info) {
  if (!info.content_address) return;
  const ContentAddress& address = *info.content_address;
  const bool self = info.references.contains(info.path);
  const bool is_of_nar = !self && address.method == ContentMethod::recursive &&
                         address.hash.algorithm() == HashAlgorithm::sha256;
  const Hash got = is_of_nar ? info.nar_hash
                             : hash_content(staged, {address.method, address.hash.algorithm()},
                                            self ? info.path.hash_part() : std::string_view());
  if (got != address.hash) {
    throw CorruptError("the content of '" + store.print(info.path) +
                       "' is not what its path is made of: specified " +
                       address.hash.to_string(HashFormat::nix32) + ", got " +
                       got.to_string(HashFormat::nix32));
  }
  check_content_address_claim(store, info);
}

}  // namespace

void LocalStoreImplementation::place(StagedTree& staged, const PathInfo& info,
                                     const std::stop_token& stop) {
  canonicalise_tree(staged.path(), std::nullopt);
  if (waits_.never.contains(info.path)) {
    throw ConflictError("'" + store_dir().print(info.path) +
                        "' is being made by whoever waits for it to be added");
  }
  PathLocks locks =
      lock_paths(location_, {info.path}, stop.stop_possible() ? stop : waits_.stop, kLockPatience);
  locks.remove_files();  // whatever happens: nothing stays half-made for anybody to wait for
  if (is_valid(info.path)) return;
  const auto real = real_path(info.path);
  remove_tree(real);  // what a killed process left: nobody has registered it
  fault_point("store.add.before-move");
  move_canonical_tree(staged.path(), real);
  staged.moved();
  try {
    fault_point("store.add.before-register");
    register_valid({info});
  } catch (...) {
    if (!is_valid(info.path)) remove_tree(real);
    throw;
  }
}

void LocalStoreImplementation::add_nar(const PathInfo& info, Source& nar) {
  with_context([&] { return "while adding path '" + store_dir().print(info.path) + "'"; },
               [&] {
                 add_temporary_root(info.path);
                 if (is_valid(info.path)) {
                   NullSink nowhere;
                   copy_nar(nar, nowhere);
                   return;
                 }
                 StagedTree staged(writing().staging);
                 HashSink hash(HashAlgorithm::sha256);
                 TeeSource tee(nar, hash);
                 restore_nar(staged.path(), tee);
                 check_nar(store_dir(), info, hash.finish(), hash.size());
                 check_content(store_dir(), staged.path(), info);
                 place(staged, info, {});
               });
}

StorePath LocalStoreImplementation::add_text(std::string_view name, std::string_view content,
                                             const std::set<StorePath>& references) {
  StorePath path = make_text_path(store_dir(), name, content, references);
  add_temporary_root(path);
  if (is_valid(path)) return path;
  StagedTree staged(writing().staging);
  {
    const FileDescriptor file = open_file(staged.path(), O_WRONLY | O_CREAT | O_EXCL, 0644);
    FdSink(file.get()).write(content);
  }
  const NarDigest digest = hash_nar(staged.path());
  PathInfo info(path, digest.hash);
  info.nar_size = digest.size;
  info.references = references;
  info.content_address =
      ContentAddress{ContentMethod::text, hash_bytes(HashAlgorithm::sha256, content)};
  place(staged, info, {});
  return path;
}

StorePath LocalStoreImplementation::add_tree(const std::filesystem::path& source,
                                             std::string_view name, ContentMethodAlgorithm method) {
  if (method.method == ContentMethod::text) return add_text(name, read_file(source), {});
  return with_context(
      [&] { return "while adding '" + source.string() + "' to the store"; },
      [&] {
        const auto path_of = [&](const Hash& hash) {
          return make_content_addressed_path(store_dir(), name, {method.method, hash});
        };
        StorePath path = path_of(hash_content(source, method));
        add_temporary_root(path);
        if (is_valid(path)) return path;
        StagedTree staged(writing().staging);
        // What counts is what was copied: the source may have changed since it was hashed.
        NarDigest digest = copy_tree(source, staged.path());
        if (method.method == ContentMethod::flat) {  // which knows of no executable files
          if (::chmod(staged.path().c_str(), 0644) != 0) {
            throw_errno("changing the mode of", staged.path().string());
          }
          digest = hash_nar(staged.path());
        }
        return place_content(staged, name, method, {}, digest);
      });
}

StorePath LocalStoreImplementation::place_content(StagedTree& staged, std::string_view name,
                                                  ContentMethodAlgorithm method,
                                                  const std::set<StorePath>& references,
                                                  NarDigest digest) {
  ContentAddress address{method.method, digest.hash};
  if (method.method == ContentMethod::flat || method.algorithm != HashAlgorithm::sha256) {
    address.hash = hash_content(staged.path(), method);
  }
  StorePath path = make_content_addressed_path(store_dir(), name, address, {references, false});
  add_temporary_root(path);
  PathInfo info(path, digest.hash);
  info.nar_size = digest.size;
  info.references = references;
  info.content_address = address;
  place(staged, info, {});
  return path;
}

StorePath LocalStoreImplementation::add_content(std::string_view name,
                                                ContentMethodAlgorithm method,
                                                const std::set<StorePath>& references,
                                                Source& content) {
  return with_context(
      [&] { return "while adding '" + printable(name) + "' to the store"; },
      [&] {
        if (method.method == ContentMethod::text) {
          return add_text(name, read_all(content, kMaxText), references);
        }
        if (method.method == ContentMethod::git) {
          throw InvalidError("objects that are addressed by a git hash cannot be added yet");
        }
        StagedTree staged(writing().staging);
        HashSink hash(HashAlgorithm::sha256);
        if (method.method == ContentMethod::recursive) {
          TeeSource tee(content, hash);
          restore_nar(staged.path(), tee);
          const auto size = hash.size();
          return place_content(staged, name, method, references, {hash.finish(), size});
        }
        {
          const FileDescriptor file = open_file(staged.path(), O_WRONLY | O_CREAT | O_EXCL, 0644);
          FdSink sink(file.get());
          drain(content, sink);
        }
        return place_content(staged, name, method, references, hash_nar(staged.path()));
      });
}

}  // namespace grange
