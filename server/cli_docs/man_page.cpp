#include "server/cli_docs/man_page.h"

#include <algorithm>
#include <cctype>

namespace mobileclip::server {
namespace {

/// What the commands' own texts do not say. Checked, as the rest is, by tests/functional/test_cli_docs.py.
constexpr std::string_view kFilesAndSignals =
    R"(.SH FILES
.TP
.I /etc/mobileclip\-server/server.yaml
The configuration that the service reads, as
.B serve \-\-config
does any other.
.TP
.I /etc/default/mobileclip\-server
MOBILECLIP_* variables of the service.
.TP
.I /var/lib/mobileclip\-server/model
Where the service looks for its model.
.SH ENVIRONMENT
.TP
.B MOBILECLIP_CONFIG
The configuration file, where
.B \-\-config
names none.
.TP
.BI MOBILECLIP_ OPTION
Each option of
.BR serve ,
such as MOBILECLIP_MAX_BATCH for
.BR \-\-max\-batch .
Flags win over the environment, that over the file.
.TP
.BR NOTIFY_SOCKET ", " WATCHDOG_USEC ", " LISTEN_FDS
As
.BR sd_notify (3)
and
.BR sd_listen_fds (3)
have it: the service manager is told when the server is ready, reloads, stops and is healthy; listening sockets that it
passes stand in for
.B \-\-host
and
.BR \-\-port .
.SH SIGNALS
.TP
.BR SIGTERM ", " SIGINT
.B serve
finishes the requests in flight, for at most
.BR \-\-drain\-timeout ,
and exits; a second one ends it at once.
.TP
.B SIGHUP
.B serve
reads the API keys and the TLS certificate anew.
.SH "EXIT STATUS"
.TP
.B 0
Success.
.TP
.B 1
Something failed: an input, a file, the network.
.TP
.B 2
The command line or the configuration is wrong.
.SH "SEE ALSO"
.BR systemctl (1),
.BR sd_notify (3)
)";

/// Text as roff reads it as text.
std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '\\') {
      result += "\\e";
    } else if (c == '-') {
      result += "\\-";  // a hyphen-minus, to be copied into a shell, and not a hyphen
    } else {
      result += c;
    }
  }
  if (result.starts_with('.') || result.starts_with('\'')) result.insert(0, "\\&");
  return result;
}

/// An argument of a macro.
std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : escaped(text)) result += c == '"' ? std::string("\\(dq") : std::string(1, c);
  return result + '"';
}

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::toupper(c); });
  return text;
}

std::string footer(std::string_view text) {
  std::string result;
  bool as_it_stands = false;
  bool new_paragraph = true;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const bool indented = line.starts_with("  ");
    if (as_it_stands && !indented) result += ".EE\n.RE\n";
    if (!as_it_stands && indented) result += ".RS\n.EX\n";
    as_it_stands = indented;
    if (line.empty()) {
      new_paragraph = true;
      continue;
    }
    if (new_paragraph && !indented) result += ".PP\n";
    new_paragraph = false;
    result += escaped(indented ? line.substr(2) : line) + "\n";
  }
  if (as_it_stands) result += ".EE\n.RE\n";
  return result;
}

std::string option(const OptionDocs& option) {
  std::string result = ".TP\n";
  std::string flags;
  for (const std::string& flag : option.flags) flags += (flags.empty() ? "\\fB" : ", \\fB") + escaped(flag) + "\\fR";
  if (!option.value.empty()) {
    const std::string value = "\\fI" + escaped(option.value) + "\\fR";
    flags += option.value_may_be_left_out ? "[=" + value + "]" : " " + value;
  }
  result += flags + "\n" + escaped(option.help) + ".";
  if (!option.fallback.empty()) result += " Default: " + escaped(option.fallback) + ".";
  return result + "\n";
}

std::string options(const CommandDocs& command) {
  std::string result;
  std::string group = "Options";
  for (const OptionDocs& each : command.options) {
    if (each.group != group) {
      group = each.group;
      result += ".PP\n.I " + quoted(group) + "\n";
    }
    result += option(each);
  }
  return result;
}

std::string usage(const CommandDocs& command) {
  std::string result = ".B mobileclip\\-server " + escaped(command.name) + "\n.RI [ option \" ...]\"\n";
  for (const PositionalDocs& positional : command.positionals) {
    result +=
        positional.required ? ".I " + escaped(positional.name) + "\n" : ".RI [ " + escaped(positional.name) + " ]\n";
    if (positional.repeats) result += ".RI ...\n";
  }
  return result;
}

std::string section(const CommandDocs& command) {
  std::string result =
      ".SS " + quoted(command.name) + "\n" + escaped(command.description) + ".\n.PP\n" + usage(command);
  for (const PositionalDocs& positional : command.positionals) {
    result += ".TP\n.I " + quoted(positional.name) + "\n" + escaped(positional.help) + ".\n";
  }
  return result + options(command) + footer(command.footer);
}

}  // namespace

std::string man_page(const ProgramDocs& program, std::string_view version) {
  const std::string& name = program.itself.name;
  std::string page = ".TH " + quoted(upper(name)) + " 1 \"\" " + quoted(name + " " + std::string(version)) + "\n";
  page += ".SH NAME\n" + escaped(name) + " \\- MobileCLIP embeddings of images and texts over HTTP\n";
  page += ".SH SYNOPSIS\n";
  for (const CommandDocs& command : program.commands) {
    page += (&command == &program.commands.front() ? "" : ".br\n") + usage(command);
  }
  page += ".SH DESCRIPTION\n" + escaped(program.itself.description) + "\n" + footer(program.itself.footer);
  page += ".SH OPTIONS\n" + options(program.itself);
  page += ".SH COMMANDS\n";
  for (const CommandDocs& command : program.commands) page += section(command);
  return page.append(kFilesAndSignals);
}

}  // namespace mobileclip::server
