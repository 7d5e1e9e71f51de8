#include <utility>

#include "base/error.h"
#include "store/lookup_cache.h"

namespace grange {
namespace {

class RememberingStorage final : public Storage {
 public:
  RememberingStorage(std::unique_ptr<Storage> storage, std::shared_ptr<LookupCache> lookups,
                     bool believe)
      : storage_(std::move(storage)),
        lookups_(std::move(lookups)),
        believe_(believe),
        name_(storage_->describe()) {}

  std::string describe() const override { return name_; }
  unsigned requests_at_once() const override { return storage_->requests_at_once(); }

  bool has(const std::string& key) override { return has_many({key})[0] != 0; }

  std::vector<char> has_many(const std::vector<std::string>& keys) override {
    std::vector<char> there(keys.size());
    ask_for_unknown(
        keys, [&](std::size_t i, const LookupCache::Answer& answer) { there[i] = answer ? 1 : 0; },
        [&](const std::vector<std::string>& asked, const std::vector<std::size_t>& at) {
          const auto found = storage_->has_many(asked);
          for (std::size_t i = 0; i < at.size(); ++i) there[at[i]] = found[i];
        });
    return there;
  }

  std::optional<std::string> read(const std::string& key, std::uint64_t limit) override {
    return std::move(read_many({key}, limit)[0]);
  }

  std::vector<std::optional<std::string>> read_many(const std::vector<std::string>& keys,
                                                    std::uint64_t limit) override {
    std::vector<std::optional<std::string>> contents(keys.size());
    ask_for_unknown(
        keys, [&](std::size_t i, LookupCache::Answer answer) { contents[i] = std::move(answer); },
        [&](const std::vector<std::string>& asked, const std::vector<std::size_t>& at) {
          auto found = storage_->read_many(asked, limit);
          remember(asked, found);
          for (std::size_t i = 0; i < at.size(); ++i) contents[at[i]] = std::move(found[i]);
        });
    return contents;
  }

  std::unique_ptr<Source> open(const std::string& key) override { return storage_->open(key); }
  std::unique_ptr<StagedObject> stage() override { return storage_->stage(); }

  void write(const std::string& key, std::string_view content, std::string_view type) override {
    try {
      storage_->write(key, content, type);
    } catch (const Error&) {
      forget(key);  // who knows what is there now
      throw;
    }
    if (LookupCache::is_lookup(key)) lookups_->remember(name_, {{key, std::string(content)}});
  }

  std::vector<std::string> list(std::string_view suffix) override { return storage_->list(suffix); }

  void forget(const std::string& key) override {
    if (LookupCache::is_lookup(key)) lookups_->forget(name_, key);
    storage_->forget(key);
  }

 private:
  /// `use` takes what is known; `ask` gets what is not, and where it stands among the keys.
  template <typename Use, typename Ask>
  void ask_for_unknown(const std::vector<std::string>& keys, const Use& use, const Ask& ask) {
    std::vector<std::string> asked;
    std::vector<std::size_t> at;
    std::vector<std::optional<LookupCache::Answer>> known(keys.size());
    if (believe_) known = lookups_->find(name_, keys);
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (known[i]) {
        use(i, std::move(*known[i]));
      } else {
        asked.push_back(keys[i]);
        at.push_back(i);
      }
    }
    if (!asked.empty()) ask(asked, at);
  }

  void remember(const std::vector<std::string>& keys,
                const std::vector<std::optional<std::string>>& contents) {
    std::vector<std::pair<std::string, LookupCache::Answer>> answers;
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (!LookupCache::is_lookup(keys[i])) continue;
      // A cache that says nothing of itself may be one soon.
      if (keys[i] == "nix-cache-info" && !contents[i]) continue;
      answers.emplace_back(keys[i], contents[i]);
    }
    lookups_->remember(name_, answers);
  }

  std::unique_ptr<Storage> storage_;
  std::shared_ptr<LookupCache> lookups_;
  bool believe_;
  std::string name_;
};

}  // namespace

std::unique_ptr<Storage> remember_lookups(std::unique_ptr<Storage> storage,
                                          std::shared_ptr<LookupCache> lookups, bool believe) {
  return std::make_unique<RememberingStorage>(std::move(storage), std::move(lookups), believe);
}

}  // namespace grange
