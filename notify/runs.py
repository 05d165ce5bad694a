"""Groups the messages of a batch by recipient."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from marketplace.domain.conversations import Conversation
from marketplace.events import Event


@dataclass(frozen=True, slots=True)
class Run:
    """Messages of one conversation, in order, of which one person is to be notified."""

    conversation: Conversation
    account_id: str
    messages: tuple[Event, ...]

    @property
    def key(self) -> str:
        """The key under which the person's digests of this conversation are stored."""
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
        messages = tuple(message for message in self.messages if sequence_of(message) > sequence)
        return replace(self, messages=messages) if messages else None


def sequence_of(message: Event) -> int:
    """A message's sequence in its conversation."""
    sequence: int = message.data["message"]["sequence"]
    return sequence


def runs_of(messages: Iterable[Event], conversations: Mapping[str, Conversation]) -> list[Run]:
    """One run for each conversation and each participant who did not send the messages.

    Messages of a conversation that does not exist are skipped, since it has no participants.
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
        Run(conversations[conversation_id], account_id, tuple(received))
        for (conversation_id, account_id), received in found.items()
    ]
