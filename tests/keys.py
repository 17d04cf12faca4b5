"""Keys for tests, and the header that sends one."""

from api.access.keys import create
from models.api_key import Scope
from models.session import Database


def key(database: Database, *scopes: Scope, name: str = "city desk", expires: str | None = None) -> str:
    """The secret of a new key with these scopes."""
    return create(database, name, scopes, expires)[1]


def bearer(secret: str) -> dict[str, str]:
    """The header of a request with this key."""
    return {"Authorization": f"Bearer {secret}"}


def id_of(secret: str) -> str:
    """The readable beginning of a secret."""
    return "_".join(secret.split("_")[:2])
