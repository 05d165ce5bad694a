"""`python -m tests.abuse.attacker NAME` plays one attack; standard input has the target as JSON."""

import asyncio
import json
import sys

from tests.abuse.attacks import Target, run

if __name__ == "__main__":
    target = Target(**json.load(sys.stdin))
    print(json.dumps(asyncio.run(run(sys.argv[1], target))))
