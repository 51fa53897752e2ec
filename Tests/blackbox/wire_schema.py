"""Holds every message that a test reads from a stream against the schema that the relay itself serves."""

import json
import pathlib
import tempfile

import jsonschema_rs
import requests

import relay as roomwire

_validators = {}


def _load():
    """Asks a relay of this build for the schema, once a process."""
    with tempfile.TemporaryDirectory() as folder:
        relay = roomwire.Relay(pathlib.Path(folder) / "relay").start()
        try:
            schema = requests.get(relay.url("/schema/events.json"), timeout=roomwire.DEADLINE_SECONDS).json()
        finally:
            relay.stop()
    _validators["message"] = jsonschema_rs.Draft202012Validator(schema)
    for name in schema["$defs"]:
        _validators[name] = jsonschema_rs.Draft202012Validator(
            {"$ref": f"#/$defs/{name}", "$defs": schema["$defs"]})


def check(message):
    """Returns a message that the root of the schema admits, and fails for any other."""
    if not _validators:
        _load()
    if not _validators["message"].is_valid(message):
        # The root only says that no kind of message fits; the one of this type says why.
        kind = f"control_{message.get('type')}" if isinstance(message, dict) else None
        _validators.get(kind, _validators["RoomwireEvent"]).validate(message)
        _validators["message"].validate(message)
    return message


def read(text):
    """A message from its JSON. Those of a diagnostic stream are for `roomwire tail --diagnose` alone."""
    message = json.loads(text)
    if isinstance(message, dict) and str(message.get("type")).startswith("diag_"):
        return message
    return check(message)
