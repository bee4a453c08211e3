"""Ends while a call runs: by Ctrl-C, or with the call in the background of asyncio or a thread."""

from __future__ import annotations

import asyncio
import json
import sys
import threading
import time

from boomi_auth import Client, Credentials

HOW, SETTINGS = (json.loads(argument) for argument in sys.argv[1:])
CLIENT = Client(Credentials.api_token("user@example.com", "token"), **SETTINGS)


async def call() -> None:
    await CLIENT.aio.get("/", auth=None)


async def call_in_the_background(tasks: list[asyncio.Task[None]]) -> None:
    tasks.append(asyncio.get_running_loop().create_task(call()))
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)


class Last:
    """What the interpreter does at its end, when no other thread may run Python code any more."""

    def __del__(self, sleep: object = time.sleep) -> None:
        assert callable(sleep)
        for _ in range(100):
            sleep(0.015)


def main() -> None:
    try:
        if HOW == "asyncio.run":
            asyncio.run(call())
        elif HOW == "a pending task":
            tasks: list[asyncio.Task[None]] = []
            asyncio.new_event_loop().run_until_complete(call_in_the_background(tasks))
            print("end", time.monotonic(), flush=True)
            # Nobody is left to tell that it was pending.
            sys.stderr.close()
            return
        elif HOW == "a thread's loop":
            threading.Thread(target=asyncio.run, args=(call(),), daemon=True).start()
            sys.stdin.readline()
        else:
            threading.Thread(target=CLIENT.get, args=("/",), kwargs={"auth": None}, daemon=True).start()
            sys.stdin.readline()
    except KeyboardInterrupt:
        pass
    print("end", time.monotonic(), flush=True)
    if HOW == "too late":
        sys.modules["last"] = Last()  # type: ignore[assignment]


main()
