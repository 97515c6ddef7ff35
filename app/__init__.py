"""Where everything is wired: settings, command line, worker, alerter, API, dashboard."""
