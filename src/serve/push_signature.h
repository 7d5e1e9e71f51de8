#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "http/http_server_message.h"
#include "record/accounts.h"

namespace grange {

/// Was the body signed with one of the secrets that are `forge`'s ("github", "gitea")? The
/// signature is HMAC-SHA256 over the bytes of the body, in hexadecimal: GitHub sends it as
/// X-Hub-Signature-256 with "sha256=" before it, Gitea as X-Gitea-Signature. The time that this
/// takes does not depend on where a wrong one differs. Where there is no secret, nothing is signed.
bool is_signed_push(std::string_view forge, const ServerRequest& request, std::string_view body,
                    std::span<const WebhookSecret> secrets);

/// 64 hexadecimal digits.
std::string push_signature(std::string_view secret, std::string_view body);

/// A repository whatever way its URI is written, so that those of a forge's message can be compared
/// with those of inputs: HOST/PATH without user, port, ".git" and slashes at the end, the host in
/// lower case; "git@HOST:PATH" too. A file URL or a path is itself. Nothing for what is none.
std::optional<std::string> repository_key(std::string_view uri);

}  // namespace grange
