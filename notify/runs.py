"""The messages of a batch, sorted by who is to hear of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from marketplace.domain.conversations import Conversation
from marketplace.events import Event


@dataclass(frozen=True, slots=True)
class Run:
    """Messages of one conversation, in order, that one person is to hear of."""

    conversation: Conversation
    account_id: str
    messages: tuple[Event, ...]

    @property
    def key(self) -> str:
        """What the person's digests of this conversation are found by."""
        return f"{self.conversation.id}:{self.account_id}"

    @property
    def pair(self) -> tuple[str, str]:
        """The conversation and the person."""
        return self.conversation.id, self.account_id

    @property
    def last(self) -> int:
        """The highest sequence."""
        return sequence_of(self.messages[-1])

    def after(self, sequence: int) -> "Run | None":
        """The messages after a sequence; None when there is none."""
        if sequence < sequence_of(self.messages[0]):
            return self
        messages = tuple(each for each in self.messages if sequence_of(each) > sequence)
        return replace(self, messages=messages) if messages else None


def sequence_of(message: Event) -> int:
    """A message's number in its conversation."""
    sequence: int = message.data["message"]["sequence"]
    return sequence


def runs_of(messages: Iterable[Event], conversations: Mapping[str, Conversation]) -> list[Run]:
    """One run for each conversation and each of its participants that did not write the message.

    Messages of a conversation that is not there are passed over: nobody takes part in it.
    """
    found: dict[tuple[str, str], list[Event]] = {}
    for message in messages:
        conversation = conversations.get(message.key)
        if conversation is None:
            continue
        sender_id = message.data["message"]["sender_id"]
        for participant in conversation.participants:
            if participant.account_id != sender_id:
                found.setdefault((message.key, participant.account_id), []).append(message)
    return [
        Run(conversations[conversation_id], account_id, tuple(told))
        for (conversation_id, account_id), told in found.items()
    ]
