// Pages of HTML: whole in themselves, and held to that by their Content-Security-Policy.
#pragma once

#include <string_view>

#include "server/http/message.h"

namespace mobileclip::server {

/// `page` is one file with its style and its script in it, as <style> and <script> without attributes: these two run by
/// their hashes and nothing else does; requests go to this server only.
Response html_page(std::string_view page);

}  // namespace mobileclip::server
