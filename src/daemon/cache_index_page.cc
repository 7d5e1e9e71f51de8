#include "daemon/cache_index_page.h"

#include <fmt/format.h>

namespace grange {
namespace {

constexpr std::string_view kPageHead = R"(<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Binary cache {0}</title>
<style>
:root {{ color-scheme: light dark; }}
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 2rem auto; padding: 0 1rem; }}
h1 {{ font-size: 1.5rem; overflow-wrap: anywhere; }}
h2 {{ font-size: 1.1rem; margin-top: 2rem; }}
dt {{ font-weight: 600; }}
dd {{ margin: 0 0 .5rem; overflow-wrap: anywhere; }}
pre {{ padding: .75rem; border: 1px solid #8886; border-radius: 4px; white-space: pre-wrap; overflow-wrap: anywhere; }}
code, pre {{ font: 14px/1.5 ui-monospace, monospace; }}
</style>
</head>
<body>
<h1>Binary cache {0}</h1>
<p>Nix and Grange fetch finished builds from here instead of making them again.</p>
<dl>
<dt>Store directory</dt><dd><code>{1}</code></dd>
<dt>Priority</dt><dd>{2} (caches with a smaller number are asked first)</dd>
)";

constexpr std::string_view kPageUnsigned = R"(<p>This server has no key of its own. What it serves
carries the signatures that it was given, if any: ask whoever runs it for the public keys. Paths that are
addressed by their content need none.</p>
)";

constexpr std::string_view kPageUploads = R"(<h2>Upload</h2>
<p>With a token from whoever runs this cache, as the password in a netrc file:</p>
<pre>nix copy --to {0} --netrc-file FILE PATH</pre>
)";

}  // namespace

std::string escape_html(std::string_view text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&':
        escaped += "&amp;";
        break;
      case '<':
        escaped += "&lt;";
        break;
      case '>':
        escaped += "&gt;";
        break;
      case '"':
        escaped += "&quot;";
        break;
      case '\'':
        escaped += "&#39;";
        break;
      default:
        escaped += c;
    }
  }
  return escaped;
}

std::string print_cache_page(const CachePage& page) {
  const auto url = escape_html(page.url);
  std::string text =
      fmt::format(kPageHead, url, escape_html(page.info.store_dir.str()), page.info.priority);
  std::string keys;
  for (const auto& key : page.keys) {
    const auto shown = escape_html(key.to_string());
    text += "<dt>Public key</dt><dd><code>" + shown + "</code></dd>\n";
    keys += " " + shown;
  }
  text += "</dl>\n<h2>Use</h2>\n";
  if (keys.empty()) text += kPageUnsigned;
  text += "<p>In <code>nix.conf</code>:</p>\n<pre>extra-substituters = " + url;
  if (!keys.empty()) text += "\nextra-trusted-public-keys =" + keys;
  text += "</pre>\n";
  if (page.takes_uploads) text += fmt::format(kPageUploads, url);
  text += "<p><a href=\"nix-cache-info\">nix-cache-info</a></p>\n</body>\n</html>\n";
  return text;
}

}  // namespace grange
