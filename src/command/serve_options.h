#pragma once

#include <set>
#include <string>

#include "command/selection_options.h"
#include "command/workshop_options.h"
#include "farm/farm.h"
#include "record/accounts.h"
#include "serve/farm_file.h"

namespace grange {

/// What `grange serve` is told on its command line, and where that says nothing in grange.toml.
struct ServeOptions {
  std::string config;
  std::string listen = "127.0.0.1:3000";
  std::string database;
  std::string state;
  std::string port_file;
  std::string base_url;
  std::string daemon_socket;
  unsigned daemon_shares = 100;
  unsigned evaluations = 2;
  double evaluation_timeout = 10800;  ///< seconds
  bool rehearse = false;
  SelectionOptions evaluator;
  WorkshopOptions workshop;
};

/// Takes from the file what none of the `given` options ("--jobs") says. Throws InvalidError, and
/// as read_secret_file does.
void take_farm_file(const FarmFile& file, const std::set<std::string>& given,
                    ServeOptions& options);

/// The file's lifetimes of failures in the place of those that `lifetimes` has.
void take_failure_lifetimes(const FarmFile& file, FailureLifetimes& lifetimes);

/// The secrets that the file names, read.
std::vector<DeclaredWebhook> read_webhooks(const FarmFile& file);

}  // namespace grange
