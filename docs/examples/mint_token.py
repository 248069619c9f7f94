"""A playback token made by your own backend, with joserfc (pip install joserfc).

Make a key once, and register its public half:

    python mint_token.py key > key.json
    python mint_token.py public < key.json      # `jwk` of POST /api/keys

Then, for each viewer, with limits as JSON where there are any:

    python mint_token.py token VIDEO_ID USER_ID '{"maxHeight": 720}' < key.json
"""

import json
import sys
import time

from joserfc import jwt
from joserfc.jwk import ECKey


def make_key() -> dict:
    return ECKey.generate_key("P-256").as_dict(private=True)


def public_half(key: dict) -> dict:
    """What may be known of a key."""
    return {name: key[name] for name in ("kty", "crv", "x", "y")}


def mint_token(key: dict, video: str, user: str, seconds: int = 300, **limits: object) -> str:
    """Lets `user` begin to watch `video` for `seconds`; `limits` as in the page's table."""
    now = int(time.time())
    header = {"alg": "ES256", "kid": ECKey.import_key(public_half(key)).thumbprint()}
    claims = {"aud": "sluice-play", "vid": video, "sub": user, "iat": now, "exp": now + seconds, **limits}
    return jwt.encode(header, claims, ECKey.import_key(key))


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    if command == "key":
        print(json.dumps(make_key()))
    elif command == "public":
        print(json.dumps(public_half(json.load(sys.stdin))))
    elif command == "token":
        video, user, *limits = arguments
        print(mint_token(json.load(sys.stdin), video, user, **json.loads(limits[0] if limits else "{}")))
    else:
        raise SystemExit("key, public or token")
