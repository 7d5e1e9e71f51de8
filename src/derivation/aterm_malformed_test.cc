#include <gtest/gtest.h>

#include "base/error.h"
#include "derivation/aterm.h"
#include "derivation/aterm_reader.h"
#include "derivation/sample_files.h"

namespace grange {
namespace {

/// A text with marks: `base` in which the one `@` is replaced, and where the error must be.
struct Case {
  const char* what;
  std::string text;
  std::size_t offset;
};

#define PATH_A "/nix/store/a015dhfh5l0lp6wxyvdn7bmwhbbr6hr9-a"
#define PATH_B "/nix/store/b015dhfh5l0lp6wxyvdn7bmwhbbr6hr9-b"
#define OUT R"([("out","","","")])"
#define REST R"(,"s","b",[],[]))"

/// `text` holds one `@`, which stands where the error must be and is not part of the text.
Case at(const char* what, std::string text) {
  const auto offset = text.find('@');
  text.erase(offset, 1);
  return {what, std::move(text), offset};
}

std::vector<Case> malformed() {
  return {
      at("nothing", "@"),
      at("another term", "@Derived([],[],[])"),
      at("half a head", "Deri@"),
      at("an unknown version", R"(DrvWithVersion("@xp-other",[],[],[],"s","b",[],[]))"),
      at("a version without need", R"(@DrvWithVersion("xp-dyn-drv",)" OUT ",[],[]" REST),
      at("bytes behind the end", "Derive(" OUT ",[],[]" REST "@ "),
      at("a missing end", "Derive(" OUT R"(,[],[],"s","b",[],[]@)"),
      at("a missing field", "Derive(" OUT R"(,[],[],"s","b",[]@))"),
      at("a space", "Derive(@ " OUT ",[],[]" REST),
      at("a comma too many", R"(Derive([("out","","",""),@],[],[])" REST),
      at("a string without end", R"(Derive([(@"out)"),
      at("a string that ends in a backslash", "Derive(" OUT R"(,[],[],"s",@"b\)"),
      at("a raw line feed", "Derive(" OUT ",[],[],\"s\",\"b@\nc\",[],[])"),
      at("a raw tab", "Derive(" OUT ",[],[],\"s\",\"b@\tc\",[],[])"),
      at("an escape that needs none", "Derive(" OUT R"(,[],[],"s","b@\x",[],[]))"),
      at("an escaped system", "Derive(" OUT R"(,[],[],"@s\"","b",[],[]))"),
      at("an output name", R"(Derive([("@o t","","","")],[],[])" REST),
      at("an empty output name", R"(Derive([("@","","","")],[],[])" REST),
      at("an output twice", R"(Derive([("out","","",""),("@out","","","")],[],[])" REST),
      at("outputs out of order", R"(Derive([("out","","",""),("@dev","","","")],[],[])" REST),
      at("kinds that differ", R"(Derive([("a","","",""),("@b","","r:sha256","")],[],[])" REST),
      at("methods that differ",
         R"(Derive([("a","","sha256",""),("b","","@r:sha256","")],[],[])" REST),
      at("a fixed output that is not out",
         R"(Derive([("@dev",")" PATH_A
         R"(","md5","d41d8cd98f00b204e9800998ecf8427e")],[],[])" REST),
      at("a digest in capitals", R"(Derive([("out",")" PATH_A
                                 R"(","md5","@D41D8CD98F00B204E9800998ECF8427E")],[],[])" REST),
      at("a digest that is too short",
         R"(Derive([("out",")" PATH_A R"(","md5","@d41d8cd98f00b204e9800998ecf842")],[],[])" REST),
      at("a fixed output without path",
         R"(Derive([("out","@","md5","d41d8cd98f00b204e9800998ecf8427e")],[],[])" REST),
      at("a floating output with path", R"(Derive([("out","@)" PATH_A R"(","md5","")],[],[])" REST),
      at("a digest without algorithm", R"(Derive([("out","","@","abcd")],[],[])" REST),
      at("an unknown algorithm", R"(Derive([("out","","@sha3-256","")],[],[])" REST),
      at("an output elsewhere", R"(Derive([("out","@/gnu/store/a-a","","")],[],[])" REST),
      at("a path that is not canonical",
         R"(Derive([("out","@/nix/store//a015dhfh5l0lp6wxyvdn7bmwhbbr6hr9-a","","")],[],[])" REST),
      at("a path below", R"(Derive([("out","@)" PATH_A R"(/x","","")],[],[])" REST),
      at("an input of which nothing is used",
         "Derive(" OUT R"(,[(")" PATH_A R"(.drv",@[])],[])" REST),
      at("an input that is no derivation",
         "Derive(" OUT R"(,[("@)" PATH_A R"(",["out"])],[])" REST),
      at("an input twice", "Derive(" OUT R"(,[(")" PATH_A R"(.drv",["out"]),("@)" PATH_A
                           R"(.drv",["out"])],[])" REST),
      at("inputs out of order", "Derive(" OUT R"(,[(")" PATH_B R"(.drv",["out"]),("@)" PATH_A
                                R"(.drv",["out"])],[])" REST),
      at("input outputs out of order",
         "Derive(" OUT R"(,[(")" PATH_A R"(.drv",["out","@dev"])],[])" REST),
      at("a dynamic input without version",
         "Derive(" OUT R"(,[(")" PATH_A R"(.drv",@(["a"],[("b",["c"])]))],[])" REST),
      at("a dynamic input without outputs",
         R"(DrvWithVersion("xp-dyn-drv",)" OUT R"(,[(")" PATH_A R"(.drv",@(["a"],[]))],[])" REST),
      at("sources out of order", "Derive(" OUT R"(,[],[")" PATH_B R"(","@)" PATH_A R"("])" REST),
      at("a source twice", "Derive(" OUT R"(,[],[")" PATH_A R"(","@)" PATH_A R"("])" REST),
      at("variables out of order", "Derive(" OUT R"(,[],[],"s","b",[],[("b",""),("@a","")]))"),
      at("a variable twice", "Derive(" OUT R"(,[],[],"s","b",[],[("a",""),("@a","x")]))"),
      at("variables whose escapes are in order but not they",
         "Derive(" OUT R"(,[],[],"s","b",[],[("Z",""),("@\t","")]))"),
  };
}

