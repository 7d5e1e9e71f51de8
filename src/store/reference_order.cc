#include "store/reference_order.h"

#include <set>
#include <unordered_map>

#include "base/error.h"

namespace grange {

std::vector<const PathInfo*> references_first(const StoreDir& store,
                                              const std::vector<PathInfo>& infos) {
  enum class Mark { fresh, open, done };
  struct Entry {
    const PathInfo* info;
    Mark mark;
  };
  struct Visit {
    Entry* entry;
    std::set<StorePath>::const_iterator next;
  };
  std::unordered_map<StorePath, Entry> entries;
  for (const PathInfo& info : infos) entries.emplace(info.path, Entry{&info, Mark::fresh});
  std::vector<const PathInfo*> order;
  std::vector<Visit> stack;  // no recursion: a chain of references may be of any length
  const auto enter = [&](Entry& entry) {
    entry.mark = Mark::open;
    stack.push_back({&entry, entry.info->references.begin()});
  };
  for (const PathInfo& root : infos) {
    Entry& entry = entries.at(root.path);
    if (entry.mark == Mark::fresh) enter(entry);
    while (!stack.empty()) {
      Visit& top = stack.back();
      const PathInfo& info = *top.entry->info;
      if (top.next == info.references.end()) {
        top.entry->mark = Mark::done;
        order.push_back(&info);
        stack.pop_back();
        continue;
      }
      const auto found = entries.find(*top.next++);
      if (found == entries.end() || found->second.info == &info) continue;
      if (found->second.mark == Mark::open) {
        throw InvalidError("the references of '" + store.print(info.path) +
                           "' lead in a circle through '" + store.print(found->first) + "'");
      }
      if (found->second.mark == Mark::fresh) enter(found->second);
    }
  }
  return order;
}

}  // namespace grange
