"""The adversarial world model: an OpenAI-compatible server that answers honestly, or badly on purpose.

It knows no language: an answer is made from the response schema, or by a function that the test gives. What goes wrong
is named by `Fault`, drawn by chance or queued by a test, counted and logged.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Any

import orjson
import uvloop

from tests.worldmodel.adversary.chance import Chance, Dice
from tests.worldmodel.adversary.connection import Connection, Exchange
from tests.worldmodel.adversary.draft import NO_SCHEMA, OBSERVATION, Draft
from tests.worldmodel.adversary.fault import ALL, STREAM_ONLY, Fault
from tests.worldmodel.adversary.lies import LIES, Scene
from tests.worldmodel.adversary.mishaps import MISHAPS, Mishap, Pace, send
from tests.worldmodel.adversary.reply import Card, Reply, Said, error_body
from tests.worldmodel.adversary.request import ROLES, ChatRequest, Refused, parse
from tests.worldmodel.adversary.tokens import PromptCache

MODEL = "adversary"
CONTEXT = 262_144
"""Tokens that /v1/models names where no limit is set."""

EPOCH = 1_893_456_000
"""When the first model was created: 2030-01-01."""

REMEMBERED = 256
"""Bodies that are kept."""

LOGGED = 200_000

_STATUSES = ("open", "closed", "pending", "in_transit")
_THOUGHTS = "The call names one tool and its arguments fit. I answer from the rows given, and change nothing else."


class Adversary:
    """A world-model server for tests, on a thread of its own.

    `with Adversary(seed=1, rate=0.3) as server: ...` serves at `server.url` on a free port of this machine.

    Attributes:
        counts: how often each fault was done; honest answers under `Fault.NONE`.
        log: (id of the completion, fault), in the order in which they were begun.
        requests: the newest bodies that asked for a completion, accepted or not.
        stale: ids that are gone, for `Fault.STALE_IDS`.
        cancelled: clients that went away before their answer was complete.
        in_flight: requests for a completion that wait for the rest of their answer.
        card: the model that is behind the name now.
    """

    def __init__(
        self,
        *,
        seed: int = 0,
        rate: float = 0.0,
        kinds: Sequence[Fault] = ALL,
        weights: Mapping[Fault, float] | None = None,
        answer: Callable[[list[dict[str, Any]]], str] | None = None,
        scripted: bool = False,
        model: str = MODEL,
        context: int | None = None,
        reserving: bool = False,
        roles: Collection[str] = ROLES,
        thinking: bool = False,
        restless: bool = False,
        pace: Pace | None = None,
        port: int = 0,
    ) -> None:
        """Prepare a server.

        Args:
            seed: of everything that is drawn.
            rate: the share of requests that something befalls.
            kinds: what may befall them.
            weights: how likely each kind is beside the others; 1 where it is not named.
            answer: what to say to these messages where no schema was given.
            scripted: whether `answer` says what to say even where a schema was given.
            model: the name it is served under.
            context: tokens that prompt and answer may have together; None for any number.
            reserving: refuse a prompt that leaves too little room for `max_tokens`, as older vLLM does.
            roles: roles of messages that the chat template accepts.
            thinking: whether it thinks where the request does not say so.
            restless: whether each look at /v1/models gives another `created` and permission, as vLLM does.
            pace: how long slow things take.
            port: where to listen; 0 for any free port.
        """
        self.counts: Counter[Fault] = Counter()
        self.log: deque[tuple[str, Fault]] = deque(maxlen=LOGGED)
        self.requests: deque[dict[str, Any]] = deque(maxlen=REMEMBERED)
        self.stale: set[Any] = set()
        self.cancelled = 0
        self.in_flight = 0
        self.port = port
        self._chance = Chance(seed, rate, kinds, weights or {})
        self._answer = answer
        self._scripted = scripted
        self._model = model
        self._context = context
        self._reserving = reserving
        self._roles = frozenset(roles)
        self._thinking = thinking
        self._restless = restless
        self._pace = pace or Pace()
        self._generation = 0
        self.card = self._new_card()
        self._listings = 0
        self._cache = PromptCache()
        self._queue: deque[Fault] = deque()
        self._trouble: list[str] = []
        self._connections: set[Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._changed = threading.Condition()
        self._ready = threading.Event()
        self._thread: threading.Thread | None = None
        self._failure: OSError | None = None

    @property
    def url(self) -> str:
        """Where it serves; the OpenAI endpoints are below /v1."""
        return f"http://127.0.0.1:{self.port}"

    def next(self, *faults: Fault) -> None:
        """What shall befall the next requests, one each, before chance decides again."""
        self._queue.extend(faults)

    def release(self) -> None:
        """Let everything that waits go on, without waiting again."""
        self._loop.call_soon_threadsafe(self._release)

    def swap_model(self) -> Card:
        """Put another model behind the same name."""
        self._generation += 1
        self.card = self._new_card()
        return self.card

    def wait(self, condition: Callable[[Adversary], bool], seconds: float = 10.0) -> None:
        """Wait until this is true of the server.

        Raises:
            TimeoutError: it did not become true in time.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: condition(self), seconds):
                state = f"in_flight={self.in_flight}, cancelled={self.cancelled}, counts={dict(self.counts)}"
                raise TimeoutError(f"Not within {seconds:g} s; {state}")

    def start(self) -> None:
        """Listen.

        Raises:
            OSError: the port is taken.
        """
        self._thread = threading.Thread(target=self._run, name="adversary", daemon=True)
        self._thread.start()
        self._ready.wait()
        if self._failure is not None:
            self._thread.join()
            raise self._failure

    def stop(self) -> None:
        """Close every connection and listen no more.

        Raises:
            AssertionError: a queued fault could not be done, or the server failed on its own; the message says which.
        """
        if self._thread is not None:
            self._loop.call_soon_threadsafe(self._stopping.set)
            self._thread.join()
            self._thread = None
        assert not self._trouble, "; ".join(self._trouble)

    def __enter__(self) -> Adversary:
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        try:
            self.stop()
        except AssertionError:
            if error is None:
                raise

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stopping = asyncio.Event()
        self._released = asyncio.Event()
        try:
            listener = await self._loop.create_server(
                lambda: Connection(self._handle, self._connections), "127.0.0.1", self.port, backlog=1024
            )
        except OSError as error:
            self._failure = error
            self._ready.set()
            return
        self.port = listener.sockets[0].getsockname()[1]
        self._ready.set()
        await self._stopping.wait()
        listener.close()
        for connection in list(self._connections):
            connection.abort()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await listener.wait_closed()

    def _handle(self, exchange: Exchange) -> None:
        """Answer one request, whatever it is."""
        try:
            match exchange.method, exchange.target.split(b"?")[0]:
                case b"POST", b"/v1/chat/completions":
                    self._complete(exchange)
                case b"GET", b"/v1/models":
                    exchange.answer(self._models())
                case b"GET", b"/health":
                    exchange.answer(b"")
                case b"GET", b"/adversary":
                    exchange.answer(self._state())
                case _, b"/v1/chat/completions" | b"/v1/models" | b"/health" | b"/adversary":
                    exchange.answer(error_body(405, "Method Not Allowed", "Method Not Allowed"), 405)
                case _:
                    exchange.answer(error_body(404, "Not Found", "Not Found"), 404)
        except Refused as refused:
            body = error_body(refused.status, str(refused), refused.kind, refused.param)
            exchange.answer(body, refused.status)
        except Exception as error:
            self._trouble.append(f"The adversary failed: {error!r}")
            exchange.answer(error_body(500, repr(error), "InternalServerError"), 500)

    def _complete(self, exchange: Exchange) -> None:
        self.in_flight += 1
        exchange.on_end = self._ended
        body = parse(exchange.body, exchange.content_type)
        self.requests.append(body)
        request = ChatRequest.read(body, self._model, self._roles)
        tokens, cached = self._cache.look_up(request.prompt)
        room = request.room(tokens, self._context, reserving=self._reserving)
        draw = self._chance.draw(exchange.body)
        drafts = self._drafts(request)
        fault, drafts = self._befall(request, drafts, draw)
        reply = Reply(
            id=f"chatcmpl-{exchange.request_id.decode('latin-1') or draw[16:].hex()}",
            card=self.card,
            request=request,
            said=[Said.from_draft(draft, room) for draft in drafts],
            prompt_tokens=tokens,
            cached=cached,
            room=room,
        )
        self.counts[fault] += 1
        self.log.append((reply.id, fault))
        if fault not in MISHAPS:
            send(exchange, reply)
            return
        mishap = Mishap(exchange, reply, _dice(draw, 8), self._pace, self._released, self.swap_model)
        self._notify()
        exchange.task = task = self._loop.create_task(self._suffer(fault, mishap))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _suffer(self, fault: Fault, mishap: Mishap) -> None:
        try:
            await MISHAPS[fault](mishap)
        except Exception as error:
            self._trouble.append(f"The adversary failed at {fault}: {error!r}")
            mishap.exchange.drop()

    def _drafts(self, request: ChatRequest) -> list[Draft]:
        """One honest draft for each choice: the same for the same messages and schema."""
        schema = request.schema
        wanted = b"" if schema is NO_SCHEMA else orjson.dumps(schema)
        digest = self._chance.digest(request.prompt, wanted)
        thinks = self._thinking if request.thinking is None else request.thinking
        return [self._draft(request, _dice(digest, index), thinks) for index in range(request.n)]

    def _draft(self, request: ChatRequest, dice: Dice, thinks: bool) -> Draft:
        if self._answer is not None and (self._scripted or request.schema is NO_SCHEMA):
            draft = Draft.written(self._answer(request.messages))
        elif request.schema is not NO_SCHEMA:
            draft = Draft.invented(request.schema, dice)
        else:
            data = {"id": f"T-{dice.below(90_000):05}", "status": dice.choice(_STATUSES), "count": dice.below(100)}
            draft = Draft.written(OBSERVATION + orjson.dumps(data).decode())
        return replace(draft, reasoning=_THOUGHTS) if thinks else draft

    def _befall(self, request: ChatRequest, drafts: list[Draft], draw: bytes) -> tuple[Fault, list[Draft]]:
        """What goes wrong with these drafts, and what is left of them."""
        if self._queue:
            fault = self._queue.popleft()
            worse = self._worsened(fault, request, drafts, draw)
            if worse is None:
                form = "this request" if fault in STREAM_ONLY else f"the answer {drafts[0].text[:200]!r}"
                self._trouble.append(f"The queued fault {fault} cannot be done to {form}")
                return Fault.NONE, drafts
            return fault, worse
        for fault in self._chance.faults(draw):
            worse = self._worsened(fault, request, drafts, draw)
            if worse is not None:
                return fault, worse
        return Fault.NONE, drafts

    def _worsened(self, fault: Fault, request: ChatRequest, drafts: list[Draft], draw: bytes) -> list[Draft] | None:
        """The drafts after this fault, or None where it cannot be done to them."""
        if fault not in LIES:
            return None if fault in STREAM_ONLY and not request.stream else drafts
        scene = Scene(request.prompt, tuple(sorted(self.stale, key=str)))
        worse = [LIES[fault](draft, _dice(draw, 16 + index), scene) for index, draft in enumerate(drafts)]
        found = [draft for draft in worse if draft is not None]
        return found if len(found) == len(drafts) else None

    def _models(self) -> bytes:
        self._listings += 1
        card = self.card
        created = int(time.time()) if self._restless else card.created
        mark = self._listings if self._restless else self._generation
        permission = self._chance.digest(b"permission", mark.to_bytes(8)).hex()[:32]
        return orjson.dumps({"object": "list", "data": [card.listing(created, permission)]})

    def _new_card(self) -> Card:
        mark = self._chance.digest(b"model", self._generation.to_bytes(8)).hex()[:8]
        created = EPOCH + 86_400 * self._generation
        return Card(self._model, created, f"vllm-0.32.0-{mark}", self._context or CONTEXT)

    def _state(self) -> bytes:
        counts = {fault.value: number for fault, number in sorted(self.counts.items())}
        return orjson.dumps({"counts": counts, "cancelled": self.cancelled, "in_flight": self.in_flight})

    def _ended(self, gone: bool) -> None:
        self.in_flight -= 1
        self.cancelled += gone and not self._stopping.is_set()
        self._notify()

    def _release(self) -> None:
        self._released.set()
        self._released = asyncio.Event()

    def _notify(self) -> None:
        with self._changed:
            self._changed.notify_all()


def _dice(digest: bytes, salt: int) -> Dice:
    return Dice(int.from_bytes(digest[:8]) + salt * 0x9E3779B97F4A7C15)