TEST(AtermMalformed, IsRefusedWithItsOffset) {
  for (const auto& [what, text, offset] : malformed()) {
    try {
      parse_aterm(kNix, "x", text);
      ADD_FAILURE() << "accepted " << what;
    } catch (const InvalidError& error) {
      EXPECT_TRUE(error.message().starts_with("offset " + std::to_string(offset) + ": "))
          << what << ": " << error.message();
    }
  }
}

TEST(AtermMalformed, EveryTruncationIsRefused) {
  const std::string text = "Derive(" OUT R"(,[(")" PATH_A R"(.drv",["out"])],[")" PATH_B
                           R"("],"s","b",["x"],[("k","v")]))";
  EXPECT_NO_THROW(parse_aterm(kNix, "x", text));
  for (std::size_t size = 0; size < text.size(); ++size) {
    EXPECT_THROW(parse_aterm(kNix, "x", text.substr(0, size)), InvalidError) << size;
  }
}

TEST(AtermMalformed, UpstreamsBadFiles) {
  // What upstream's own tests call bad: a version nobody knows, the dynamic form in the old one.
  EXPECT_THROW(
      parse_aterm(kNix, "x", R"(DrvWithVersion("invalid-version",[],[],[],"s","b",[],[]))"),
      InvalidError);
}

TEST(DetectStoreDir, TakesTheFirstPath) {
  EXPECT_EQ(detect_store_dir("Derive(" OUT ",[],[\"" PATH_B "\"]" REST)->str(), "/nix/store");
  EXPECT_EQ(detect_store_dir(
                R"(Derive([("out","/gnu/store/a015dhfh5l0lp6wxyvdn7bmwhbbr6hr9-a","","")],[],[])")
                ->str(),
            "/gnu/store");
  EXPECT_FALSE(detect_store_dir("Derive(" OUT R"(,[],[],"s","/bin/sh",[],[]))"));
  EXPECT_FALSE(detect_store_dir("something else: \"" PATH_A "\""));
  EXPECT_FALSE(detect_store_dir(""));
}

}  // namespace
}  // namespace grange
