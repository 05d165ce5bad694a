"""A real salted hash that is quick, since tests log in often."""

import hashlib
import hmac
import secrets

_ITERATIONS = 2  # PBKDF2's strength is its iteration count; tests only need its format


class Passwords:
    """PBKDF2 with SHA-256, written `pbkdf2$iterations$salt$hash`."""

    async def hash(self, password: str, asked_by: str = "") -> str:
        """A salted hash that includes its own parameters."""
        return _written(password, _ITERATIONS, secrets.token_hex(8))

    async def matches(self, password_hash: str | None, password: str, asked_by: str = "") -> bool:
        """Whether this is the password."""
        if password_hash is None or password_hash.count("$") != 3:
            return False
        _, iterations, salt, _ = password_hash.split("$")
        return hmac.compare_digest(password_hash, _written(password, int(iterations), salt))


def _written(password: str, iterations: int, salt: str) -> str:
    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), iterations)
    return f"pbkdf2${iterations}${salt}${digest.hex()}"
