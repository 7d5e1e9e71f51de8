#include "plan/need_list.h"

namespace grange {

NeedList::Ends& NeedList::ends(StepIndex step) {
  if (step >= ends_.size()) ends_.resize(step + 1);
  return ends_[step];
}

NeedList::Id NeedList::add(const Need& need) {
  Id id = free_;
  if (id == kNone) {
    id = static_cast<Id>(links_.size());
    links_.emplace_back();
  } else {
    free_ = links_[id].next_for;
  }
  Link& link = links_[id];
  link = Link{};
  link.need = need;
  Ends& target = ends(need.step);
  link.previous_for = target.last_for;
  (target.last_for == kNone ? target.first_for : links_[target.last_for].next_for) = id;
  target.last_for = id;
  if (!need.from_want) {
    Ends& source = ends(need.from);
    link.next_from = source.first_from;
    if (source.first_from != kNone) links_[source.first_from].previous_from = id;
    source.first_from = id;
  }
  return id;
}

NeedList::Id NeedList::add_from_want(WantIndex want, StepIndex step, OutputMask outputs) {
  return add({step, want, true, outputs});
}

NeedList::Id NeedList::add_from_step(StepIndex from, StepIndex step, OutputMask outputs) {
  return add({step, from, false, outputs});
}

void NeedList::remove(Id id) {
  Link& link = links_[id];
  Ends& target = ends(link.need.step);
  (link.previous_for == kNone ? target.first_for : links_[link.previous_for].next_for) =
      link.next_for;
  (link.next_for == kNone ? target.last_for : links_[link.next_for].previous_for) =
      link.previous_for;
  if (!link.need.from_want) {
    (link.previous_from == kNone ? ends(link.need.from).first_from
                                 : links_[link.previous_from].next_from) = link.next_from;
    if (link.next_from != kNone) links_[link.next_from].previous_from = link.previous_from;
  }
  link.next_for = free_;
  free_ = id;
}

}  // namespace grange
