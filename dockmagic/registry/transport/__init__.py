"""One exchange with a server: connections, proxies, redirects, waiting, and limits for what arrives."""
