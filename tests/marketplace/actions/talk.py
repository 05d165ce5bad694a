"""A conversation in the in-memory store."""

from marketplace.domain.accounts import Actor, Role
from marketplace.domain.conversations import Conversation
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
