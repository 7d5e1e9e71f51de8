#include "build/address_outputs.h"

#include <algorithm>
#include <map>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>

#include "archive/nar.h"
#include "archive/self_reference.h"
#include "base/error.h"
#include "base/file.h"
#include "base/stream.h"
#include "build/digest_rewriter.h"
#include "build/fixed_output.h"
#include "store/local_store.h"

namespace grange {
namespace {

ContentMethodAlgorithm promise_of(const DerivationOutput& output) {
  if (const auto* floating = std::get_if<FloatingOutput>(&output)) return floating->promise;
  return std::get<ImpureOutput>(output).promise;
}

/// Those that others refer to come before these.
void put_references_first(std::vector<CollectedOutput>& outputs) {
  for (std::size_t done = 0; done < outputs.size(); ++done) {
    const auto next = std::find_if(
        outputs.begin() + static_cast<std::ptrdiff_t>(done), outputs.end(), [&](const auto& one) {
          return std::none_of(outputs.begin() + static_cast<std::ptrdiff_t>(done), outputs.end(),
                              [&](const auto& other) {
                                return &other != &one &&
                                       one.info.references.contains(other.place.made_as);
                              });
        });
    if (next == outputs.end()) throw InvalidError("outputs refer to each other in a circle");
    std::rotate(outputs.begin() + static_cast<std::ptrdiff_t>(done), next, next + 1);
  }
}

class Addressing {
 public:
  explicit Addressing(const AddressRequest& request) : request_(request) {}

  void address(CollectedOutput& output) {
    const auto& scratch = output.place.made_as;
    replace(output, siblings_of(output));
    References references{output.info.references, false};
    references.self = references.others.erase(scratch) > 0;
    for (const auto& [made_as, path] : finals_) {
      if (references.others.erase(made_as) > 0) references.others.insert(path);
    }
    const ContentAddress address = content_address(output);
    auto path = make_content_addressed_path(
        request_.store_dir, output_path_name(request_.derivation.name, output.place.name), address,
        references);
    if (references.self) {
      StringRewrites own;
      own.emplace(scratch.hash_part(), path.hash_part());
      replace(output, own);
    }
    auto& info = output.info;
    if (rewritten_) {
      const auto nar = hash_nar(output.place.location);
      info.nar_hash = nar.hash;
      info.nar_size = nar.size;
    }
    info.references = std::move(references.others);
    if (references.self) info.references.insert(path);
    info.content_address = address;
    finals_.emplace(scratch, path);
    info.path = path;
    output.place.promised = std::move(path);
    rewritten_ = false;
  }

 private:
  StringRewrites siblings_of(const CollectedOutput& output) const {
    StringRewrites rewrites;
    for (const auto& [made_as, path] : finals_) {
      if (output.info.references.contains(made_as)) {
        rewrites.emplace(made_as.hash_part(), path.hash_part());
      }
    }
    return rewrites;
  }

  void replace(const CollectedOutput& output, const StringRewrites& rewrites) {
    if (rewrites.empty()) return;
    rewrite_tree(output.place.location, rewrites, request_.spool_file());
    canonicalise_tree(output.place.location, std::nullopt);
    rewritten_ = true;
  }

  ContentAddress content_address(const CollectedOutput& output) const {
    const auto promise = promise_of(request_.derivation.outputs.find(output.place.name)->second);
    const auto& tree = output.place.location;
    SelfReferenceHasher hasher(promise.algorithm, output.place.made_as.hash_part());
    switch (promise.method) {
      case ContentMethod::recursive:
        dump_nar(tree, hasher);
        break;
      case ContentMethod::flat:
      case ContentMethod::text: {
        if (!is_plain_file(tree)) {
          throw InvalidError(fmt::format(
              "it is not a regular file without execute permission, which outputHashMode={} needs",
              to_string(promise.method)));
        }
        const auto file = open_file(tree, O_RDONLY);
        FdSource source(file.get());
        drain(source, hasher);
        break;
      }
      case ContentMethod::git:
        throw InvalidError("its path would be a git hash, which cannot be made here");
    }
    return {promise.method, hasher.finish()};
  }

  const AddressRequest& request_;
  std::map<StorePath, StorePath> finals_;  ///< by scratch path
  bool rewritten_ = false;
};

}  // namespace

std::optional<BuildFailure> address_outputs(const AddressRequest& request,
                                            std::vector<CollectedOutput>& outputs) {
  put_references_first(outputs);
  Addressing addressing(request);
  for (auto& output : outputs) {
    try {
      addressing.address(output);
    } catch (const InvalidError& error) {
      return BuildFailure{
          Outcome::output_rejected,
          fmt::format("output '{}' of '{}' is rejected: {}", output.place.name,
                      request.store_dir.print(request.derivation_path), error.message())};
    }
  }
  return std::nullopt;
}

}  // namespace grange
