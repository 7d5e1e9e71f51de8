#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace grange {

/// An element that holds text and no other elements.
struct XmlLeaf {
  std::string path;  ///< names from the root, without prefixes: "ListBucketResult/Contents/Key"
  std::string text;  ///< with entities replaced
};

/// The leaves of a small XML document in their order: what the answers of web services need.
/// Attributes, comments and processing instructions are passed over; an element that holds both
/// text and elements loses its text. Throws CorruptError for what is no such document: tags that do
/// not match, a DTD, entities other than XML's own five and characters by number, nesting beyond
/// 32.
std::vector<XmlLeaf> read_xml_leaves(std::string_view document);

}  // namespace grange
