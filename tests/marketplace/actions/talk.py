"""A conversation in the in-memory store."""

from marketplace.actions import conversations
from marketplace.domain.accounts import Actor, Role
from marketplace.domain.conversations import Conversation
from marketplace.ports import Appended
from tests.builders import a_conversation
from tests.marketplace.actions.stage import Stage


class Talk:
    """An in-memory conversation and its two participants."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.conversation: Conversation = a_conversation()
        customer, vendor = self.conversation.participants
        self.customer = Actor(customer.account_id, Role.CUSTOMER)
        self.vendor = Actor(vendor.account_id, Role.VENDOR)


class SpokenTalk(Talk):
    """A conversation in which both participants send messages."""

    async def says(self, actor: Actor, client_message_id: str, body: str = "Hello") -> Appended:
        """Send a message."""
        return await conversations.send_message(
            self.stage.world,
            actor,
            self.conversation,
            client_message_id=client_message_id,
            body=body,
            attachment_ids=[],
        )
