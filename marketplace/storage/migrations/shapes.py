"""What the migrations share: collections with validators."""

from typing import Any

from pymongo.errors import CollectionInvalid, OperationFailure

from marketplace.storage.collection import Database

DAY_S = 86_400
NUMBER = ["int", "long"]
_NAMESPACE_EXISTS = 48


def requires(**types: str | list[str]) -> dict[str, Any]:
    """A JSON schema that requires these fields with these BSON types."""
    return {
        "$jsonSchema": {
            "bsonType": "object",
            "required": list(types),
            "properties": {name: {"bsonType": kind} for name, kind in types.items()},
        }
    }


async def create(database: Database, name: str, validator: dict[str, Any]) -> None:
    """Create a collection with its validator, or give an existing one the validator."""
    try:
        await database.create_collection(name, validator=validator)
    except (CollectionInvalid, OperationFailure) as error:
        if isinstance(error, OperationFailure) and error.code != _NAMESPACE_EXISTS:
            raise
        await database.command("collMod", name, validator=validator)
