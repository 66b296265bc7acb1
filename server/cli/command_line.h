// The command line as a whole: parse, run the chosen subcommand, report errors.
#pragma once

namespace mobileclip::server {

/// Exit status: 0 done; 1 what was asked for failed; 2 it was asked for wrongly. Errors are one line on standard error,
/// "mobileclip-server: error: …". Does not throw.
int run_command_line(int argc, const char* const* argv);

}  // namespace mobileclip::server
